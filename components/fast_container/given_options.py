"""The options of an image as a program gave them, each in the one shape that the rest of the library reads.

Decides that ``None`` is an option that was not given (except ``dockerignore``, where it has a meaning), that a path may
be a ``Path``, and which shapes are refused. Leaves the argument types of ``pulumi-docker-build`` to
``docker_build_arguments``, and the meaning of the values to ``image_options``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from fast_container.args import check_pin, check_timeout
from fast_container.core.build_files import Default, InlineDockerfile
from fast_container.core.recipe import OPTIONS
from fast_container.deprecated import renamed
from fast_container.errors import ArgsError, bracketed
from fast_container.image_checks import check_image_checks
from fast_container.shapes import (
    check_flag,
    check_input_string,
    check_input_strings,
    check_mapping,
    check_path,
    check_plain,
    check_string,
    check_strings,
    shown,
)

_Shape = Callable[[object, str], Any]
# Former name → its present name.
FORMER_OPTIONS: Final[Mapping[str, str]] = {"timeout": "timeout_s"}


def in_todays_names(options: Mapping[str, Any], component: str) -> dict[str, Any]:
    """Replace former names of options, with a warning for each.

    Args:
        options: As they were given.
        component: The component that they were given to, for the message: ``FastContainerImage 'api'``.

    Raises:
        ArgsError: One has another shape, or is given by both of its names.
    """
    found = dict(options)
    for old in FORMER_OPTIONS.keys() & options:
        former, new = found.pop(old), FORMER_OPTIONS[old]
        former = None if former is None else _SHAPES[new](former, old)
        found[new] = renamed(former, found.get(new), old=old, new=new, component=component)
    return found


def given_options(options: Mapping[str, object]) -> dict[str, Any]:
    """Return the options that were given, in their one shape.

    Raises:
        ArgsError: One has another shape.
    """
    given = {name: value for name, value in options.items() if value is not None or name == "dockerignore"}
    return {name: _SHAPES.get(name, _as_it_is)(value, name) for name, value in given.items()}


def _as_it_is(value: object, property_path: str) -> Any:
    """Return a value that is checked where it is read."""
    check_plain(value, property_path)
    return value


def _dockerfile(value: object, property_path: str) -> Any:
    check_plain(value, property_path)
    if isinstance(value, InlineDockerfile):
        return InlineDockerfile(check_string(value.text, f"{property_path}.text"))
    return value


def _dockerignore(value: object, property_path: str) -> Any:
    return value if value is None or value is Default else check_path(value, property_path)


def _places(value: object, property_path: str) -> dict[str, str]:
    found = check_mapping(value, property_path, 'named_contexts={"shared": "../shared"}')
    return {name: check_path(place, f"{property_path}{bracketed(name)}") for name, place in found.items()}


def _labels(value: object, property_path: str) -> dict[str, Any]:
    found = check_input_strings(value, property_path)
    for name in found:
        if "=" in name:
            raise ArgsError(
                f"{name!r} cannot be the name of a label.",
                property_path=f"{property_path}{bracketed(name)}",
                why="a build reads it as NAME=VALUE",
            )
    return found


def _triggers(value: object, property_path: str) -> dict[str, Any]:
    """Return triggers by name; those of a list by their place."""
    if isinstance(value, Mapping):
        return check_input_strings(cast("Mapping[str, Any]", value), property_path)
    check_plain(value, property_path)
    if not isinstance(value, list | tuple):
        raise ArgsError(
            f"{shown(value)} is neither a list nor a mapping.",
            property_path=property_path,
            next_step='Give triggers=["value"], or triggers={"name": "value"}.',
        )
    found = cast("list[object]", value)
    return {str(index): check_input_string(each, f"{property_path}[{index}]") for index, each in enumerate(found)}


def _of_recipe(value: object, property_path: str) -> Any:
    """Check for a string, a number, a list of strings or a mapping to either; ``core.recipe`` decides which."""
    if isinstance(value, list | tuple):
        return check_strings(cast("object", value), property_path)
    if isinstance(value, Mapping):
        found = check_mapping(cast("object", value), property_path, f'{property_path}={{"name": "value"}}')
        return {name: _text_or_number(each, f"{property_path}{bracketed(name)}") for name, each in found.items()}
    return _text_or_number(value, property_path)


def _text_or_number(value: object, property_path: str) -> str | int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return check_string(value, property_path)


_SHAPES: Final[Mapping[str, _Shape]] = {
    "build_args": check_input_strings,
    "cache": check_flag,
    "checks": check_image_checks,
    "dockerfile": _dockerfile,
    "emulate": check_flag,
    "dockerignore": _dockerignore,
    "ignore": check_strings,
    "image_policy": check_string,
    "images_lock": check_path,
    "labels": _labels,
    "named_contexts": _places,
    "target": check_string,
    "timeout_s": check_timeout,
    "triggers": _triggers,
    "optional_secrets": check_strings,
    "pin": check_pin,
    "snapstart": check_flag,
    "volatile_build_args": check_strings,
    **{option.name: _of_recipe for option in OPTIONS},
}
