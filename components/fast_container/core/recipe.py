"""What BuildKit is asked for beside a Dockerfile and its contexts: target, platform, build args, labels, and options.

Decides which options of a build's steps there are, which values each takes and in which normal form; that an option
counts in the key when it is not the default; and how a recipe is written for buildx and, by one codec, for the program
file and for the plan of a remote build. A new option is one field and one row of ``OPTIONS`` here, and its type in
``image_options``. The declared image and the job hold the same ``Recipe``, without the build args that no stage can
read. Leaves named contexts and pins to these two, which know them in different forms (directories and images as
declared; what they were resolved to), the shape of values in a program to ``given_options``, and whether a builder
allows host networking to that builder.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, cast

from fast_container.core.json_document import as_string, as_string_mapping
from fast_container.core.oci.platform import normal_or_same
from fast_container.errors import ArgsError

__all__ = ["NETWORK_HOST", "OPTIONS", "Recipe", "RecipeOption", "read_recipe", "recipe_of"]

NETWORK_HOST: Final = "network.host"
"""The entitlement that a builder must grant for ``network="host"``."""

_NETWORKS = ("default", "none", "host")
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_SIZE = re.compile(r"(\d{1,19}(?:\.\d{1,9})?) ?([bkmgtp]?)(?:i?b)?", re.IGNORECASE)
_UNITS = ("", "k", "m", "g", "t", "p")
# ``github.com/docker/go-units`` 0.5, ulimit.go.
_LIMITS = (
    *("core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc"),
    *("rss", "rtprio", "rttime", "sigpending", "stack"),
)
_LIMIT = re.compile(r"(-1|\d{1,19})(?::(-1|\d{1,19}))?")
_MOST = 2**63


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A recipe in normal form; ``recipe_of`` checks its options.

    Attributes:
        target: A stage's name; "" is the last stage.
        platform: ``os/arch[/variant]``; held in normal form (``core.oci.platform``).
        build_args: Name → value, with those that do not count.
        labels: Name → value.
        network: What the steps reach: ``default``, ``none`` or ``host``.
        add_hosts: ``name:address`` each, in the order in which ``/etc/hosts`` has them.
        shm_size: Bytes of ``/dev/shm``; 0 is the builder's own choice.
        ulimits: ``name=soft:hard`` each, by name.
    """

    target: str = ""
    platform: str = "linux/amd64"
    build_args: Mapping[str, str] = field(default_factory=dict[str, str])
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    network: str = "default"
    add_hosts: tuple[str, ...] = ()
    shm_size: int = 0
    ulimits: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "platform", normal_or_same(self.platform))

    @property
    def given(self) -> dict[str, tuple[str, ...]]:
        """Name → values of each option that is not the default: they count in the key, and buildx gets them."""
        default = Recipe()
        found: dict[str, tuple[str, ...]] = {}
        for option in OPTIONS:
            value = getattr(self, option.name)
            if value != getattr(default, option.name):
                found[option.name] = cast("tuple[str, ...]", value) if option.is_list else (str(value),)
        return found

    def as_json(self) -> dict[str, Any]:
        """Fields of a document; ``read_recipe`` reads them. Options that are the default are not written."""
        options = {name: list(texts) if _BY_NAME[name].is_list else texts[0] for name, texts in self.given.items()}
        return {
            "target": self.target,
            "platform": self.platform,
            "build_args": dict(self.build_args),
            "labels": dict(self.labels),
            "recipe": options,
        }

    def flags(self) -> list[str]:
        """The recipe as buildx takes it."""
        words = ["--platform", self.platform, *(("--target", self.target) if self.target else ())]
        for flag, values in (("--build-arg", self.build_args), ("--label", self.labels)):
            for name, value in values.items():
                words += (flag, f"{name}={value}")
        for name, texts in self.given.items():
            for text in texts:
                words += (_BY_NAME[name].flag, text)
        return words


@dataclass(frozen=True, slots=True)
class RecipeOption:
    """One option.

    Attributes:
        name: The argument, the field of ``Recipe`` and the name in files.
        flag: On buildx's command line and on ours.
        metavar: Of our own command line.
        help: Likewise.
        read: Gives the normal form of a value, or refuses it with the property path.
        is_list: It may be given several times.
    """

    name: str
    flag: str
    metavar: str
    help: str
    read: Callable[[object, str], Any] = field(compare=False)
    is_list: bool = False


def recipe_of(values: Mapping[str, object], *, flags: bool = False, **known: Any) -> Recipe:
    """Make the recipe of arguments.

    Args:
        values: Name → value; None is not given, and names of other arguments may be among them.
        flags: Whether messages name the flag instead of the argument.
        **known: Fields of ``Recipe`` that are not options.

    Raises:
        ArgsError: A value cannot be right.
    """
    given = {option: values.get(option.name) for option in OPTIONS}
    return Recipe(
        **{
            option.name: option.read(value, option.flag if flags else option.name)
            for option, value in given.items()
            if value is not None
        },
        **known,
    )


