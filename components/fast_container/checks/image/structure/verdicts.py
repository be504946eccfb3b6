"""Structure tests on an image, with the verdicts of container-structure-test.

Decides what each test asks of the image. As there, the last link of a path is not followed by tests of existence, and
is followed by tests of content. A content that was not read is said so, and never passes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from fast_container.checks.image.lookup import resolve, stat
from fast_container.checks.image.structure.file_modes import permissions, written
from fast_container.checks.image.structure.tests import (
    ContentTest,
    ExistenceTest,
    MetadataTest,
    NamedValue,
    Pattern,
    StructureTests,
)
from fast_container.core.layers.contents import ImageContents, ImageFiles
from fast_container.core.layers.entry import FILE
from fast_container.core.oci.configuration import ImageConfiguration

_VARIABLE: Final = re.compile(r"\$(?:\{(\w+)\}|([A-Za-z_]\w*|[*#$@!?0-9-]))")
_EXECUTABLE: Final = {"any": 0o111, "owner": 0o100, "group": 0o010, "other": 0o001}
METADATA: Final = "Metadata Test"


@dataclass(frozen=True, slots=True)
class Failure:
    """A test that failed.

    Attributes:
        test: Its name.
        line: Where it stands in its file.
        why: What was expected, and what is there.
    """

    test: str
    line: int
    why: str


def failures(tests: StructureTests, image: ImageContents, files: ImageFiles) -> Iterator[Failure]:
    """Yield one failure for each test that the image does not pass."""
    for existence in tests.existence:
        if reasons := list(_existence(existence, image.configuration, files)):
            yield Failure(existence.name, existence.line, "; ".join(reasons))
    for content in tests.content:
        if reasons := list(_content(content, image, files)):
            yield Failure(content.name, content.line, "; ".join(reasons))
    if tests.metadata and (reasons := list(_metadata(tests.metadata, image.configuration))):
        yield Failure(METADATA, tests.metadata.line, "; ".join(reasons))


def _existence(test: ExistenceTest, configuration: ImageConfiguration, files: ImageFiles) -> Iterator[str]:
    path = _VARIABLE.sub(lambda found: configuration.env.get(found[1] or found[2], ""), test.path)
    entry = stat(files.merged, path)
    if entry is None:
        if test.should_exist:
            yield f"{path} is not in the image"
        return
    if not test.should_exist:
        yield f"{path} is in the image"
    if test.permissions and test.permissions != written(entry):
        yield f"{path} has permissions {written(entry)}, not {test.permissions}"
    if test.executable_by and not permissions(entry) & _EXECUTABLE[test.executable_by]:
        yield f"{path} may not be executed by {test.executable_by}: {written(entry)}"
    for name, expected, found in (("user", test.uid, entry.uid), ("group", test.gid, entry.gid)):
        if expected is not None and expected != found:
            yield f"{path} belongs to {name} {found}, not {expected}"


def _content(test: ContentTest, image: ImageContents, files: ImageFiles) -> Iterator[str]:
    placed = resolve(files.merged, test.path)
    if placed is None or placed.entry.kind != FILE:
        yield f"{test.path} is not a file of the image"
        return
    content = image.contents.get(placed.entry.path)
    if content is None:
        yield f"{test.path} was not read: it is too large"
        return
    text = content.decode("utf-8", "replace")
    for pattern in test.expected:
        if not pattern.compiled.search(text):
            yield f"{pattern.text!r} is not found in {test.path}"
    for pattern in test.excluded:
        if pattern.compiled.search(text):
            yield f"{pattern.text!r} is found in {test.path}"


def _metadata(test: MetadataTest, configuration: ImageConfiguration) -> Iterator[str]:
    yield from _values("variable", test.env, configuration.env)
    yield from (f"the variable {name} is set" for name in test.unbound_env if name in configuration.env)
    yield from _values("label", test.labels, configuration.labels)
    ports = {port.partition("/")[0] for port in configuration.exposed_ports}
    yield from _listed("port", test.exposed_ports, test.unexposed_ports, ports.__contains__)
    yield from _listed("volume", test.volumes, test.unmounted_volumes, configuration.volumes.__contains__)
    for name, expected, found in (
        ("ENTRYPOINT", test.entrypoint, configuration.entrypoint),
        ("CMD", test.cmd, configuration.command),
    ):
        if expected is not None and expected != found:
            yield f"{name} is {list(found)}, not {list(expected)}"
    for name, wanted, is_now in (
        ("WORKDIR", test.workdir, configuration.working_directory),
        ("USER", test.user, configuration.user),
    ):
        if wanted and wanted != is_now:
            yield f"{name} is {is_now!r}, not {wanted!r}"


def _values(kind: str, wanted: tuple[NamedValue, ...], found: Mapping[str, str]) -> Iterator[str]:
    for one in wanted:
        value = found.get(one.key)
        expected = one.value
        if value is None:
            yield f"the {kind} {one.key} is not set"
        elif isinstance(expected, Pattern):
            if not expected.compiled.search(value):
                yield f"{expected.text!r} is not found in the {kind} {one.key}"
        elif value != expected:
            yield f"the {kind} {one.key} is not {expected!r}"


def _listed(
    kind: str, wanted: tuple[str, ...], unwanted: tuple[str, ...], is_there: Callable[[str], bool]
) -> Iterator[str]:
    yield from (f"the {kind} {one} is not declared" for one in wanted if not is_there(one))
    yield from (f"the {kind} {one} is declared" for one in unwanted if is_there(one))
