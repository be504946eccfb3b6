"""What a stage starts from or copies from: another stage, a named context, an image, or nothing.

Decides which named context a source consists of, if any. Leaves finding sources to ``stages``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from fast_container.core.dockerfile.instructions import Command, Copy, Run, StageText


@dataclass(slots=True, eq=False)
class StageSource:
    """Something to build upon or copy from: a stage, a named context, an image, or ``scratch``.

    Attributes:
        base_name: What it starts from, variables expanded.
        line: Line of the ``FROM``, or of the instruction that names an image.
        text: The stage in the file; None for a source that only a ``--from`` names.
        index: The stage's number; -1 without a stage.
        platform: Of ``FROM --platform``; None for the target's; ``""`` for an unknown builder's.
        base: The earlier stage that it starts from.
        replaced_by: The named context that replaces the stage.
        named_base: The named context that replaces the image that it starts from.
        commands: Its instructions, after the triggers of the base.
        origins: For each command that copies or mounts from elsewhere, by identity: what its ``from`` names.
        user: The stage that asked for it, if it is not a stage itself.
        from_args: Names that its ``FROM`` asked for.
        normalised: The image's full name, if it starts from an image.
        triggers_assumed: The triggers of its base are unknown and taken to be absent.
    """

    base_name: str
    line: int
    text: StageText | None = None
    index: int = -1
    platform: str | None = None
    base: StageSource | None = None
    replaced_by: str | None = None
    named_base: str | None = None
    commands: list[Command] = field(default_factory=list[Command])
    origins: dict[int, list[StageSource]] = field(default_factory=dict[int, "list[StageSource]"])
    user: StageSource | None = None
    normalised: str = ""
    triggers_read: bool = False
    triggers_assumed: bool = False
    from_args: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The stage's name, or its index as a string."""
        if self.text is None:
            return self.user.name if self.user else self.base_name
        return self.text.start.name or str(self.index)

    @property
    def from_scratch(self) -> bool:
        """Whether it starts from nothing."""
        return self.base is None and self.base_name == "scratch" and not self.replaced_by

    @property
    def from_image(self) -> bool:
        """Whether it starts from an external image."""
        return not (self.base or self.replaced_by or self.named_base or self.from_scratch)

    def dependencies(self) -> Iterator[StageSource]:
        """Sources that its commands copy or mount from."""
        for sources in self.origins.values():
            yield from sources


def context_of(source: StageSource) -> str | None:
    """Return the named context whose files are exactly those of a source, or None."""
    while True:
        if source.replaced_by:
            return source.replaced_by
        if source.text is not None and makes_layers(source):
            return None
        if source.base is None:
            return source.named_base
        source = source.base


def root_of(source: StageSource) -> StageSource:
    """Follow the bases of a source to the first one."""
    while source.base is not None and not source.replaced_by:
        source = source.base
    return source


def makes_layers(source: StageSource) -> bool:
    """Whether a stage adds files to what it starts from."""
    return not source.replaced_by and any(
        isinstance(command.body, Copy | Run) or command.node.name == "WORKDIR" for command in source.commands
    )
