"""The instructions of a Dockerfile as data, before anything is expanded.

Decides the parts of each instruction, and how instructions form stages. Leaves reading them to ``read_instructions``,
values of variables to ``scope`` and the meaning of names to ``stages``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fast_container.core.dockerfile.flags import Flags
from fast_container.core.dockerfile.parsed_line import Heredoc, ParsedLine


@dataclass(frozen=True, slots=True)
class Copy:
    """``COPY`` or ``ADD``.

    Attributes:
        sources: Paths, URLs and repositories, as written.
        documents: The heredocs among the sources, leading tabs already removed where ``<<-`` asks for it.
    """

    add: bool
    sources: tuple[str, ...]
    documents: tuple[Heredoc, ...]
    destination: str
    flags: Flags

    @property
    def origin(self) -> str:
        """Value of ``--from``, or ``""``."""
        return self.flags.single.get("from", "")


@dataclass(frozen=True, slots=True)
class Run:
    """``RUN``: only its mounts matter here.

    Attributes:
        mounts: Value of each ``--mount``.
        origins: The ``from`` of each, or ``""``.
    """

    mounts: tuple[str, ...]
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arg:
    """``ARG``: names with their defaults (None without one)."""

    pairs: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Env:
    """``ENV``: names and values."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class From:
    """``FROM``.

    Attributes:
        base: As written.
        name: In lower case, or ``""``.
        platform: As written, or ``""``.
    """

    base: str
    name: str
    platform: str


@dataclass(frozen=True, slots=True)
class Onbuild:
    """``ONBUILD``: the trigger as the image's configuration holds it."""

    trigger: str


@dataclass(frozen=True, slots=True)
class Plain:
    """An instruction that reads nothing.

    Attributes:
        words: The words that BuildKit expands; expanding them can fail.
    """

    words: tuple[str, ...]


Body = Copy | Run | Arg | Env | From | Onbuild | Plain


@dataclass(frozen=True, slots=True)
class Command:
    """An instruction of a stage.

    Attributes:
        triggered: It comes from an ``ONBUILD`` of the base.
    """

    node: ParsedLine
    body: Body
    line: int
    triggered: bool = False


@dataclass(frozen=True, slots=True)
class StageText:
    """A ``FROM`` and the instructions after it."""

    node: ParsedLine
    start: From
    commands: tuple[Command, ...] = ()


@dataclass(slots=True)
class ParsedStages:
    """A whole file: the global ``ARG`` instructions and the stages."""

    global_args: list[Command] = field(default_factory=list[Command])
    stages: list[StageText] = field(default_factory=list[StageText])
