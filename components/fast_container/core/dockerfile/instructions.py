"""What each instruction says, before anything is expanded.

Decides which lines are well-formed instructions and what their parts are, and how instructions are grouped into
stages. Leaves values of variables to ``scope`` and the meaning of names to ``stages``.
Source: BuildKit v0.34.2, ``frontend/dockerfile/instructions``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from fast_container.core.dockerfile.flags import Flags, read_flags
from fast_container.core.dockerfile.lines import heredoc_or_none
from fast_container.core.dockerfile.model import RefusedError
from fast_container.core.dockerfile.mounts import mount_origin
from fast_container.core.dockerfile.node import KEYWORDS, Heredoc, Node
from fast_container.core.go_path import SPACE

_STAGE_NAME: Final = re.compile(r"[a-z][a-z0-9\-_.]*")
_ONBUILD: Final = re.compile(r"\A[\t\n\f\r ]*ONBUILD[\t\n\f\r ]*", re.IGNORECASE | re.ASCII)
_TABS: Final = re.compile(r"^\t+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Copy:
    """``COPY`` or ``ADD``.

    Attributes:
        sources: Paths, URLs and repositories, as written.
        documents: The heredocs among the sources, tabs already dropped.
    """

    add: bool
    sources: tuple[str, ...]
    documents: tuple[Heredoc, ...]
    destination: str
    flags: Flags

    @property
    def origin(self) -> str:
        """``--from``, or ``""``."""
        return self.flags.text.get("from", "")


@dataclass(frozen=True, slots=True)
class Run:
    """``RUN``: only its mounts are read here.

    Attributes:
        mounts: Their texts.
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
    """``ONBUILD``: the trigger as it gets into the image's configuration."""

    trigger: str


@dataclass(frozen=True, slots=True)
class Plain:
    """An instruction that reads nothing.

    Attributes:
        words: Its words that BuildKit expands; they can be refused.
    """

    words: tuple[str, ...]


Body = Copy | Run | Arg | Env | From | Onbuild | Plain


@dataclass(frozen=True, slots=True)
class Command:
    """An instruction.

    Attributes:
        triggered: It comes from an ``ONBUILD`` of the base.
    """

    node: Node
    body: Body
    line: int
    triggered: bool = False


@dataclass(frozen=True, slots=True)
class StageText:
    """A ``FROM`` and what follows it."""

    node: Node
    start: From
    commands: tuple[Command, ...] = ()


@dataclass(slots=True)
class Program:
    """A whole file: the global ``ARG`` instructions and the stages."""

    global_args: list[Command] = field(default_factory=list[Command])
    stages: list[StageText] = field(default_factory=list[StageText])


def read_program(nodes: Sequence[Node]) -> Program:
    """Group instructions into stages.

    Raises:
        RefusedError: With the line; anything that BuildKit's instruction parser refuses.
    """
    program = Program()
    commands: list[Command] = []
    for node in nodes:
        try:
            body = read_body(node)
            if isinstance(body, From):
                _close(program, commands)
                program.stages.append(StageText(node, body))
                commands = []
            elif program.stages:
                commands.append(Command(node, body, node.line))
            elif isinstance(body, Arg):
                program.global_args.append(Command(node, body, node.line))
            else:
                raise RefusedError(f"{node.name} stands before the first FROM", next_step="Begin with FROM.")
        except RefusedError as error:
            raise RefusedError(error.why, line=error.line or node.line, next_step=error.next_step) from None
    if not program.stages:
        raise RefusedError("there is no FROM in it", next_step="Begin with FROM.")
    _close(program, commands)
    return program


def _close(program: Program, commands: list[Command]) -> None:
    if program.stages:
        last = program.stages[-1]
        program.stages[-1] = StageText(last.node, last.start, tuple(commands))


def read_body(node: Node) -> Body:
    """Read one instruction.

    Raises:
        RefusedError: Not well-formed.
    """
    if node.name not in KEYWORDS:
        raise RefusedError(f"there is no instruction {node.keyword!r}")
    reader = _READERS.get(node.name)
    if reader is not None:
        return reader(node)
    read_flags(node)
    _check_arguments(node)
    return Plain(_expanded_words(node))


def _expanded_words(node: Node) -> tuple[str, ...]:
    if node.name == "LABEL":
        return tuple(word for index, word in enumerate(node.args) if index % 3 != 2)
    if node.name == "VOLUME":
        return tuple(arg.strip(SPACE) for arg in node.args)
    if node.name in ("WORKDIR", "USER", "STOPSIGNAL", "EXPOSE"):
        return node.args
    return ()


