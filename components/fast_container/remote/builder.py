"""The BuildKit of a remote build: one buildx builder of its own, which goes with the machine.

Decides its driver (``docker-container``, which can push by digest and export a registry cache), its image, where it
looks for images first, and that it is started again when it could not be: the image comes over the network and the
container starts beside a Docker that has only just begun. This is the only place where a builder is made: nobody else
uses that machine.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fast_container.adapters.buildx.builder import find_buildx
from fast_container.adapters.process.child import capture
from fast_container.core.ports import BuildJob, BuiltImage, Executor, Reporter
from fast_container.core.recipe import NETWORK_HOST, Recipe
from fast_container.errors import BuilderError

NAME = "fast-container"
# Where BuildKit's own image is published; the default is a mirror of it.
SECOND_IMAGE = "docker.io/moby/buildkit:buildx-stable-1"
_ATTEMPTS = 3
_PAUSE_S = 3.0
_TIMEOUT_S = 120.0
_DEFAULT_MIRROR = "mirror.gcr.io/"


@dataclass(slots=True)
class BootingExecutor:
    """Builds with a builder that is made anew, from another registry at last, when it did not start.

    Satisfies ``core.ports.Executor``. The builder starts with the first build, which has the logins that its image may
    need.

    Args:
        executor: Builds with the builder of that name.
        image: What the builder starts from; "" is buildx's own choice.
        config: BuildKit's configuration, or None.
        environment: The build's.
        sleep: Waits.
    """

    executor: Executor
    image: str
    config: Path | None
    environment: Mapping[str, str]
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep

    async def build(self, job: BuildJob, reporter: Reporter) -> BuiltImage:
        """Make the builder and build.

        Raises:
            BuilderError: No builder could be made or started.
            BuildFailed: The build ran and failed.
        """
        images = [self.image] * _ATTEMPTS
        if self.image.startswith(_DEFAULT_MIRROR):
            images[-1] = SECOND_IMAGE
        for attempt, image in enumerate(images, start=1):
            try:
                await make_builder(image, self.config, self.environment, job.recipe)
                return await self.executor.build(job, reporter)
            except BuilderError as error:
                if attempt == len(images):
                    raise
                reporter.warn(f"BuildKit did not start ({error.why or error.what}): trying again")
            await remove_builder(self.environment)
            await self.sleep(_PAUSE_S * attempt)
        raise AssertionError("unreachable")  # pragma: no cover


async def make_builder(image: str, config: Path | None, environment: Mapping[str, str], recipe: Recipe) -> None:
    """Make the builder, which allows what the build asks for; it starts with its first build.

    Raises:
        BuilderError: There is no buildx, or it cannot make one.
    """
    argv = [*find_buildx(environment), "create", "--name", NAME, "--driver", "docker-container"]
    if image:
        argv += ["--driver-opt", f"image={image}"]
    if recipe.network == "host":
        # Newer versions of buildx do so by themselves.
        argv += ["--buildkitd-flags", f"--allow-insecure-entitlement={NETWORK_HOST}"]
    if config is not None:
        argv += ["--buildkitd-config", str(config)]
    done = await capture(argv, env=dict(environment), timeout_s=_TIMEOUT_S)
    if done.code != 0 and "existing instance" not in done.stderr:
        raise BuilderError(
            "No BuildKit could be made in the build environment.",
            why=done.stderr.strip()[-400:],
            next_step="The project needs privileged mode and an image with Docker and buildx.",
        )


async def remove_builder(environment: Mapping[str, str]) -> None:
    """Remove the builder, whatever is left of it."""
    argv = [*find_buildx(environment), "rm", "--force", NAME]
    await capture(argv, env=dict(environment), timeout_s=_TIMEOUT_S)


def buildkit_config(mirrors: Mapping[str, str]) -> str:
    """BuildKit's configuration (TOML) with mirrors; a JSON string is a TOML string."""
    return "".join(
        f"[registry.{json.dumps(host)}]\nmirrors = [{json.dumps(place)}]\n" for host, place in mirrors.items()
    )
