"""``RUN --mount``.

Decides what the value of a ``--mount`` means. Leaves what its ``from`` names to ``stages``.
Source: BuildKit v0.34.2, ``frontend/dockerfile/instructions/commands_runmount.go``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from fast_container.core.dockerfile.model import RefusedError, UnknownValueError
from fast_container.core.go_path import clean

_TYPES: Final = frozenset(["bind", "cache", "tmpfs", "secret", "ssh"])
_SHARING: Final = frozenset(["shared", "private", "locked"])
_OWNED: Final = frozenset(["secret", "ssh", "cache"])
_FALSE: Final = frozenset(["0", "f", "F", "FALSE", "false", "False"])
_BOOLEANS: Final = frozenset(["1", "t", "T", "TRUE", "true", "True"]) | _FALSE
_NUMBERS: Final = {"mode": re.compile("[0-7]+"), "uid": re.compile("[0-9]+"), "gid": re.compile("[0-9]+")}
_NAMES: Final = {
    "src": "source",
    "dst": "target",
    "destination": "target",
    "ro": "readonly",
    "rw": "readwrite",
}
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+")
_KEYS: Final = frozenset(
    [
        "type",
        "from",
        "source",
        "target",
        "readonly",
        "readwrite",
        "required",
        "size",
        "id",
        "sharing",
        "mode",
        "uid",
        "gid",
        "env",
    ]
)


@dataclass(frozen=True, slots=True)
class Mount:
    """A mount, its variables expanded.

    Attributes:
        type: ``bind``, ``cache``, ``tmpfs``, ``secret`` or ``ssh``.
        from_: Stage, named context or image; ``""`` for none.
        source: Path in what it is mounted from.
        source_text: The same before expansion.
        secret_id: Of a secret mount: the id by which a build is asked for it; of an ssh mount: its agent's.
        may_be_absent: A secret or ssh mount that says ``required=false``; only the explicit form counts.
    """

    type: str
    from_: str
    source: str
    source_text: str
    secret_id: str = ""
    may_be_absent: bool = False


def mount_origin(text: str) -> str:
    """Return the ``from`` of a mount before anything is expanded; ``""`` for none.

    Raises:
        RefusedError: The value is not a CSV line, or ``from`` holds a variable.
    """
    origin = ""
    for key, value, given in _pairs(text):
        if given and key == "from":
            dollar = value.find("$")
            if dollar not in (-1, len(value) - 1):
                raise RefusedError(
                    "'from' of a mount does not expand variables", next_step="Name a stage with FROM … AS instead."
                )
            origin = value
    return origin


def read_mount(text: str, expand: Callable[[str], str]) -> Mount:
    """Read a mount and expand its variables.

    Raises:
        RefusedError: An unknown key or type, or keys that exclude each other.
        UnknownValueError: From ``expand``.
    """
    values = {"type": "bind"}
    source_text = ""
    for key, raw, given in _pairs(text):
        name = _NAMES.get(key, key)
        if not given:
            _check_bare(key, values["type"])
            if name == "required":
                values[name] = "true"
            continue
        value = expand(raw)
        _check(key, name, value, values["type"])
        values[name] = value.lower() if name in ("type", "sharing") else value
        if name == "source":
            source_text = raw
    _check_together(values)
    target = values.get("target", "")
    if target.startswith("/") and clean(target) == "/" and values["type"] not in ("secret", "ssh"):
        raise RefusedError("a mount cannot have the target /")
    source, may_be_absent = values.get("source", ""), values.get("required", "") in _FALSE
    return Mount(values["type"], values.get("from", ""), source, source_text, _secret_id(values), may_be_absent)


def secret_of(text: str, expand: Callable[[str], str]) -> tuple[str, Literal["secret", "ssh"], bool] | None:
    """Return what is certain of a secret or ssh mount with an unknown value: id, type, whether it may be absent.

    The place of a secret often depends on the base's environment (``target=$HOME/.netrc``), its id hardly ever; an id
    that does becomes ``""``. None for a mount of another type.
    """
    values: dict[str, str | None] = {}
    for key, raw, given in _pairs(text):
        try:
            value = expand(raw) if given else "true"
        except UnknownValueError:
            end = raw.rpartition("/")[2]
            value = f"/{end}" if key in ("target", "dst", "destination") and _PLAIN_NAME.fullmatch(end) else None
        values[_NAMES.get(key, key)] = value
    kind = values.get("type", "bind")
    if kind is None:
        return "", "secret", True
    kind = kind.lower()
    may_be_absent = (values.get("required", "") or "") in _FALSE and "required" in values
    if kind == "ssh":
        return values.get("id", "default") or "", "ssh", may_be_absent
    if kind != "secret":
        return None
    known = {name: value for name, value in values.items() if value is not None}
    deciding = next((name for name in ("source", "id", "target") if values.get(name, "") != ""), "")
    return (_secret_id({**known, "type": kind}) if deciding in known else ""), "secret", may_be_absent


def _secret_id(values: dict[str, str]) -> str:
    """Choose a secret's id in BuildKit's order: ``source``, ``id``, the last part of the target."""
    if values["type"] == "ssh":
        return values.get("id") or "default"
    if values["type"] != "secret":
        return ""
    return values.get("source") or values.get("id") or clean(values["target"]).rpartition("/")[2]


def _check_bare(key: str, kind: str) -> None:
    if key == "required" and kind not in ("secret", "ssh"):
        raise RefusedError(f"'required' does not go with a {kind} mount")
    if _NAMES.get(key, key) not in ("readonly", "readwrite", "required"):
        raise RefusedError(f"'{key}' of a mount needs a value")


def _check(key: str, name: str, value: str, kind: str) -> None:
    if name not in _KEYS:
        raise RefusedError(f"a mount has no key '{key}'")
    if name == "type" and value.lower() not in _TYPES:
        raise RefusedError(f"there is no mount type {value!r}")
    if name == "sharing" and value.lower() not in _SHARING:
        raise RefusedError(f"there is no sharing mode {value!r} for a mount")
    if name in ("readonly", "readwrite", "required") and value not in _BOOLEANS:
        raise RefusedError(f"'{key}' of a mount must be true or false, not {value!r}")
    if name == "required" and kind not in ("secret", "ssh"):
        raise RefusedError(f"'required' does not go with a {kind} mount")
    if name == "size" and kind != "tmpfs":
        raise RefusedError(f"'size' does not go with a {kind} mount")
    if name in _NUMBERS and not _NUMBERS[name].fullmatch(value):
        raise RefusedError(f"'{key}' of a mount must be a number, not {value!r}")


def _check_together(values: dict[str, str]) -> None:
    kind = values["type"]
    if kind not in _OWNED:
        for name in ("mode", "uid", "gid"):
            if name in values:
                raise RefusedError(f"'{name}' does not go with a {kind} mount")
    if kind == "secret":
        if values.get("from"):
            raise RefusedError("a secret mount has no 'from'")
        if not (values.get("source") or values.get("target") or values.get("id")):
            raise RefusedError("a secret mount needs 'id', 'source' or 'target'")
        if values.get("source") and values.get("id"):
            raise RefusedError("a secret mount has either 'id' or 'source'")
    if kind == "ssh" and values.get("source"):
        raise RefusedError("an ssh mount has no 'source'")
    if values.get("sharing") and kind != "cache":
        raise RefusedError(f"'sharing' does not go with a {kind} mount")


@lru_cache(maxsize=256)
def _pairs(text: str) -> tuple[tuple[str, str, bool], ...]:
    """Key in lower case, value, and whether there was an equals sign."""
    parts = [item.partition("=") for item in csv_fields(text)]
    return tuple([(key.lower(), value, bool(equals)) for key, equals, value in parts])


def csv_fields(line: str) -> list[str]:
    """Split one CSV line.

    Raises:
        RefusedError: An empty line, or a quote in the wrong place.
    """
    if line.endswith("\n"):
        line = line[:-1].removesuffix("\r")
    if not line:
        raise RefusedError("the flag has an empty value")
    fields: list[str] = []
    at = 0
    while True:
        if line.startswith('"', at):
            value, at = _quoted_field(line, at + 1)
        else:
            end = line.find(",", at)
            end = len(line) if end < 0 else end
            value, at = line[at:end], end
            if '"' in value:
                raise RefusedError(f"there is a bare quote in {line!r}")
        fields.append(value)
        if at >= len(line):
            return fields
        at += 1


def _quoted_field(line: str, at: int) -> tuple[str, int]:
    parts: list[str] = []
    while True:
        end = line.find('"', at)
        if end < 0:
            raise RefusedError(f"a quote is not closed in {line!r}")
        parts.append(line[at:end])
        at = end + 1
        if line.startswith('"', at):
            parts.append('"')
            at += 1
        elif at == len(line) or line[at] == ",":
            return "".join(parts), at
        else:
            raise RefusedError(f"there is text after a closing quote in {line!r}")
