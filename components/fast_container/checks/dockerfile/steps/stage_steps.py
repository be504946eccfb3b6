"""The stages that a target needs, step by step, as the rules see them.

Decides what a rule may know of a step: its commands, cache mounts, what it reads of the build context, and the
variables that are set at that place. Leaves stages and reachability to ``core.dockerfile``. Nothing here is refused:
the file was read before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from fast_container.checks.dockerfile.steps.shell_commands import ShellCommand, commands_of_run
from fast_container.core.dockerfile import DockerfileReads, ImageFacts, Selector
from fast_container.core.dockerfile.instructions import Arg, Command, Copy, Env, Plain, Run
from fast_container.core.dockerfile.model import RefusedError, UnknownValueError
from fast_container.core.dockerfile.mounts import csv_fields
from fast_container.core.dockerfile.opened import OpenedDockerfile
from fast_container.core.dockerfile.scope import Scope
from fast_container.core.dockerfile.stage_source import StageSource

_DEFAULT_SHELL: Final = ("/bin/sh", "-c")
_MOUNT_NAMES: Final = {"src": "source", "dst": "target", "destination": "target"}
_ASKED: Final = (
    *("PIP_NO_CACHE_DIR", "PIP_CACHE_DIR", "UV_NO_CACHE", "UV_CACHE_DIR", "UV_COMPILE_BYTECODE", "PYTHONOPTIMIZE"),
    *("SOURCE_DATE_EPOCH", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX"),
    *("PIP_NO_INDEX", "UV_OFFLINE", "UV_TORCH_BACKEND", "PIP_NO_COMPILE", "UV_FROZEN", "UV_NO_INSTALL_PROJECT"),
    *("PIP_COMPILE", "PIP_FIND_LINKS", "UV_LINK_MODE", "UV_PYTHON_DOWNLOADS"),
)


@dataclass(frozen=True, slots=True)
class StepMount:
    """A ``--mount`` of a ``RUN``: its type, where it is, what it is from."""

    type: str
    target: str
    origin: str
    source: str


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction of a stage.

    Attributes:
        command: As parsed.
        commands: What a ``RUN`` starts; empty for others, None if it is not understood.
        mounts: Those of a ``RUN``.
        inputs: What it reads of the build context.
        env: Variables that rules ask for, where they are known to be set.
        words: The words of an instruction that reads nothing, expanded as far as they are known.
        origin: The stage that a ``COPY --from`` copies from; None for the build context and for other images.
    """

    command: Command
    commands: tuple[ShellCommand, ...] | None = ()
    mounts: tuple[StepMount, ...] = ()
    inputs: tuple[Selector, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    words: tuple[str, ...] = ()
    origin: Stage | None = None

    @property
    def name(self) -> str:
        """The instruction."""
        return self.command.node.name

    @property
    def line(self) -> int:
        """Line in the file."""
        return self.command.line

    @property
    def cache_targets(self) -> tuple[str, ...]:
        """Where the cache mounts of a ``RUN`` are."""
        return tuple(mount.target for mount in self.mounts if mount.type == "cache")


@dataclass(slots=True, eq=False)
class Stage:
    """One stage.

    Attributes:
        name: Its name, or its number.
        line: Of its ``FROM``.
        base: The stage that it starts from; None for an image.
        image: The image that it starts from, in full; ``""`` for a stage or a base image of ours.
        platform: As ``FROM --platform`` says in normal form; None without one.
        facts: The facts of the image that it starts from; None if unknown.
        steps: Its own instructions.
    """

    name: str
    line: int
    base: Stage | None
    image: str
    platform: str | None
    facts: ImageFacts | None
    from_scratch: bool
    steps: list[Step] = field(default_factory=list[Step])

    def chain(self) -> list[Step]:
        """The steps of the stages below it, and its own."""
        return [*(self.base.chain() if self.base else ()), *self.steps]

    @property
    def root(self) -> Stage:
        """The stage below it that starts from an image."""
        return self.base.root if self.base else self


@dataclass(frozen=True, slots=True)
class DockerfileStages:
    """The stages that a target needs.

    Attributes:
        stages: In file order.
        target: The one that becomes the image.
    """

    stages: tuple[Stage, ...]
    target: Stage

    def steps(self) -> Iterator[tuple[Stage, Step]]:
        """All steps, each with its stage."""
        for stage in self.stages:
            for step in stage.steps:
                yield stage, step


def read_steps(opened: OpenedDockerfile, reads: DockerfileReads, build_args: Mapping[str, str]) -> DockerfileStages:
    """Make the stages of an opened Dockerfile that was read for the same target."""
    inputs: dict[int, list[Selector]] = {}
    context = reads.contexts.get("context")
    for selector in context.selectors if context else ():
        inputs.setdefault(selector.line, []).append(selector)
    reader = _Reader(opened, inputs, build_args)
    for source in opened.reachable:
        reader.read(source)
    found = [reader.stages[source] for source in opened.reachable if source in reader.stages]
    return DockerfileStages(tuple(found), reader.stages[opened.goal])


class _Reader:
    def __init__(
        self, opened: OpenedDockerfile, inputs: Mapping[int, list[Selector]], build_args: Mapping[str, str]
    ) -> None:
        self._opened = opened
        self._inputs = inputs
        self._build_args = build_args
        self._scopes: dict[StageSource, Scope] = {}
        self._shells: dict[StageSource, Sequence[str]] = {}
        self.stages: dict[StageSource, Stage] = {}

    def read(self, source: StageSource) -> None:
        if source.text is None:
            return
        graph = self._opened.graph
        base = None if source.replaced_by or source.base is None else source.base
        stage = self.stages[source] = Stage(
            source.name,
            source.line,
            self.stages.get(base) if base else None,
            source.normalised if source.from_image else "",
            source.platform,
            graph.facts_of(source),
            source.from_scratch,
        )
        if source.replaced_by:
            return
        scope = self._scopes[source] = self._scope(source, base)
        self._shells[source] = self._shells.get(base, _DEFAULT_SHELL) if base else _DEFAULT_SHELL
        for command in source.commands:
            stage.steps.append(self._step(source, command, scope))

    def _scope(self, source: StageSource, base: StageSource | None) -> Scope:
        escape = self._opened.parsed.escape
        if base is not None and base in self._scopes:
            return self._scopes[base].child()
        if source.from_scratch:
            return Scope.of_scratch(escape)
        return Scope.of_image(escape, self._opened.graph.facts_of(source), source.base_name)

    def _step(self, source: StageSource, command: Command, scope: Scope) -> Step:
        body = command.body
        env = {name: value for name in _ASKED if (value := _value(scope, name)) is not None}
        inputs = tuple(self._inputs.get(command.line, ()))
        if isinstance(body, Env):
            scope.apply_env(body)
            return Step(command, env={name: value for name in _ASKED if (value := _value(scope, name)) is not None})
        if isinstance(body, Arg):
            scope.apply_arg(body, self._build_args, self._opened.globals_)
        elif isinstance(body, Copy):
            origins = source.origins.get(id(command), [])
            origin = self.stages.get(origins[0]) if origins else None
            return Step(command, inputs=() if body.origin else inputs, env=env, origin=origin)
        elif isinstance(body, Run):
            mounts = tuple(_mount(text, scope) for text in body.mounts)
            commands = commands_of_run(command.node, lambda name: _value(scope, name), self._shells[source])
            return Step(command, commands, mounts, inputs, env)
        elif isinstance(body, Plain):
            if command.node.name == "SHELL":
                self._shells[source] = command.node.args
            return Step(command, env=env, words=tuple(_expanded(scope, word) for word in body.words))
        return Step(command, env=env)


def _value(scope: Scope, name: str) -> str | None:
    try:
        return scope.lookup(name)
    except UnknownValueError:
        return None


def _expanded(scope: Scope, word: str) -> str:
    try:
        return scope.expand(word)
    except (RefusedError, UnknownValueError):
        return word


def _mount(text: str, scope: Scope) -> StepMount:
    values = {"type": "bind"}
    for item in csv_fields(text):
        key, _, value = item.partition("=")
        values[_MOUNT_NAMES.get(key.lower(), key.lower())] = _expanded(scope, value)
    return StepMount(values["type"].lower(), values.get("target", ""), values.get("from", ""), values.get("source", ""))
