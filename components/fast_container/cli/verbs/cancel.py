"""``fast-container cancel``: stops the running builds of a CodeBuild project.

A stopped build leaves no key tag; the next ``pulumi up`` builds again. Leaves finding them to ``cli.remote_builds``.
"""

from __future__ import annotations

import argparse

from fast_container.cli.output import say
from fast_container.cli.remote_builds import api_of, others_of, shown, under_way


def run(arguments: argparse.Namespace) -> int:
    """Stop the builds and print them.

    Raises:
        BuilderError: The project does not exist, or AWS cannot be reached.
        AuthError: Credentials are missing, expired, or lack a permission.
    """
    api = api_of(arguments)
    builds = under_way(api, arguments)
    for build in builds:
        api.stop(str(build["id"]))
        say([f"stopped  {shown(build, arguments)}"])
        if others := others_of(build, arguments):
            say([f"also stopped, on the same machine: {others}"])
    if not builds:
        say([f"no build is running in {arguments.project}"])
    return 0
