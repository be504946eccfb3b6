"""What is left of Docker Hub's anonymous pulls.

Decides when that is too little for a build of several images. Leaves asking to ``adapters.docker_hub``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fast_container.adapters.docker_hub import PullLimit, pull_limit
from fast_container.doctor.answers import Answer, Level

_FEW: Final = 20


def docker_hub_answers(ask: Callable[[], PullLimit] = pull_limit) -> list[Answer]:
    """Ask how many pulls are left.

    Raises:
        RegistryError: It cannot be reached.
    """
    found = ask()
    if found.left is None or found.limit is None:
        return [Answer("Docker Hub", Level.OK, "names no limit of pulls for this address")]
    said = f"{found.left} of {found.limit} anonymous pulls are left for this address"
    if found.left >= _FEW:
        return [Answer("Docker Hub", Level.OK, said)]
    fix = "Log in (docker login), or pull through ECR: mirrors= of CodeBuildBuilder, a mirror of BuildKit here."
    return [Answer("Docker Hub", Level.WARNING, said, fix)]