def read_recipe(document: Mapping[str, object]) -> Recipe:
    """Read the recipe of a document that holds the form of ``Recipe.as_json``.

    Raises:
        ArgsError: A value cannot be right.
        KeyError: A field is absent; only options may be, in documents of versions that had none.
        TypeError: A field is of another type.
        ValueError: An option that this version does not know; a build without it would be another.
    """
    options = cast("Mapping[str, object]", document.get("recipe", {}))
    unknown = [name for name in options if name not in _BY_NAME]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is not an option of a build here")
    return recipe_of(
        options,
        target=as_string(document["target"]),
        platform=as_string(document["platform"]),
        build_args=as_string_mapping(document["build_args"]),
        labels=as_string_mapping(document["labels"]),
    )


def _network(value: object, path: str) -> str:
    if value not in _NETWORKS:
        raise _refused(value, path, "a network of a build's steps", f"one of: {', '.join(_NETWORKS)}")
    return cast(str, value)


def _add_hosts(value: object, path: str) -> tuple[str, ...]:
    found = [_added_host(text, path) for text in _pairs(value, path, "name:address", ":")]
    return tuple(dict.fromkeys(found))


def _added_host(text: str, path: str) -> str:
    cut = "=" if "=" in text else ":"
    name, _, address = text.partition(cut)
    if address == "host-gateway":
        raise ArgsError(
            "host-gateway is another address on each builder.",
            property_path=path,
            why="what a build gets must be the same wherever it runs",
            next_step="Give the address itself.",
        )
    try:
        known = ipaddress.ip_address(address.removeprefix("[").removesuffix("]"))
    except ValueError:
        known = None
    # BuildKit reads addresses without a zone.
    if known is None or "%" in address or not _HOST.fullmatch(name):
        raise _refused(text, path, "a host with its address", "for example db.internal:10.0.0.5")
    return f"{name}:{known}"


def _shm_size(value: object, path: str) -> int:
    found = _SIZE.fullmatch(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else None
    size = 0
    if found is not None:
        size = int(Decimal(found[1]) * 1024 ** _UNITS.index(found[2].lower().replace("b", "")))
    if not 0 < size < _MOST:
        raise _refused(value, path, "a size of /dev/shm", 'bytes, or a string such as "256m"')
    return size


def _ulimits(value: object, path: str) -> tuple[str, ...]:
    limits: dict[str, str] = {}
    for text in _pairs(value, path, "nofile=1024:4096", "="):
        name, _, numbers = text.partition("=")
        found = _LIMIT.fullmatch(numbers)
        soft, hard = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        fits = max(soft, hard) < _MOST and (hard == -1 or 0 <= soft <= hard)
        if name not in _LIMITS or found is None or not fits:
            wrong = f"names: {', '.join(_LIMITS)}" if name not in _LIMITS else "for example nofile=1024:4096, soft:hard"
            raise _refused(text, path, "a limit of a build's steps", wrong)
        if name in limits:
            raise ArgsError(f"The limit {name} is given twice.", property_path=path, next_step="Leave one of them out.")
        limits[name] = f"{name}={soft}:{hard}"
    return tuple(limits[name] for name in sorted(limits))


def _pairs(value: object, path: str, form: str, joint: str) -> list[str]:
    """Convert a list of strings, or a mapping, to one string for each entry."""
    if isinstance(value, Mapping):
        return [f"{name}{joint}{text}" for name, text in cast("Mapping[str, object]", value).items()]
    if not isinstance(value, list | tuple):
        raise _refused(value, path, "a list or a mapping", f'["{form}"]')
    found = cast("list[object]", value)
    for text in found:
        if not isinstance(text, str):
            raise _refused(text, path, "a text", f'["{form}"]')
    return cast("list[str]", found)


def _refused(value: object, path: str, what: str, next_step: str) -> ArgsError:
    return ArgsError(f"{value!r:.80} is not {what}.", property_path=path, next_step=next_step)


OPTIONS: Final[tuple[RecipeOption, ...]] = (
    RecipeOption("network", "--network", "MODE", "what the steps reach: default, none or host", _network),
    RecipeOption("add_hosts", "--add-host", "NAME:ADDRESS", "a line of /etc/hosts", _add_hosts, is_list=True),
    RecipeOption("shm_size", "--shm-size", "SIZE", "size of the steps' /dev/shm, such as 256m", _shm_size),
    RecipeOption("ulimits", "--ulimit", "NAME=SOFT:HARD", "a limit of the steps", _ulimits, is_list=True),
)
"""All options, in the order in which buildx is told."""

_BY_NAME: Final = {option.name: option for option in OPTIONS}
