"""JSON from others: manifests, configurations, answers of registries and programs.

Decides that a document is either JSON or a ``ValueError`` (nested too deeply, not UTF-8, not an object), and that its
fields are read by type: a value of another type is a ``ValueError`` that names the field, never an ``AttributeError``
somewhere later. It is the one place that calls ``json.loads``, but for the launcher of a remote build, which has no
modules, and the JSON forms of a Dockerfile's instructions. Leaves the error that a user sees to the reader of the
document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast

_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}", re.ASCII)
_LARGEST_SIZE: Final = 1 << 60


def parse_json(content: bytes | str) -> object:
    """Parse a document of any type.

    Raises:
        ValueError: It is not JSON, not UTF-8, or nested too deeply; a ``JSONDecodeError`` if it has a position.
    """
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None


def parse_object(content: bytes | str) -> dict[str, Any]:
    """Parse a document that must be an object.

    Raises:
        ValueError: It is not an object.
    """
    loaded = parse_json(content)
    if not isinstance(loaded, dict):
        raise ValueError("it is not a JSON object")
    return cast("dict[str, Any]", loaded)


def object_field(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object, empty where it is absent or null."""
    value = document.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(f"its {name} is not an object")
    return cast("dict[str, Any]", value)


def objects_field(document: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of objects, empty where it is absent or null."""
    value = _list_field(document, name)
    if not all(isinstance(entry, dict) for entry in value):
        raise ValueError(f"its {name} is not a list of objects")
    return cast("list[dict[str, Any]]", value)


def strings_field(document: Mapping[str, Any], name: str) -> list[str]:
    """A list of strings, empty where it is absent or null."""
    value = _list_field(document, name)
    if not all(isinstance(entry, str) for entry in value):
        raise ValueError(f"its {name} is not a list of strings")
    return cast("list[str]", value)


def string_field(document: Mapping[str, Any], name: str) -> str:
    """A string, ``""`` where it is absent or null."""
    value = document.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"its {name} is not a string")
    return value


def size_field(document: Mapping[str, Any], name: str) -> int:
    """A number of bytes, 0 where it is absent or null."""
    value = document.get(name)
    if value is None:
        return 0
    if type(value) is not int or not 0 <= value <= _LARGEST_SIZE:
        raise ValueError(f"its {name} is not a number of bytes")
    return value


def as_string(value: object) -> str:
    """A value of a document of our own that must be a string.

    Raises:
        TypeError: It is of another type.
    """
    if not isinstance(value, str):
        raise TypeError(f"a {type(value).__name__} instead of a string")
    return value


def as_strings(value: object) -> tuple[str, ...]:
    """Likewise, a list of strings."""
    if not isinstance(value, list):
        raise TypeError(f"a {type(value).__name__} instead of a list")
    return tuple(as_string(item) for item in cast("list[object]", value))


def as_string_mapping(value: object) -> dict[str, str]:
    """Likewise, an object whose values are strings."""
    if not isinstance(value, dict):
        raise TypeError(f"a {type(value).__name__} instead of an object")
    return {name: as_string(item) for name, item in cast("dict[str, object]", value).items()}


def version_of(document: Mapping[str, Any]) -> str:
    """``version 3``, for a message; of a version that is not a number only its type."""
    version = document.get("version")
    return f"version {version}" if type(version) is int else f"a {type(version).__name__} as its version"


def is_digest(text: str) -> bool:
    """Whether this is a digest as the OCI image specification registers them."""
    return _DIGEST.fullmatch(text) is not None


def _list_field(document: Mapping[str, Any], name: str) -> list[object]:
    value = document.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError(f"its {name} is not a list")
    return cast("list[object]", value)
