"""What a file of structure tests says, in its second schema.

Decides the fields; their names are container-structure-test's. Leaves reading to ``checks.image.structure.reading``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExistenceTest:
    """One of ``fileExistenceTests``.

    Attributes:
        name: Of the test.
        line: Where it stands.
        path: Variables of the image's environment are put in.
        should_exist: Whether it has to be there.
        permissions: As Go writes them, ``-rw-r--r--``; ``""`` for any.
        uid: Owner; None for any.
        gid: Group; None for any.
        executable_by: ``owner``, ``group``, ``other``, ``any``, or ``""`` for all the same.
    """

    name: str
    line: int
    path: str
    should_exist: bool
    permissions: str
    uid: int | None
    gid: int | None
    executable_by: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern as it is written, and as Python searches with it."""

    text: str
    compiled: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class ContentTest:
    """One of ``fileContentTests``: all of ``expected`` and none of ``excluded`` are to be found."""

    name: str
    line: int
    path: str
    expected: tuple[Pattern, ...]
    excluded: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class NamedValue:
    """A variable or a label with the value it must have; a string, or a pattern."""

    line: int
    key: str
    value: str | Pattern


@dataclass(frozen=True, slots=True)
class MetadataTest:
    """The ``metadataTest``; None and empty stand for what it does not say."""

    line: int
    env: tuple[NamedValue, ...] = ()
    unbound_env: tuple[str, ...] = ()
    labels: tuple[NamedValue, ...] = ()
    exposed_ports: tuple[str, ...] = ()
    unexposed_ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    unmounted_volumes: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    workdir: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class StructureTests:
    """The tests of one file."""

    file: str
    existence: tuple[ExistenceTest, ...] = ()
    content: tuple[ContentTest, ...] = ()
    metadata: MetadataTest | None = None

    @property
    def read_paths(self) -> tuple[str, ...]:
        """Paths of the files whose content is needed."""
        return tuple(dict.fromkeys(test.path for test in self.content))
