"""The BuildKit of a remote build: one buildx builder of its own, which goes with the machine.

Decides its driver (``docker-container``, which can push by digest and export a registry cache) and its image. This is
the only place where a builder is made: nobody else uses that machine.
"""

from __future__ import annotations

from collections.abc import Mapping

from fast_container.adapters.buildx_builder import find_buildx
from fast_container.adapters.process import capture
from fast_container.errors import BuilderError

NAME = "fast-container"
_TIMEOUT_S = 120.0


async def make_builder(image: str, environment: Mapping[str, str]) -> str:
    """Make the builder and return its name.

    Raises:
        BuilderError: There is no buildx, or it cannot make one.
    """
    argv = [*find_buildx(environment), "create", "--name", NAME, "--driver", "docker-container"]
    if image:
        argv += ["--driver-opt", f"image={image}"]
    done = await capture(argv, env=dict(environment), timeout_s=_TIMEOUT_S)
    if done.code != 0 and "existing instance" not in done.stderr:
        raise BuilderError(
            "No BuildKit could be made in the build environment.",
            why=done.stderr.strip()[-400:],
            next_step="The project needs privileged mode and an image with Docker and buildx.",
        )
    return NAME
