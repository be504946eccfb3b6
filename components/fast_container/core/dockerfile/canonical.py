"""The canonical form of the instructions that the build key covers.

Decides which differences between two files count. Each instruction becomes a JSON array: keyword, flags, whether the
arguments were JSON, arguments, heredocs, and what each ``from`` names; BuildKit's parser keeps no more of a line.
Comments, blank lines, the layout of continuations, the letter case of keywords and unreachable stages are left out. A
``from`` is written as the position of its source among the reachable stages, so removing an unreachable stage changes
nothing.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Final

from fast_container.core.dockerfile.instructions import Arg, Command, Copy, Onbuild, ParsedStages, Run
from fast_container.core.dockerfile.lines import ParsedFile
from fast_container.core.dockerfile.reads import MAIN_CONTEXT
from fast_container.core.dockerfile.stage_source import StageSource

_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))


def canonical_instructions(
    parsed: ParsedFile,
    syntax: str | None,
    stages: ParsedStages,
    reachable: list[StageSource],
    needed: Collection[str],
) -> tuple[str, ...]:
    """Encode the instructions that count, in file order.

    Args:
        parsed: The file.
        syntax: Its ``syntax`` directive.
        stages: Its global args and stages.
        reachable: The stages and images that count.
        needed: Names of the global args that count.
    """
    texts: list[str] = []
    if parsed.escape != "\\":
        texts.append(_text(["#escape", parsed.escape]))
    if syntax is not None:
        texts.append(_text(["#syntax", syntax]))
    for command in stages.global_args:
        if isinstance(command.body, Arg):
            pairs = [list(pair) for pair in command.body.pairs if pair[0] in needed]
            if pairs:
                texts.append(_text(["ARG", "global", pairs]))
    places = {source: place for place, source in enumerate(reachable)}
    for source in reachable:
        texts += _stage(source, places)
    return tuple(texts)


def _stage(source: StageSource, places: dict[StageSource, int]) -> list[str]:
    if source.text is None:
        return []
    start = source.text.start
    origin = _place(source.base, places) if source.base else _own_start(source)
    texts = [_text(["FROM", start.base, start.platform, start.name, origin])]
    if not source.replaced_by:
        texts += [_command(source, command, places) for command in source.commands]
    return texts


def _command(source: StageSource, command: Command, places: dict[StageSource, int]) -> str:
    node = command.node
    if isinstance(command.body, Onbuild):
        return _text(["ONBUILD", command.body.trigger])
    flags = [flag for flag in node.flags if not (isinstance(command.body, Copy) and flag.startswith("--from="))]
    heredocs = [[heredoc.name, heredoc.expand, heredoc.chomp, heredoc.content] for heredoc in node.heredocs]
    origins: list[object] = []
    if isinstance(command.body, Copy | Run):
        named = command.body.origins if isinstance(command.body, Run) else (command.body.origin,)
        sources = source.origins.get(id(command), [])
        origins = [
            _place(origin, places) if name else MAIN_CONTEXT for name, origin in zip(named, sources, strict=False)
        ]
    trigger = ["triggered"] if command.triggered else []
    return _text([node.name, flags, node.json, list(node.args), heredocs, origins, *trigger])


def _own_start(source: StageSource) -> list[object]:
    """Encode where a stage starts if not from another stage; the FROM line itself names the image."""
    context = source.replaced_by or source.named_base
    return ["context", context] if context else ["scratch" if source.from_scratch else "image"]


def _place(source: StageSource, places: dict[StageSource, int]) -> list[object]:
    """Encode a source independently of stage names and of unreachable stages."""
    if source.text is not None:
        return ["stage", places[source]]
    return [*_own_start(source), source.base_name]


def _text(value: list[object]) -> str:
    return _ENCODER.encode(value)
