"""``fast-container cancel``: stops the builds of a CodeBuild project that are under way.

A stopped build leaves no key tag; the next ``pulumi up`` builds again. Leaves finding them to ``cli.remote_builds``.
"""

from __future__ import annotations

import argparse

from fast_container.cli.output import say
from fast_container.cli.remote_builds import api_of, shown, under_way


def run(arguments: argparse.Namespace) -> int:
    """Stop and say what was stopped.

    Raises:
        BuilderError: The project is not there, or AWS cannot be reached.
        AuthError: Credentials are missing, expired, or not allowed to.
    """
    api = api_of(arguments)
    builds = under_way(api, arguments)
    for build in builds:
        api.stop(str(build["id"]))
        say([f"stopped  {shown(build)}"])
    if not builds:
        say([f"no build is under way in {arguments.project}"])
    return 0
