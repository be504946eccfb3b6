"""Structure tests as text that travels: in a plan, to where no file and no reader of YAML is.

Decides the form (JSON) and that what is read back is what was written. Leaves files to
``checks.image.structure.reading``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, cast

from fast_container.checks.image.structure.go_expression import compile_go
from fast_container.checks.image.structure.tests import (
    ContentTest,
    ExistenceTest,
    MetadataTest,
    NamedValue,
    Pattern,
    StructureTests,
)
from fast_container.core.json_document import parse_object
from fast_container.errors import ArgsError


def write_tests(tests: StructureTests) -> str:
    """Write tests."""
    return json.dumps(_plain(tests), sort_keys=True, separators=(",", ":"))


def read_tests(text: str) -> StructureTests:
    """Read what ``write_tests`` wrote.

    Raises:
        ArgsError: It is something else.
    """
    try:
        return _tests(parse_object(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArgsError(
            "The structure tests of a plan cannot be read.", property_path="checks.structure", why=str(error)
        ) from None


def _plain(value: object) -> object:
    if isinstance(value, Pattern):
        return {"pattern": value.text}
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    return [_plain(one) for one in cast("tuple[object, ...]", value)] if isinstance(value, tuple) else value


def _tests(document: Mapping[str, Any]) -> StructureTests:
    metadata = document["metadata"]
    return StructureTests(
        document["file"],
        tuple(ExistenceTest(**one) for one in document["existence"]),
        tuple(
            ContentTest(one["name"], one["line"], one["path"], _patterns(one["expected"]), _patterns(one["excluded"]))
            for one in document["content"]
        ),
        None if metadata is None else _metadata(metadata),
    )


def _metadata(document: Mapping[str, Any]) -> MetadataTest:
    known: dict[str, Any] = {
        name: tuple(cast("list[object]", value)) if isinstance(value, list) else value
        for name, value in document.items()
    }
    known |= {name: tuple(_named(one) for one in document[name]) for name in ("env", "labels")}
    return MetadataTest(**known)


def _named(one: Mapping[str, Any]) -> NamedValue:
    value = one["value"]
    return NamedValue(one["line"], one["key"], value if isinstance(value, str) else _pattern(value))


def _patterns(found: Sequence[Mapping[str, str]]) -> tuple[Pattern, ...]:
    return tuple(_pattern(one) for one in found)


def _pattern(one: Mapping[str, str]) -> Pattern:
    return Pattern(one["pattern"], compile_go(one["pattern"]))
