"""``fast-container wait``: waits until the running builds of a CodeBuild project have ended.

For CI with ``CodeBuildBuilder(wait=False)``: ``fast-container wait --project … && pulumi up``. Decides the exit code: 1
if one of them failed; a build of several images has failed if one of its images has. Leaves watching to
``adapters.codebuild.watch``.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

from fast_container.adapters.codebuild.api import Build, CodeBuildApi
from fast_container.adapters.codebuild.watch import BuildWatch
from fast_container.cli.output import complain, say
from fast_container.cli.remote_builds import api_of, others_of, shown, under_way

_FAILED = 1


def run(arguments: argparse.Namespace) -> int:
    """Wait and print the result of each build.

    Raises:
        BuilderError: The project does not exist, or AWS cannot be reached.
        AuthError: Credentials are missing, expired, or lack a permission.
    """
    api = api_of(arguments)
    builds = under_way(api, arguments)
    if not builds:
        say([f"no build is running in {arguments.project}"])
        return 0
    for build in builds:
        if others := others_of(build, arguments):
            say([f"also waits for the images on the same machine: {others}"])
    ended = asyncio.run(_wait(api, builds, arguments))
    return 0 if all(build["buildStatus"] == "SUCCEEDED" for build in ended) else _FAILED


async def _wait(api: CodeBuildApi, builds: Sequence[Build], arguments: argparse.Namespace) -> list[Build]:
    watch = BuildWatch(api, with_logs=False)

    async def one(build: Build) -> Build:
        ended = await watch.wait(str(build["id"]), _Quiet())
        say([f"{str(ended['buildStatus']).lower():9}  {shown(ended, arguments)}"])
        sys.stdout.flush()
        return ended

    return list(await asyncio.gather(*(one(build) for build in builds)))


class _Quiet:
    """Reports only problems."""

    ends_soon = False

    def on_build(self, build: Build) -> None:
        """Do nothing."""

    def on_line(self, line: str) -> None:
        """Do nothing."""

    def expects_lines(self, build: Build) -> bool:
        """Return False: logs are not read."""
        del build
        return False

    def on_trouble(self, what: str) -> None:
        """Print one line on standard error."""
        complain(f"fast-container: {what}")
