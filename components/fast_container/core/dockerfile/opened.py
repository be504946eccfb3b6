"""The stages of a Dockerfile as objects, and which of them a target needs.

Decides the order in which its parts are made: lines, stages, values of the global ``ARG`` instructions, the graph. What
BuildKit would refuse is refused by the parts. Leaves what the stages read to ``core.dockerfile.read``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from fast_container.core.dockerfile.instructions import ParsedStages
from fast_container.core.dockerfile.lines import ParsedFile, parse_file
from fast_container.core.dockerfile.model import ImageFacts
from fast_container.core.dockerfile.named_contexts import NamedContexts
from fast_container.core.dockerfile.read_instructions import read_stages
from fast_container.core.dockerfile.scope import GlobalScope
from fast_container.core.dockerfile.stage_source import StageSource
from fast_container.core.dockerfile.stages import StageGraph
from fast_container.core.oci.platform import NotAPlatformError, normal_platform, platform_args
from fast_container.errors import ArgsError

NO_ARGS: Final[Mapping[str, str]] = {}
NO_FACTS: Final[Mapping[str, ImageFacts]] = {}


@dataclass(frozen=True, slots=True)
class OpenedDockerfile:
    """The stages of a Dockerfile as objects, for readers that need more than what is read.

    Attributes:
        parsed: The file's instructions and directives.
        parsed_stages: The same as stages.
        globals_: The values of the global ``ARG`` instructions.
        graph: The stages and what they name.
        goal: The target.
        reachable: The sources that the target needs, in file order.
    """

    parsed: ParsedFile
    parsed_stages: ParsedStages
    globals_: GlobalScope
    graph: StageGraph
    goal: StageSource
    reachable: list[StageSource]


def open_dockerfile(
    text: bytes,
    *,
    target: str = "",
    build_args: Mapping[str, str] = NO_ARGS,
    platform: str = "linux/amd64",
    build_platform: str | None = None,
    named_contexts: Collection[str] = (),
    image_facts: Mapping[str, ImageFacts] = NO_FACTS,
) -> OpenedDockerfile:
    """Read the stages of a Dockerfile and which of them the target needs; arguments as of ``read.read_dockerfile``.

    Raises:
        RefusedError: BuildKit would refuse the file.
        UnknownValueError: A base's name depends on an unknown value.
    """
    parsed = parse_file(text)
    parsed_stages = read_stages(parsed.nodes)
    globals_ = _globals(parsed, parsed_stages, build_args, platform, build_platform, target)
    graph = StageGraph(
        parsed_stages,
        globals_,
        named=NamedContexts(named_contexts),
        platform=platform,
        facts=image_facts,
        escape=parsed.escape,
    )
    goal = graph.target(target)
    return OpenedDockerfile(parsed, parsed_stages, globals_, graph, goal, graph.reachable(goal))


def platform_of(platform: str) -> str:
    """Return a platform in its normal form.

    Raises:
        ArgsError: It cannot be read.
    """
    try:
        return normal_platform(platform)
    except NotAPlatformError as error:
        raise ArgsError(f"{str(error)[0].upper()}{str(error)[1:]}.", property_path="platform") from None


def _globals(
    parsed: ParsedFile,
    parsed_stages: ParsedStages,
    build_args: Mapping[str, str],
    platform: str,
    build_platform: str | None,
    target: str,
) -> GlobalScope:
    scope = GlobalScope(parsed.escape)
    predefined = platform_args("TARGET", platform)
    predefined["TARGETSTAGE"] = target or parsed_stages.stages[-1].start.name or "default"
    builder = platform_args("BUILD", platform_of(build_platform) if build_platform else "")
    if build_platform:
        predefined |= builder
    else:
        for name in builder:
            scope.set_unknown(name, "the builder's platform is not known")
    for name, value in predefined.items():
        scope.set(name, value)
    for name in (*predefined, *builder):
        if name in build_args:
            scope.set(name, build_args[name])
    scope.define(parsed_stages.global_args, build_args)
    return scope