def _check_arguments(node: Node) -> None:
    name, args = node.name, node.args
    if name in ("MAINTAINER", "WORKDIR", "USER", "STOPSIGNAL") and len(args) != 1:
        raise RefusedError(f"{name} takes exactly one argument")
    if name in ("EXPOSE", "VOLUME", "LABEL", "SHELL", "HEALTHCHECK") and not args:
        raise RefusedError(f"{name} needs an argument")
    if name == "LABEL" and not all(args[::3]):
        raise RefusedError("a name of LABEL is empty")
    if name == "SHELL" and not node.json:
        raise RefusedError("SHELL takes a JSON array")
    if name == "VOLUME" and not all(arg.strip(SPACE) for arg in args):
        raise RefusedError("a VOLUME is empty")
    if name == "HEALTHCHECK":
        _check_healthcheck(args)


def _check_healthcheck(args: tuple[str, ...]) -> None:
    kind = args[0].upper()
    if kind not in ("NONE", "CMD"):
        raise RefusedError(f"HEALTHCHECK is NONE or CMD, not {args[0]!r}")
    if kind == "NONE" and len(args) > 1:
        raise RefusedError("HEALTHCHECK NONE takes no argument")
    if kind == "CMD" and len(args) == 1:
        raise RefusedError("HEALTHCHECK CMD has no command")


def _copy(node: Node) -> Copy:
    if len(node.args) < 2:
        raise RefusedError(f"{node.name} needs a source and a destination")
    flags = read_flags(node)
    *sources, destination = node.args
    if heredoc_or_none(destination):
        raise RefusedError(f"the destination of {node.name} is a heredoc")
    contents = {heredoc.name: heredoc.content for heredoc in node.heredocs}
    paths: list[str] = []
    documents: list[Heredoc] = []
    for source in sources:
        heredoc = heredoc_or_none(source)
        if heredoc is None:
            paths.append(source)
            continue
        content = contents.get(heredoc.name, "")
        content = _TABS.sub("", content) if heredoc.chomp else content
        documents.append(Heredoc(heredoc.name, heredoc.expand, heredoc.chomp, content))
    return Copy(node.name == "ADD", tuple(paths), tuple(documents), destination, flags)


def _run(node: Node) -> Run:
    flags = read_flags(node)
    mounts = flags.texts.get("mount", ())
    if flags.text.get("network", "default") not in ("default", "none", "host"):
        raise RefusedError(f"there is no network {flags.text['network']!r}")
    if flags.text.get("security", "sandbox") not in ("sandbox", "insecure"):
        raise RefusedError(f"there is no security {flags.text['security']!r}")
    return Run(mounts, tuple(mount_origin(mount) for mount in mounts))


def _arg(node: Node) -> Arg:
    if not node.args:
        raise RefusedError("ARG needs an argument")
    pairs: list[tuple[str, str | None]] = []
    for arg in node.args:
        name, equals, value = arg.partition("=")
        if equals and not name:
            raise RefusedError("a name of ARG is empty")
        pairs.append((name, value if equals else None))
    return Arg(tuple(pairs))


def _env(node: Node) -> Env:
    read_flags(node)
    if not node.args:
        raise RefusedError("ENV needs an argument")
    if not all(node.args[::3]):
        raise RefusedError("a name of ENV is empty")
    return Env(tuple(zip(node.args[::3], node.args[1::3], strict=True)))


def _from(node: Node) -> From:
    args = node.args
    name = ""
    if len(args) == 3 and args[1].lower() == "as":
        name = args[2].lower()
        if not _STAGE_NAME.fullmatch(name):
            raise RefusedError(
                f"{args[2]!r} cannot be the name of a stage: a letter, then letters, digits, '-', '_', '.'"
            )
    elif len(args) != 1:
        raise RefusedError("FROM takes an image, or an image, AS and a name")
    return From(args[0], name, read_flags(node).text.get("platform", ""))


def _onbuild(node: Node) -> Onbuild:
    if not node.args:
        raise RefusedError("ONBUILD needs an instruction")
    read_flags(node)
    trigger = node.args[0].strip(SPACE).upper()
    if trigger in ("ONBUILD", "MAINTAINER", "FROM"):
        raise RefusedError(f"{trigger} cannot be triggered by ONBUILD")
    text = _ONBUILD.sub("", node.original)
    for heredoc in node.heredocs:
        text += f"\n{heredoc.content}{heredoc.name}"
    return Onbuild(text)


_READERS: Final[dict[str, Callable[[Node], Body]]] = {
    "ADD": _copy,
    "ARG": _arg,
    "COPY": _copy,
    "ENV": _env,
    "FROM": _from,
    "ONBUILD": _onbuild,
    "RUN": _run,
}
