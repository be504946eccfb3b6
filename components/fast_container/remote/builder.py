"""The BuildKit of a remote build: one buildx builder of its own, which exists as long as the machine.

Decides its driver (``docker-container``, which can push by digest and export a registry cache), its image, its mirrors,
that it starts at once, while the sources are fetched, and that a failed start is repeated: the image comes over the
network, and the container starts beside a Docker that has only just begun. This is the only place where a builder is
created: nothing else uses that machine.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from fast_container.adapters.buildx.builder import find_buildx
from fast_container.adapters.docker_config import DockerConfig, private_docker_config
from fast_container.adapters.process.child import Completed, capture
from fast_container.adapters.process.private_directory import secret_directory
from fast_container.core.oci.repository import host_of
from fast_container.core.ports import BuildJob, BuiltImage, Credentials, Executor, Reporter
from fast_container.core.recipe import NETWORK_HOST, Recipe
from fast_container.errors import BuilderError, FastContainerError
from fast_container.remote.phases import PhaseTimes

NAME = "fast-container"
# The registry where BuildKit's own image is published; the default is a mirror of it.
SECOND_IMAGE = "docker.io/moby/buildkit:buildx-stable-1"
_ATTEMPTS = 3
_PAUSE_S = 3.0
_TIMEOUT_S = 120.0
# Its image is pulled meanwhile.
_START_TIMEOUT_S = 600.0
_DEFAULT_MIRROR = "mirror.gcr.io/"


class PreparingExecutor(Executor, Protocol):
    """An executor that can look at its builder before there is something to build."""

    async def prepare(self, reporter: Reporter) -> None:
        """Look for the builder.

        Raises:
            BuilderError: It is missing or not fit.
        """
        ...


@dataclass(slots=True)
class BootingExecutor:
    """Builds with a new builder, which is made again after a failed start, at last from another registry.

    Satisfies ``core.ports.Executor``. After ``begin`` the builder starts by itself; a build waits for it, and the next
    one finds it there.

    Args:
        executor: Builds with the builder of that name.
        image: The builder's image; "" is buildx's own choice.
        config: BuildKit's configuration, or None.
        environment: The build's.
        times: Gets the phases.
        credentials: Registry host → the login that the builder's image may need; blocking.
        sleep: Waits.
    """

    executor: PreparingExecutor
    image: str
    config: Path | None
    environment: Mapping[str, str]
    times: PhaseTimes
    credentials: Callable[[str], Credentials | None] = lambda _: None
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    _begun: asyncio.Task[None] | None = field(default=None, init=False)
    _is_there: bool = field(default=False, init=False)

    def begin(self, recipe: Recipe, reporter: Reporter) -> None:
        """Start the builder; the first build waits for it, and hears of what went wrong."""
        self._begun = asyncio.create_task(self._start(self.image, recipe, reporter), name="BuildKit")

    async def end(self) -> None:
        """Stop what ``begin`` began, where no build has waited for it."""
        if self._begun is not None:
            self._begun.cancel()
            with suppress(asyncio.CancelledError, FastContainerError):
                await self._begun

    async def build(self, job: BuildJob, reporter: Reporter) -> BuiltImage:
        """Wait for the builder, or make it, and build.

        Raises:
            BuilderError: No builder could be made or started.
            BuildFailed: The build ran and failed.
        """
        images = [self.image] * _ATTEMPTS
        if self.image.startswith(_DEFAULT_MIRROR):
            images[-1] = SECOND_IMAGE
        for attempt, image in enumerate(images, start=1):
            try:
                begun, self._begun = self._begun, None
                if begun is not None or not self._is_there:
                    await (begun or self._start(image, job.recipe, reporter))
                self._is_there = True
                with self.times.phase("BuildKit: build and push"):
                    return await self.executor.build(job, reporter)
            except BuilderError as error:
                self._is_there = False
                if attempt == len(images):
                    raise
                reporter.warn(f"BuildKit did not start ({error.why or error.what}): starting it again")
            await remove_builder(self.environment)
            await self.sleep(_PAUSE_S * attempt)
        raise AssertionError("unreachable")  # pragma: no cover

    async def _start(self, image: str, recipe: Recipe, reporter: Reporter) -> None:
        with self.times.phase("BuildKit: make and start"):
            host = host_of(image) if image else ""
            login = await asyncio.to_thread(self.credentials, host) if host else None
            with (
                secret_directory(self.environment) as folder,
                private_docker_config(
                    DockerConfig.load(self.environment), {host: login} if login else {}, folder
                ) as variables,
            ):
                await make_builder(image, self.config, {**self.environment, **variables}, recipe)
        with self.times.phase("BuildKit: look at it"):
            await self.executor.prepare(reporter)


async def make_builder(image: str, config: Path | None, environment: Mapping[str, str], recipe: Recipe) -> None:
    """Make and start the builder, with the entitlements that the build asks for.

    Raises:
        BuilderError: There is no buildx, or it cannot make or start a builder.
    """
    argv = [*find_buildx(environment), "create", "--name", NAME, "--driver", "docker-container", "--bootstrap"]
    if image:
        argv += ["--driver-opt", f"image={image}"]
    if recipe.network == "host":
        # Newer versions of buildx do this on their own.
        argv += ["--buildkitd-flags", f"--allow-insecure-entitlement={NETWORK_HOST}"]
    if config is not None:
        argv += ["--buildkitd-config", str(config)]
    try:
        done = await capture(argv, env=dict(environment), timeout_s=_START_TIMEOUT_S)
    except TimeoutError:
        done = Completed(1, "", f"nothing for {_START_TIMEOUT_S:.0f} s")
    if done.code != 0:
        raise BuilderError(
            "BuildKit could not be created in the build environment.",
            why=done.stderr.strip()[-400:],
            next_step="Give the project privileged mode, and an image with Docker and buildx.",
        )


async def remove_builder(environment: Mapping[str, str]) -> None:
    """Remove the builder, or what is left of it."""
    argv = [*find_buildx(environment), "rm", "--force", NAME]
    await capture(argv, env=dict(environment), timeout_s=_TIMEOUT_S)


def buildkit_config(mirrors: Mapping[str, str]) -> str:
    """Return BuildKit's configuration (TOML) with mirrors; a JSON string is a TOML string."""
    return "".join(
        f"[registry.{json.dumps(host)}]\nmirrors = [{json.dumps(place)}]\n" for host, place in mirrors.items()
    )
