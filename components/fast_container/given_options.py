"""The options of an image as a program gave them, each in the one shape that the rest of the library reads.

Decides that ``None`` is an option that was not given (but for ``dockerignore``, where it has a meaning), that a path
may be a ``Path``, and what is refused by its shape alone. Leaves the argument types of ``pulumi-docker-build`` to
``docker_build_arguments``, and what the values mean to ``image_options``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from fast_container.args import check_timeout
from fast_container.core.build_files import Default, InlineDockerfile
from fast_container.core.recipe import OPTIONS
from fast_container.deprecated import renamed
from fast_container.errors import ArgsError, bracketed
from fast_container.shapes import (
    check_flag,
    check_input_text,
    check_input_texts,
    check_mapping,
    check_path,
    check_plain,
    check_text,
    check_texts,
    shown,
)

_Shape = Callable[[object, str], Any]
# Former name → the name of today.
FORMER_OPTIONS: Final[Mapping[str, str]] = {"timeout": "timeout_s"}


def in_todays_names(options: Mapping[str, Any], component: str) -> dict[str, Any]:
    """The options with former names replaced, each of which is said.

    Args:
        options: As they were given.
        component: What they were given to, for the message: ``FastContainerImage 'api'``.

    Raises:
        ArgsError: One is of another shape, or is given by both of its names.
    """
    found = dict(options)
    for old in FORMER_OPTIONS.keys() & options:
        former, new = found.pop(old), FORMER_OPTIONS[old]
        former = None if former is None else _SHAPES[new](former, old)
        found[new] = renamed(former, found.get(new), old=old, new=new, component=component)
    return found


def given_options(options: Mapping[str, object]) -> dict[str, Any]:
    """The options that were given, in their one shape.

    Raises:
        ArgsError: One is of another shape.
    """
    given = {name: value for name, value in options.items() if value is not None or name == "dockerignore"}
    return {name: _SHAPES.get(name, _as_it_is)(value, name) for name, value in given.items()}


def _as_it_is(value: object, property_path: str) -> Any:
    """What is checked where it is read."""
    check_plain(value, property_path)
    return value


def _dockerfile(value: object, property_path: str) -> Any:
    check_plain(value, property_path)
    if isinstance(value, InlineDockerfile):
        return InlineDockerfile(check_text(value.text, f"{property_path}.text"))
    return value


def _dockerignore(value: object, property_path: str) -> Any:
    return value if value is None or value is Default else check_path(value, property_path)


def _places(value: object, property_path: str) -> dict[str, str]:
    found = check_mapping(value, property_path, 'named_contexts={"shared": "../shared"}')
    return {name: check_path(place, f"{property_path}{bracketed(name)}") for name, place in found.items()}


def _labels(value: object, property_path: str) -> dict[str, Any]:
    found = check_input_texts(value, property_path)
    for name in found:
        if "=" in name:
            raise ArgsError(
                f"{name!r} cannot be the name of a label.",
                property_path=f"{property_path}{bracketed(name)}",
                why="a build reads it as NAME=VALUE",
            )
    return found


def _triggers(value: object, property_path: str) -> dict[str, Any]:
    """By name; those of a list by their place."""
    if isinstance(value, Mapping):
        return check_input_texts(cast("Mapping[str, Any]", value), property_path)
    check_plain(value, property_path)
    if not isinstance(value, list | tuple):
        raise ArgsError(
            f"{shown(value)} is neither a list nor a mapping.",
            property_path=property_path,
            next_step='Give triggers=["value"], or triggers={"name": "value"}.',
        )
    found = cast("list[object]", value)
    return {str(index): check_input_text(each, f"{property_path}[{index}]") for index, each in enumerate(found)}


def _of_recipe(value: object, property_path: str) -> Any:
    """A text, a number, a list of texts or a mapping to texts or numbers; ``core.recipe`` says which of them."""
    if isinstance(value, list | tuple):
        return check_texts(cast("object", value), property_path)
    if isinstance(value, Mapping):
        found = check_mapping(cast("object", value), property_path, f'{property_path}={{"name": "value"}}')
        return {name: _text_or_number(each, f"{property_path}{bracketed(name)}") for name, each in found.items()}
    return _text_or_number(value, property_path)


def _text_or_number(value: object, property_path: str) -> str | int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return check_text(value, property_path)


_SHAPES: Final[Mapping[str, _Shape]] = {
    "build_args": check_input_texts,
    "cache": check_flag,
    "dockerfile": _dockerfile,
    "dockerignore": _dockerignore,
    "ignore": check_texts,
    "image_policy": check_text,
    "images_lock": check_path,
    "labels": _labels,
    "named_contexts": _places,
    "target": check_text,
    "timeout_s": check_timeout,
    "triggers": _triggers,
    "optional_secrets": check_texts,
    "volatile_build_args": check_texts,
    **{option.name: _of_recipe for option in OPTIONS},
}
