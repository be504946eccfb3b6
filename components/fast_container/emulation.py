"""Says in preview that a buildx builder cannot run an image's platform, or would have to emulate it.

Decides when a builder is asked: for ``RUN`` instructions of another platform than this machine's, or if the builder has
a name; once. Without an answer nothing is guessed: the build will show it.
"""

from __future__ import annotations

import asyncio
import os
import platform as machine
from collections.abc import Sequence
from typing import Final

from fast_container.codebuild.architectures import architecture_of
from fast_container.core.oci.platform import normal_or_same

_EMULATOR: Final = "docker run --privileged --rm tonistiigi/binfmt --install"


class Emulation:
    """The platforms that one buildx builder runs.

    Args:
        name: The builder's; None for the current one.
    """

    def __init__(self, name: str | None) -> None:
        self._name = name
        self._nodes: asyncio.Future[list[list[str]]] | None = None

    async def missing(self, platforms: Sequence[str]) -> list[str]:
        """Return a warning for each of the platforms that the builder does not run."""
        wanted, nodes = await self._asked(platforms)
        runs = frozenset(platform for node in nodes for platform in node)
        return [self._warning(one, runs) for one in wanted if runs and one not in runs]

    async def emulated(self, platforms: Sequence[str]) -> list[str]:
        """Return those of the platforms that the builder runs, and that none of its nodes is made for."""
        wanted, nodes = await self._asked(platforms)
        native = {_family(node[0]) for node in nodes if node}
        return [one for one in wanted if native and _family(one) not in native]

    async def _asked(self, platforms: Sequence[str]) -> tuple[list[str], list[list[str]]]:
        """Return the platforms that are in question, and those of each node; nothing is asked if none is."""
        own = normal_or_same(f"linux/{machine.machine()}")
        wanted = [one for one in platforms if one != own or self._name]
        if not wanted:
            return [], []
        from fast_container.adapters.buildx.builder import node_platforms  # noqa: PLC0415 - seldom needed

        # A builder may serve several programs of one process, each with an event loop of its own.
        if self._nodes is None or self._nodes.get_loop() is not asyncio.get_running_loop():
            self._nodes = asyncio.ensure_future(node_platforms(self._name, os.environ))
        return wanted, await self._nodes

    def _warning(self, platform: str, runs: frozenset[str]) -> str:
        emulated = platform.split("/")[1]
        architecture = architecture_of(platform)
        elsewhere = f", or build it with CodeBuildBuilder(…, architectures=[{architecture!r}])" if architecture else ""
        return (
            f"{f'the builder {self._name}' if self._name else 'the current buildx builder'} does not run {platform}"
            f" ({', '.join(sorted(runs))}), and the Dockerfile has a RUN for it:"
            f" install an emulator ({_EMULATOR} {emulated}){elsewhere}"
        )


def _family(platform: str) -> str:
    """Return the processors that run a platform's programs: an amd64 runs those of a 386, an arm64 those of an arm."""
    architecture = platform.split("/")[1] if "/" in platform else platform
    return {"386": "amd64", "arm": "arm64"}.get(architecture, architecture)
