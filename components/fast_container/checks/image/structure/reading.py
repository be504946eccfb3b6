"""A file of structure tests becomes tests; strictly: what is not understood is an error with its file and line.

Decides that tests which need a running container (``commandTests``, ``licenseTests``) are an error, unless the user
leaves them out: none is ever passed over in silence. ``globalEnvVars`` and ``containerRunOptions`` concern those alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from fast_container.checks.image.structure.go_expression import NotAnExpressionError, compile_go
from fast_container.checks.image.structure.need_a_container import NEED_A_CONTAINER
from fast_container.checks.image.structure.tests import (
    ContentTest,
    ExistenceTest,
    MetadataTest,
    NamedValue,
    Pattern,
    StructureTests,
)
from fast_container.checks.image.structure.yaml_nodes import Value, load

_FIELDS: Final = (
    "schemaVersion",
    "fileExistenceTests",
    "fileContentTests",
    "metadataTest",
    *NEED_A_CONTAINER,
    "globalEnvVars",
    "containerRunOptions",
)
_EXISTENCE: Final = ("name", "path", "shouldExist", "permissions", "uid", "gid", "isExecutableBy")
_CONTENT: Final = ("name", "path", "expectedContents", "excludedContents")
_NAMED: Final = ("key", "value", "isRegex")
_METADATA: Final = (
    "envVars",
    "unboundEnvVars",
    "labels",
    "exposedPorts",
    "unexposedPorts",
    "volumes",
    "unmountedVolumes",
    "entrypoint",
    "cmd",
    "workdir",
    "user",
)
_EXECUTABLE_BY: Final = ("any", "owner", "group", "other")
_VERSION: Final = "2.0.0"
_ANYONE: Final = -1


def read_structure_tests(file: str, text: str, left_out: frozenset[str] = frozenset()) -> StructureTests:
    """Read a file.

    Args:
        file: Its name, for errors and findings.
        text: Its content.
        left_out: Those of ``NEED_A_CONTAINER`` that the user leaves out.

    Raises:
        ArgsError: It is not a file of structure tests, or it has tests that cannot be run.
    """
    whole = load(file, text)
    fields = whole.fields(_FIELDS)
    version = fields.get("schemaVersion")
    if version is None or version.string() != _VERSION:
        raise (version or whole).error(f"schemaVersion is not {_VERSION}.", f'Say schemaVersion: "{_VERSION}".')
    for name in NEED_A_CONTAINER:
        if name in fields and fields[name].items() and name not in left_out:
            raise fields[name].error(
                f"{name} cannot be run: they need a container, and no daemon is asked here.",
                f"Run them with container-structure-test, and leave them out here with --leave-out {name}.",
            )
    return StructureTests(
        file,
        tuple(_existence(test) for test in _tests(fields, "fileExistenceTests")),
        tuple(_content(test) for test in _tests(fields, "fileContentTests")),
        _metadata(fields["metadataTest"]) if "metadataTest" in fields else None,
    )


def _tests(fields: Mapping[str, Value], name: str) -> Iterator[Value]:
    yield from fields[name].items() if name in fields else ()


def _existence(test: Value) -> ExistenceTest:
    fields = test.fields(_EXISTENCE)
    by = fields.get("isExecutableBy")
    executable_by = by.string() if by else ""
    if by and executable_by and executable_by not in _EXECUTABLE_BY:
        raise by.error(f"{executable_by} is not a user.", f"Say one of: {', '.join(_EXECUTABLE_BY)}.")
    return ExistenceTest(
        _required(test, fields, "name"),
        test.line,
        _required(test, fields, "path"),
        fields["shouldExist"].boolean() if "shouldExist" in fields else True,
        _string(fields, "permissions"),
        _owner(fields, "uid"),
        _owner(fields, "gid"),
        executable_by,
    )


def _content(test: Value) -> ContentTest:
    fields = test.fields(_CONTENT)
    return ContentTest(
        _required(test, fields, "name"),
        test.line,
        _required(test, fields, "path"),
        _patterns(fields, "expectedContents"),
        _patterns(fields, "excludedContents"),
    )


def _metadata(test: Value) -> MetadataTest:
    fields = test.fields(_METADATA)
    return MetadataTest(
        test.line,
        tuple(_named(one) for one in _tests(fields, "envVars")),
        tuple(_named(one).key for one in _tests(fields, "unboundEnvVars")),
        tuple(_named(one) for one in _tests(fields, "labels")),
        _filled(fields, "exposedPorts"),
        _filled(fields, "unexposedPorts"),
        _filled(fields, "volumes"),
        _filled(fields, "unmountedVolumes"),
        fields["entrypoint"].strings() if "entrypoint" in fields else None,
        fields["cmd"].strings() if "cmd" in fields else None,
        _string(fields, "workdir"),
        _string(fields, "user"),
    )


def _named(one: Value) -> NamedValue:
    fields = one.fields(_NAMED)
    is_pattern = "isRegex" in fields and fields["isRegex"].boolean()
    value = _pattern(fields["value"]) if is_pattern and "value" in fields else _string(fields, "value")
    return NamedValue(one.line, _required(one, fields, "key"), value)


def _filled(fields: Mapping[str, Value], name: str) -> tuple[str, ...]:
    values = fields[name].items() if name in fields else []
    for value in values:
        if not value.string():
            raise value.error(f"One of {name} is empty.", "Say it, or leave it out.")
    return tuple(value.string() for value in values)


def _patterns(fields: Mapping[str, Value], name: str) -> tuple[Pattern, ...]:
    return tuple(_pattern(value) for value in (fields[name].items() if name in fields else ()))


def _pattern(value: Value) -> Pattern:
    text = value.string()
    try:
        return Pattern(text, compile_go(text))
    except NotAnExpressionError as error:
        raise value.error(f"{text!r} is not a regular expression of Go: {error}.", "Correct it.") from None


def _owner(fields: Mapping[str, Value], name: str) -> int | None:
    found = fields[name].integer() if name in fields else _ANYONE
    return None if found == _ANYONE else found


def _string(fields: Mapping[str, Value], name: str) -> str:
    return fields[name].string() if name in fields else ""


def _required(test: Value, fields: Mapping[str, Value], name: str) -> str:
    if found := _string(fields, name):
        return found
    raise test.error(f"A test has no {name}.", f"Give it a {name}.")
