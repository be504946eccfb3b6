"""Stages: what each starts from and copies from, and which of them a target needs.

Decides what a name in ``FROM``, ``--from`` and ``--target`` means (stage, named context, image), which stages are
reachable, and which ``ONBUILD`` triggers run where. Leaves what a stage's instructions read to ``reads``.
Source: BuildKit v0.34.2, ``frontend/dockerfile/dockerfile2llb/convert.go``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from fast_container.core.dockerfile.instructions import Command, Copy, Onbuild, ParsedStages, Run, StageText
from fast_container.core.dockerfile.lex_options import LexOptions
from fast_container.core.dockerfile.lines import parse_text
from fast_container.core.dockerfile.model import (
    ImageFacts,
    NamedStage,
    RefusedError,
    UnknownTargetError,
    UnknownValueError,
)
from fast_container.core.dockerfile.named_contexts import NamedContexts, read_reference
from fast_container.core.dockerfile.read_instructions import read_body
from fast_container.core.dockerfile.scope import GlobalScope
from fast_container.core.dockerfile.shell_words import expand_word
from fast_container.core.dockerfile.stage_source import StageSource
from fast_container.core.oci.platform import NotAPlatformError, parse_platform

_NUMBER: Final = re.compile(r"[+-]?[0-9]+")


class StageGraph:
    """The stages of a file and all that they name.

    Attributes:
        sources: The stages in file order, then sources that only ``--from`` names; BuildKit counts through both.
    """

    def __init__(
        self,
        parsed_stages: ParsedStages,
        globals_: GlobalScope,
        *,
        named: NamedContexts,
        platform: str,
        facts: Mapping[str, ImageFacts],
        escape: str,
    ) -> None:
        """Build the graph.

        Raises:
            RefusedError: A bad name, a dependency cycle, and the like.
            UnknownValueError: A base's name depends on an unknown value.
        """
        self.sources: list[StageSource] = []
        self._by_name: dict[str, StageSource] = {}
        self._named = named
        self._platform = platform
        self._facts = facts
        self._options = LexOptions(escape=escape)
        for index, text in enumerate(parsed_stages.stages):
            with at_line(text.node.line):
                self._add_stage(index, text, globals_)
        for source in list(self.sources):
            for command in source.commands:
                with at_line(command.line):
                    self._link(source, command)
        self._is_alone = len(self.sources) == 1
        self._refuse_cycles()
        for source in self.sources:
            with at_line(source.line):
                self._resolve(source)

    def target(self, name: str) -> StageSource:
        """Return the stage to build; the last one for ``""``.

        Raises:
            RefusedError: There is no such stage.
        """
        stages = [source for source in self.sources if source.text is not None]
        if not name:
            return stages[-1]
        found = self._by_name.get(name.lower())
        if found is None:
            known = ", ".join(source.text.start.name for source in stages if source.text and source.text.start.name)
            raise UnknownTargetError(
                f"there is no stage {name!r}; a stage's number is not accepted as a target",
                next_step=f"Take one of: {known}." if known else "Name the stage with FROM … AS.",
            )
        return found

    def reachable(self, target: StageSource) -> list[StageSource]:
        """Return everything that the target needs, in order; triggers of bases come before their stages' commands.

        Raises:
            RefusedError: A trigger that is not an instruction.
        """
        while True:
            found = self._closure(target)
            new = [source for source in self.sources if source in found and not source.triggers_read]
            for source in new:
                source.triggers_read = True
                with at_line(source.line):
                    self._run_triggers(source)
            if not new:
                return [source for source in self.sources if source in found]

    def used_contexts(self) -> frozenset[str]:
        """Return the named contexts that any stage uses, reachable or not."""
        return frozenset(name for source in self.sources for name in (source.replaced_by, source.named_base) if name)

    def named_stages(self) -> tuple[NamedStage, ...]:
        """Return the stages that have a name."""
        return tuple(
            NamedStage(source.text.start.name, source.base_name, source.line)
            for source in self.sources
            if source.text is not None and source.text.start.name
        )

    def label_of(self, source: StageSource) -> str:
        """Return the name of a stage in BuildKit's progress."""
        if self._is_alone or source.text is None:
            return ""
        return source.text.start.name or f"stage-{source.index}"

    def facts_of(self, source: StageSource) -> ImageFacts | None:
        """Return the facts of the image or named context that a source starts from, if known."""
        for key in (source.replaced_by, source.named_base, source.base_name, source.normalised):
            if key and key in self._facts:
                return self._facts[key]
        return None

    def _add_stage(self, index: int, text: StageText, globals_: GlobalScope) -> None:
        start = text.start
        globals_.used = set()
        base_name = globals_.expand(start.base)
        if not base_name:
            raise RefusedError(
                f"the base {start.base!r} is empty",
                next_step="Give the variable a default with ARG before the first FROM, or a build arg.",
            )
        source = StageSource(base_name, text.node.line, text, index, commands=list(text.commands))
        if start.platform:
            source.platform = _platform(start.platform, globals_)
        source.from_args = frozenset(globals_.used)
        source.base = self._by_name.get(base_name)
        if start.name:
            source.replaced_by = self._named.find(start.name, self._platform_of(source))
        if source.replaced_by:
            source.base = None
        self.sources.append(source)
        if start.name:
            self._by_name[start.name] = source

    def _platform_of(self, source: StageSource) -> str:
        return self._platform if source.platform is None else source.platform

    def _link(self, source: StageSource, command: Command) -> None:
        body = command.body
        if isinstance(body, Copy) and body.origin:
            source.origins[id(command)] = [self._copy_origin(source, body.origin, command.line)]
        elif isinstance(body, Run) and body.mounts:
            source.origins[id(command)] = [
                self._by_name.get(origin.lower()) or self._unregistered(source, origin, command.line)
                for origin in (origin or "scratch" for origin in body.origins)
            ]

    def _copy_origin(self, source: StageSource, origin: str, line: int) -> StageSource:
        if expand_word(origin, lambda _name: None, self._options) != origin:
            raise RefusedError(
                f"--from={origin} does not expand variables",
                next_step="Name a stage with FROM … AS, whose base may hold a global ARG.",
            )
        if _NUMBER.fullmatch(origin):
            index = int(origin)
            if not 0 <= index < len(self.sources):
                raise RefusedError(f"there is no stage number {origin}")
            return self.sources[index]
        return self._by_name.get(origin.lower()) or self._unregistered(source, origin, line)

    def _unregistered(self, user: StageSource, name: str, line: int) -> StageSource:
        source = StageSource(name, line, user=user)
        source.base = self._by_name.get(name)
        self.sources.append(source)
        return source

    def _refuse_cycles(self) -> None:
        done: set[StageSource] = set()

        def visit(source: StageSource, path: set[StageSource]) -> None:
            if source in done:
                return
            done.add(source)
            for origin in source.dependencies():
                if origin in path or origin is source:
                    raise RefusedError(f"stage {source.name} depends on itself (a cycle)", line=source.line)
                visit(origin, path | {source})

        for source in self.sources:
            visit(source, set())

    def _resolve(self, source: StageSource) -> None:
        if source.base is not None or source.from_scratch:
            return
        reference = read_reference(source.base_name)
        source.normalised = reference.normalised
        if not source.replaced_by:
            source.named_base = self._named.find(source.normalised, self._platform_of(source))

    def _closure(self, target: StageSource) -> set[StageSource]:
        found: set[StageSource] = set()
        todo = [target]
        while todo:
            source = todo.pop()
            if source in found:
                continue
            found.add(source)
            if source.replaced_by:
                continue  # BuildKit fetches what the replaced stage used, but it has no effect
            if source.base is not None:
                todo.append(source.base)
            todo += source.dependencies()
        return found

    def _run_triggers(self, source: StageSource) -> None:
        triggers = [
            c.body.trigger for c in (source.base.commands if source.base else ()) if isinstance(c.body, Onbuild)
        ]
        if source.base is None and not source.from_scratch:
            facts = self.facts_of(source)
            if facts is not None:
                triggers = list(facts.onbuild)
            else:
                source.triggers_assumed = source.text is not None and not source.replaced_by
        if source.text is None:
            return
        commands = [self._trigger(trigger, source.line) for trigger in triggers]
        for command in commands:
            first_new = len(self.sources)
            self._link(source, command)
            for added in self.sources[first_new:]:
                self._resolve(added)
        source.commands[:0] = commands

    def _trigger(self, trigger: str, line: int) -> Command:
        nodes = parse_text(trigger).nodes
        if len(nodes) != 1 or nodes[0].name == "FROM":
            raise RefusedError(f"the ONBUILD trigger {trigger!r} is not one instruction")
        node = replace(nodes[0], line=line)
        return Command(node, read_body(node), line, triggered=True)


def _platform(text: str, globals_: GlobalScope) -> str:
    try:
        platform = globals_.expand(text)
    except UnknownValueError:
        return ""
    if not platform:
        raise RefusedError(f"the platform {text!r} is empty")
    try:
        return parse_platform(platform)
    except NotAPlatformError as error:
        raise RefusedError(str(error)) from None


class at_line:  # noqa: N801 - reads like the function that it stands for
    """Adds a line to errors raised within."""

    __slots__ = ("_line",)

    def __init__(self, line: int) -> None:
        self._line = line

    def __enter__(self) -> None:
        return

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, RefusedError) and not error.line:
            error.line = self._line
