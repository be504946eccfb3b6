"""Reading instructions: what each line says, and which stage it belongs to.

Decides which lines are well-formed instructions and how they are grouped into stages. Leaves the parts of an
instruction to ``instructions``, cutting a line into words to ``split_line``.
Source: BuildKit v0.34.2, ``frontend/dockerfile/instructions``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from fast_container.core.dockerfile.flags import read_flags
from fast_container.core.dockerfile.instructions import (
    Arg,
    Body,
    Command,
    Copy,
    Env,
    From,
    Onbuild,
    ParsedStages,
    Plain,
    Run,
    StageText,
)
from fast_container.core.dockerfile.lines import heredoc_or_none
from fast_container.core.dockerfile.model import RefusedError
from fast_container.core.dockerfile.mounts import mount_origin
from fast_container.core.dockerfile.parsed_line import Heredoc, ParsedLine
from fast_container.core.dockerfile.split_line import KEYWORDS
from fast_container.core.go_path import SPACE

_STAGE_NAME: Final = re.compile(r"[a-z][a-z0-9\-_.]*")
_ONBUILD: Final = re.compile(r"\A[\t\n\f\r ]*ONBUILD[\t\n\f\r ]*", re.IGNORECASE | re.ASCII)
_TABS: Final = re.compile(r"^\t+", re.MULTILINE)


def read_stages(nodes: Sequence[ParsedLine]) -> ParsedStages:
    """Group instructions into stages.

    Raises:
        RefusedError: BuildKit's instruction parser would refuse the file; with the line.
    """
    parsed_stages = ParsedStages()
    commands: list[Command] = []
    for node in nodes:
        try:
            body = read_body(node)
            if isinstance(body, From):
                _close(parsed_stages, commands)
                parsed_stages.stages.append(StageText(node, body))
                commands = []
            elif parsed_stages.stages:
                commands.append(Command(node, body, node.line))
            elif isinstance(body, Arg):
                parsed_stages.global_args.append(Command(node, body, node.line))
            else:
                raise RefusedError(f"{node.name} stands before the first FROM", next_step="Begin with FROM.")
        except RefusedError as error:
            raise RefusedError(error.why, line=error.line or node.line, next_step=error.next_step) from None
    if not parsed_stages.stages:
        raise RefusedError("there is no FROM in it", next_step="Begin with FROM.")
    _close(parsed_stages, commands)
    return parsed_stages


def _close(parsed_stages: ParsedStages, commands: list[Command]) -> None:
    if parsed_stages.stages:
        last = parsed_stages.stages[-1]
        parsed_stages.stages[-1] = StageText(last.node, last.start, tuple(commands))


def read_body(node: ParsedLine) -> Body:
    """Read one instruction.

    Raises:
        RefusedError: It is not well-formed.
    """
    if node.name not in KEYWORDS:
        raise RefusedError(f"there is no instruction {node.keyword!r}")
    reader = _READERS.get(node.name)
    if reader is not None:
        return reader(node)
    read_flags(node)
    _check_arguments(node)
    return Plain(_expanded_words(node))


def _expanded_words(node: ParsedLine) -> tuple[str, ...]:
    if node.name == "LABEL":
        return tuple(word for index, word in enumerate(node.args) if index % 3 != 2)
    if node.name == "VOLUME":
        return tuple(arg.strip(SPACE) for arg in node.args)
    if node.name in ("WORKDIR", "USER", "STOPSIGNAL", "EXPOSE"):
        return node.args
    return ()


def _check_arguments(node: ParsedLine) -> None:
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


def _copy(node: ParsedLine) -> Copy:
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


def _run(node: ParsedLine) -> Run:
    flags = read_flags(node)
    mounts = flags.repeated.get("mount", ())
    if flags.single.get("network", "default") not in ("default", "none", "host"):
        raise RefusedError(f"there is no network mode {flags.single['network']!r}")
    if flags.single.get("security", "sandbox") not in ("sandbox", "insecure"):
        raise RefusedError(f"there is no security mode {flags.single['security']!r}")
    return Run(mounts, tuple(mount_origin(mount) for mount in mounts))


def _arg(node: ParsedLine) -> Arg:
    if not node.args:
        raise RefusedError("ARG needs an argument")
    pairs: list[tuple[str, str | None]] = []
    for arg in node.args:
        name, equals, value = arg.partition("=")
        if equals and not name:
            raise RefusedError("a name of ARG is empty")
        pairs.append((name, value if equals else None))
    return Arg(tuple(pairs))


def _env(node: ParsedLine) -> Env:
    read_flags(node)
    if not node.args:
        raise RefusedError("ENV needs an argument")
    if not all(node.args[::3]):
        raise RefusedError("a name of ENV is empty")
    return Env(tuple(zip(node.args[::3], node.args[1::3], strict=True)))


def _from(node: ParsedLine) -> From:
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
    return From(args[0], name, read_flags(node).single.get("platform", ""))


def _onbuild(node: ParsedLine) -> Onbuild:
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


_READERS: Final[dict[str, Callable[[ParsedLine], Body]]] = {
    "ADD": _copy,
    "ARG": _arg,
    "COPY": _copy,
    "ENV": _env,
    "FROM": _from,
    "ONBUILD": _onbuild,
    "RUN": _run,
}
