"""Reads a Dockerfile: what a target takes from contexts, images and arguments.

Decides whether a file is understood at all, and puts the parts together. What cannot be known makes whole contexts
count, with a reason; what BuildKit would refuse is refused here, with file and line.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from fast_container.core.dockerfile.canonical import canonical_instructions
from fast_container.core.dockerfile.instructions import Arg, Copy, Onbuild, ParsedStages, Run
from fast_container.core.dockerfile.lines import find_syntax
from fast_container.core.dockerfile.model import (
    AssumedStage,
    ContextReads,
    DockerfileReads,
    ImageFacts,
    RefusedError,
    UnknownTargetError,
    UnknownValueError,
)
from fast_container.core.dockerfile.opened import NO_ARGS, NO_FACTS, OpenedDockerfile, open_dockerfile, platform_of
from fast_container.core.dockerfile.reads import MAIN_CONTEXT, Reader
from fast_container.core.dockerfile.scope import ALWAYS_EFFECTIVE, GlobalScope
from fast_container.core.dockerfile.stage_source import StageSource, root_of
from fast_container.core.dockerfile.stages import StageGraph
from fast_container.core.oci.ecr_host import ecr_host
from fast_container.core.oci.health_check import HealthCheck, health_check_of
from fast_container.core.oci.platform import normal_or_same
from fast_container.core.oci.repository import HOSTS_OF_DOCKER_HUB, Repository
from fast_container.errors import ArgsError, DockerfileError

# The path after a registry's host; an ECR pull-through cache puts a prefix before it.
_OWN_SYNTAX: Final = re.compile(
    r"(?P<prefix>(?:[a-z0-9._-]+/)*)docker/dockerfile(?:-upstream)?(?::(?P<tag>[\w.-]+))?(?:@.*)?"
)
# Docker Hub under each of its names, and its public copies.
_HUB: Final = HOSTS_OF_DOCKER_HUB | {"registry.hub.docker.com", "mirror.gcr.io"}
_WITHOUT_HEREDOCS: Final = re.compile(r"1\.[0-3](?:[.-].*)?")


def read_dockerfile(
    text: bytes,
    *,
    file: str,
    target: str = "",
    build_args: Mapping[str, str] = NO_ARGS,
    platform: str = "linux/amd64",
    build_platform: str | None = None,
    named_contexts: Collection[str] = (),
    image_facts: Mapping[str, ImageFacts] = NO_FACTS,
) -> DockerfileReads:
    """Read a Dockerfile for one target and platform.

    Args:
        text: The file's bytes.
        file: Its name in messages.
        target: A stage's name; ``""`` is the last stage.
        build_args: Name → value.
        platform: The platform that is built for.
        build_platform: The builder's own, if known.
        named_contexts: Names of all named contexts of any kind; ``contexts`` says what is read of each.
        image_facts: Facts of images, by the reference as written (expanded), by its normal form, or by the name of the
            named context.

    Raises:
        DockerfileError: BuildKit would refuse the file.
        ArgsError: The target is not in it, or the platform cannot be read.
    """
    platform = platform_of(platform)
    try:
        syntax = build_args.get("BUILDKIT_SYNTAX", "").strip() or find_syntax(text)
        foreign = _why_foreign(syntax, text)
        if foreign:
            return _not_understood(text, foreign, build_args, named_contexts)
        opened = open_dockerfile(
            text,
            target=target,
            build_args=build_args,
            platform=platform,
            build_platform=build_platform,
            named_contexts=named_contexts,
            image_facts=image_facts,
        )
        reader = Reader(
            opened.graph, opened.globals_, build_args=build_args, platform=platform, escape=opened.parsed.escape
        )
        reader.read(opened.reachable, opened.goal)
    except UnknownTargetError as error:
        raise ArgsError(
            f"{error.why[0].upper()}{error.why[1:]}.",
            property_path="target",
            why=f"in {file}",
            next_step=error.next_step,
        ) from None
    except RefusedError as error:
        raise DockerfileError(
            f"The Dockerfile is refused: {error.why}.",
            file=file,
            line=error.line,
            next_step=error.next_step or "Correct the Dockerfile; BuildKit would refuse it too.",
        ) from None
    except UnknownValueError as error:
        return _not_understood(text, f"a FROM depends on ${error.name}, but {error.reason}", build_args, named_contexts)
    return _reads(opened, reader, syntax, platform, build_args)


def _reads(
    opened: OpenedDockerfile, reader: Reader, syntax: str | None, platform: str, build_args: Mapping[str, str]
) -> DockerfileReads:
    """Put together what was read."""
    parsed_stages, graph, goal, reachable = opened.parsed_stages, opened.graph, opened.goal, opened.reachable
    needed = _needed_args(parsed_stages, reachable, opened.globals_, build_args)
    return DockerfileReads(
        instructions=canonical_instructions(opened.parsed, syntax, parsed_stages, reachable, needed),
        understood=True,
        stages=tuple(source.name for source in reachable if source.text is not None),
        declared_args=frozenset(needed),
        contexts=reader.contexts,
        external_images=tuple(reader.external_images),
        remote_sources=tuple(reader.remote_sources),
        warnings=tuple(reader.warnings),
        secrets=tuple(reader.secrets),
        onbuild=() if goal.replaced_by else tuple(c.body.trigger for c in goal.commands if isinstance(c.body, Onbuild)),
        assumed=tuple(_assumed(graph, source, reader) for source in reachable if source.triggers_assumed),
        starts=tuple(reader.starts),
        known_args=_known_args(parsed_stages, graph, build_args),
        known_contexts=graph.used_contexts(),
        named_stages=graph.named_stages(),
        run_platforms=tuple(dict.fromkeys(_run_platforms(reachable, platform))),
        health_check=_health_check(goal),
        starts_from=_starts_from(goal),
        own_steps=_own_steps(goal),
    )


def _why_foreign(syntax: str | None, text: bytes) -> str:
    """Return why the file may mean something else than it says; ``""`` if it does not."""
    if syntax is None:
        return ""
    image = syntax.split(" ", 1)[0]
    own = _OWN_SYNTAX.fullmatch(image)
    if own is None or not _is_hub(own["prefix"].rstrip("/")):
        return f"the syntax {image} is not docker/dockerfile, so what the file reads cannot be known"
    if own["tag"] and _WITHOUT_HEREDOCS.fullmatch(own["tag"]) and b"<<" in text:
        return f"the syntax {image} is older than heredocs, and the file may hold one"
    return ""


def _is_hub(prefix: str) -> bool:
    """Whether the prefix of ``docker/dockerfile`` is Docker Hub, a copy of it, or a pull-through cache."""
    place = Repository.parse(prefix)
    return not prefix or (place.host in _HUB and not place.name) or ecr_host(place.host) is not None


def _known_args(parsed_stages: ParsedStages, graph: StageGraph, build_args: Mapping[str, str]) -> frozenset[str]:
    """Collect the names that an ``ARG`` of any stage declares, and given ones that need no ``ARG``."""
    commands = [*parsed_stages.global_args, *(command for source in graph.sources for command in source.commands)]
    declared = {name for one in commands if isinstance(one.body, Arg) for name, _ in one.body.pairs}
    free = {name for name in build_args if ALWAYS_EFFECTIVE.fullmatch(name) or name == "BUILDKIT_INLINE_CACHE"}
    return frozenset(declared | free)


def _needed_args(
    parsed_stages: ParsedStages, reachable: list[StageSource], globals_: GlobalScope, build_args: Mapping[str, str]
) -> set[str]:
    """Collect the names of the args that can have an effect on the reachable stages."""
    names = {name for name in build_args if ALWAYS_EFFECTIVE.fullmatch(name)}
    names |= {
        name
        for command in parsed_stages.global_args
        if isinstance(command.body, Arg)
        for name, _ in command.body.pairs
        if ALWAYS_EFFECTIVE.fullmatch(name)
    }
    for source in reachable:
        if source.text is None:
            continue
        names |= source.from_args
        if source.replaced_by:
            continue
        for command in source.commands:
            if isinstance(command.body, Arg):
                names |= {name for name, _ in command.body.pairs}
    return globals_.closure(names)


def _not_understood(
    text: bytes, reason: str, build_args: Mapping[str, str], named_contexts: Collection[str]
) -> DockerfileReads:
    whole = ContextReads(True, (reason,), ())
    return DockerfileReads(
        instructions=(text,),
        understood=False,
        stages=(),
        declared_args=frozenset(build_args),
        contexts={name: whole for name in (MAIN_CONTEXT, *named_contexts)},
        external_images=(),
        remote_sources=(),
        warnings=(f"{reason}; the whole context counts",),
    )


def _health_check(goal: StageSource) -> HealthCheck | None:
    source: StageSource | None = goal
    while source is not None and not source.replaced_by:
        said = [one.node for one in source.commands if one.node.name == "HEALTHCHECK"]
        if said:
            return health_check_of(said[-1].flags, said[-1].args, is_json=said[-1].json)
        source = source.base
    return None


def _starts_from(goal: StageSource) -> str:
    root = root_of(goal)
    return "" if root.from_scratch else root.replaced_by or root.named_base or root.normalised or root.base_name


def _own_steps(goal: StageSource) -> tuple[str, ...]:
    """Name the steps in the image's history: all instructions but ``ONBUILD``, and no trigger of an external base."""
    steps: list[str] = []
    source: StageSource | None = goal
    while source is not None and not source.replaced_by:
        has_own_base = source.base is not None and not source.base.replaced_by
        own = (one for one in source.commands if has_own_base or not one.triggered)
        steps[:0] = [one.node.name for one in own if one.node.name != "ONBUILD"]
        source = source.base
    return tuple(steps)


def _run_platforms(reachable: list[StageSource], target: str) -> Iterator[str]:
    for source in reachable:
        if source.replaced_by or not any(isinstance(command.body, Run) for command in source.commands):
            continue
        start = source
        while start.base is not None:
            start = start.base
        # A stage that starts from another one is of its platform.
        platform = target if start.platform is None else normal_or_same(start.platform)
        if platform:
            yield platform


def _assumed(graph: StageGraph, source: StageSource, reader: Reader) -> AssumedStage:
    steps = 1 + sum(isinstance(one.body, Copy | Run) or one.node.name == "WORKDIR" for one in source.commands)
    read = reader.contexts.get(MAIN_CONTEXT)
    return AssumedStage(graph.label_of(source), source.base_name, steps, whole=read is not None and read.whole)
