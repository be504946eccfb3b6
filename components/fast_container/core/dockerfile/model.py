"""What reading a Dockerfile returns, and how it can fail.

Decides the terms in which ``core.select``, ``core.key`` and the composition roots learn what a Dockerfile reads.
Leaves finding it out to the other modules of this package.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from fast_container.core.oci.health_check import HealthCheck

_COMMIT: Final = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")

Operation = Literal["copy", "add", "mount", "rootfs"]


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """The parts of an image's configuration that change what a Dockerfile means.

    Attributes:
        env: Its environment; None if unknown. A local directory that is used as a base has none:
            ``ImageFacts({}, ())``.
        onbuild: Its ``ONBUILD`` triggers, as the configuration has them.
    """

    env: Mapping[str, str] | None
    onbuild: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Selector:
    """One source of one instruction that is a path of a context.

    Attributes:
        op: ``copy`` or ``add``; ``mount``: a bind (or cache) mount's ``source``; ``rootfs``: the context is used as
            a file system, so all of it counts.
        path: Cleaned, relative to the context's root, no slash at either end; ``""`` is the root.
        wildcard: ``path`` holds ``*``, ``?`` or ``[``; always False for ``mount`` and ``rootfs``.
        parents: ``COPY --parents``: the rest of ``path`` after the pivot is a pattern like an ignore file's, in which
            ``**`` crosses directories.
        exclude: The ``--exclude`` patterns, as BuildKit gets them.
        line: Line of the instruction; of ``FROM`` for a trigger of a base.
        text: The source as written, before expansion; for messages.
        required: It has no wildcard, so the build fails if it is missing.
        pivot: The part before ``/./`` with ``parents``, cleaned like ``path``; ``""`` is the root. It is a prefix of
            ``path``, and its wildcards are those of a plain copy.
    """

    op: Operation
    path: str
    wildcard: bool
    parents: bool
    exclude: tuple[str, ...]
    line: int
    text: str
    required: bool
    pivot: str = ""


@dataclass(frozen=True, slots=True)
class ContextReads:
    """What the reachable stages read of one context.

    Attributes:
        whole: Everything that the ignore rules leave is read, or may be.
        reasons: Why, one line each; empty unless ``whole``.
        selectors: Each use by itself, in the order of the stages; also those that ``whole`` covers already.
    """

    whole: bool
    reasons: tuple[str, ...]
    selectors: tuple[Selector, ...]


@dataclass(frozen=True, slots=True)
class ExternalImage:
    """An image that a reachable stage starts from or copies from, and that no stage or named context provides.

    Attributes:
        reference: As written, variables expanded.
        normalised: With host, and ``:latest`` if it has neither tag nor digest.
        platform: ``os/arch[/variant]``; ``""`` is the builder's own platform if unknown.
        line: Line of the ``FROM``, ``COPY`` or ``RUN``.
        stage: The stage's name, or its index as a string.
        starts_stage: A ``FROM`` names it, not only a ``--from``.
    """

    reference: str
    normalised: str
    platform: str
    line: int
    stage: str
    starts_stage: bool = True


@dataclass(frozen=True, slots=True)
class NamedStage:
    """A stage that has a name, reachable or not.

    Attributes:
        name: From ``AS``, in lower case.
        base: What its ``FROM`` names, variables expanded.
        line: Line of its ``FROM``.
    """

    name: str
    base: str
    line: int


@dataclass(frozen=True, slots=True)
class RemoteSource:
    """A URL or git repository that a reachable ``ADD`` fetches.

    Attributes:
        url: Expanded.
        checksum: ``--checksum``, expanded, or the commit that a git URL names in its query; ``""`` without either.
        line: Line of the ``ADD``.
    """

    url: str
    checksum: str
    line: int

    @property
    def is_fixed(self) -> bool:
        """Whether its content can never change: it has a checksum, or a full commit as the URL's fragment."""
        return bool(self.checksum) or is_commit(self.url)


def is_commit(url: str) -> bool:
    """Whether a repository's URL names a full commit as its fragment."""
    return _COMMIT.fullmatch(url.partition("#")[2].partition(":")[0]) is not None


@dataclass(frozen=True, slots=True)
class SecretMount:
    """A secret, or an SSH agent, that a ``RUN`` of a reachable stage mounts.

    Attributes:
        id: Its id; ``""`` if it cannot be known here.
        kind: ``secret`` or ``ssh``.
        may_be_absent: The mount says ``required=false``.
        line: Line of the ``RUN``.
    """

    id: str
    kind: Literal["secret", "ssh"]
    may_be_absent: bool
    line: int


@dataclass(frozen=True, slots=True)
class AssumedStage:
    """A stage whose base may have ``ONBUILD`` triggers that are unknown and were taken to be absent.

    Attributes:
        label: The stage's name in BuildKit's progress; ``""`` for the only stage of a file.
        base: What it starts from, as written.
        steps: How many steps BuildKit counts when there is no trigger.
        whole: The whole build context counts, so a trigger finds in it what was hashed.
    """

    label: str
    base: str
    steps: int
    whole: bool


@dataclass(frozen=True, slots=True)
class RanStep:
    """One step of a build, as BuildKit's progress names it: ``[stage number/count] text``."""

    stage: str
    number: int
    count: int
    text: str


@dataclass(frozen=True, slots=True)
class ContextStart:
    """A reachable stage, or a ``--from``, that a named context replaces.

    Attributes:
        context: The named context.
        platform: That of the stage, in normal form; ``""`` if only the builder knows it.
        line: Line of the ``FROM``, or of the instruction that names it.
    """

    context: str
    platform: str
    line: int


@dataclass(frozen=True, slots=True)
class DockerfileReads:
    """Everything that a build key and a context need to know of a Dockerfile.

    Attributes:
        instructions: One JSON string for each directive that changes the meaning, each global ``ARG`` that matters and
            each instruction of the reachable stages, in file order. Equal tuples build equal images from equal
            inputs. For a file that was not understood: its raw bytes as the only element.
        understood: False for a foreign ``# syntax`` and for what depends on the builder's platform.
        stages: Names (indices as strings) of the reachable stages, in file order.
        declared_args: Names of the build args that can have an effect on the reachable stages.
        contexts: ``context`` and named contexts that are read; the others are absent.
        external_images: In order of first use, without repetition.
        remote_sources: In order.
        warnings: What makes a whole context count, one line each.
        secrets: Secrets and SSH agents that the reachable stages mount, in order.
        onbuild: The triggers that the image passes on to images that start from it; None for a file that was not
            understood.
        assumed: Stages whose bases' triggers were taken to be absent; the steps of the build show whether they were.
        starts: Each use of a named context as an image.
        known_args: Names of build args that any stage declares, or that need no ``ARG``; empty for a file that was not
            understood.
        known_contexts: Named contexts that any stage uses, reachable or not.
        named_stages: The stages that have a name, in file order.
        run_platforms: The platforms that reachable ``RUN`` instructions run on, without the builder's own.
        health_check: That of the target and of the stages below it; None where they say none.
        starts_from: The external image, or the name of the named context, that the target goes back to; ``""`` for
            ``scratch``, and for a file that was not understood.
        own_steps: Names of the instructions that the target's stages add to the image's history, after those of what it
            starts from, in order; None for a file that was not understood.
    """

    instructions: tuple[str | bytes, ...]
    understood: bool
    stages: tuple[str, ...]
    declared_args: frozenset[str]
    contexts: Mapping[str, ContextReads]
    external_images: tuple[ExternalImage, ...]
    remote_sources: tuple[RemoteSource, ...]
    warnings: tuple[str, ...]
    secrets: tuple[SecretMount, ...] = ()
    onbuild: tuple[str, ...] | None = None
    assumed: tuple[AssumedStage, ...] = ()
    starts: tuple[ContextStart, ...] = ()
    known_args: frozenset[str] = frozenset()
    known_contexts: frozenset[str] = frozenset()
    named_stages: tuple[NamedStage, ...] = ()
    run_platforms: tuple[str, ...] = ()
    health_check: HealthCheck | None = None
    starts_from: str = ""
    own_steps: tuple[str, ...] | None = None


class RefusedError(Exception):
    """BuildKit would refuse this; becomes a ``DockerfileError`` as soon as file and line are known."""

    def __init__(self, why: str, *, line: int = 0, next_step: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.line = line
        self.next_step = next_step


class UnknownTargetError(RefusedError):
    """The requested stage does not exist; becomes an ``ArgsError``, since the Dockerfile may be right."""


class UnknownValueError(Exception):
    """An expansion depends on a variable whose value cannot be known here."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"${name}: {reason}")
        self.name = name
        self.reason = reason
