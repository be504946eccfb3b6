"""Says in preview that an image's builder cannot run the image's platform.

Decides when a builder is asked: for an image that will be built, whose ``RUN`` instructions run on another platform
than this machine's, or whose builder has a name; once a program. A builder that does not answer is not guessed about:
the build says it then.
"""

from __future__ import annotations

import asyncio
import os
import platform as machine
from typing import Final

from fast_container.adapters.buildx.builder import builder_platforms
from fast_container.builders import LocalBuilder
from fast_container.codebuild.builder import architecture_of
from fast_container.core.oci.platform import normal_or_same
from fast_container.state.program import PlannedImage, Program

_EMULATOR: Final = "docker run --privileged --rm tonistiigi/binfmt --install"


async def say_what_cannot_run(program: Program, image: PlannedImage) -> None:
    """Warn on the image's row."""
    if not isinstance(image.builder, LocalBuilder):
        return
    own = normal_or_same(f"linux/{machine.machine()}")
    wanted = [one for one in image.selected.reads.run_platforms if one != own or image.builder.name]
    if not wanted:
        return
    name = image.builder.name
    if name not in program.builder_platforms:
        program.builder_platforms[name] = asyncio.ensure_future(builder_platforms(name, os.environ))
    runs = await program.builder_platforms[name]
    for one in wanted:
        if runs and one not in runs:
            image.reporter.warn(_warning(one, name, runs))


def _warning(platform: str, name: str | None, runs: frozenset[str]) -> str:
    emulated = platform.split("/")[1]
    architecture = architecture_of(platform)
    elsewhere = f", or build it with CodeBuildBuilder(…, architectures=[{architecture!r}])" if architecture else ""
    return (
        f"{f'the builder {name}' if name else 'the current buildx builder'} does not run {platform}"
        f" ({', '.join(sorted(runs))}), and the Dockerfile has a RUN for it:"
        f" install an emulator ({_EMULATOR} {emulated}){elsewhere}"
    )
