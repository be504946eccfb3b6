"""The registry, BuildKit and logins that all sides share.

Decides that command lines find a Docker configuration that is logged in already, so that they pay nothing for
credentials, and that no side adds attestations, so that all push the same kind of image.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from bench.engine import BenchFailed
from bench.workplace import Workplace
from localcloud import LocalCloud

_LAST_CHARACTERS = 3_000


class Place:
    """Where the sides work.

    Attributes:
        cloud: The local cloud.
        ecr: A client of its ECR.
        folder: Scratch.
    """

    def __init__(self, workplace: Workplace) -> None:
        self.cloud: LocalCloud = workplace.cloud
        self.ecr: Any = workplace.ecr
        self.folder: Path = workplace.folder / "peers"
        self._urls: dict[str, str] = {}

    @cached_property
    def authorization(self) -> str:
        """User and password of the registry, as Docker's configuration and HTTP's Basic have them."""
        return self.ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]

    @cached_property
    def logged_in(self) -> Mapping[str, str]:
        """Environment of a tool that finds its login in Docker's configuration."""
        environment = self.cloud.environment()
        docker = self.folder / "docker"
        shutil.copytree(environment["DOCKER_CONFIG"], docker, symlinks=True)
        auths = {self.cloud.registry_host: {"auth": self.authorization}}
        (docker / "config.json").write_text(json.dumps({"auths": auths}))
        return {**environment, "DOCKER_CONFIG": str(docker), "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}

    def repository(self, name: str, *, is_mutable: bool) -> str:
        """URL of a repository, made when it is first asked for."""
        if name not in self._urls:
            mutability = "MUTABLE" if is_mutable else "IMMUTABLE"
            made = self.ecr.create_repository(repositoryName=name, imageTagMutability=mutability)
            self._urls[name] = made["repository"]["repositoryUri"]
        return self._urls[name]

    def parent(self, *, on_mirror: bool) -> str:
        """The external image of all Dockerfiles, by its public name or by that of the mirror."""
        return f"{self.cloud.mirror_host}/library/python:3.12-slim" if on_mirror else "python:3.12-slim"

    def pull_parent(self, *, on_mirror: bool) -> None:
        """Have BuildKit pull and unpack the external image, so that the first side does not pay for it."""
        folder = self.folder / f"pull-{on_mirror:d}"
        folder.mkdir(exist_ok=True)
        (folder / "Dockerfile").write_text(f"FROM {self.parent(on_mirror=on_mirror)}\nRUN true\n")
        run(["buildx", "build", "--output=type=cacheonly", "."], folder, self.logged_in)

    def prune(self) -> None:
        """Empty BuildKit's cache."""
        environment = self.cloud.environment()
        run(["buildctl", "--addr", self.cloud.buildkit_address, "prune", "--all"], self.folder, environment)


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> str:
    """Run a command of a tool; returns what it printed.

    Raises:
        BenchFailed: It ended with another code than 0; the message has the last that it printed.
    """
    done = subprocess.run(
        command,
        cwd=folder,
        env=dict(environment),
        executable=shutil.which(command[0], path=environment["PATH"]),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        printed = (done.stdout + done.stderr)[-_LAST_CHARACTERS:]
        raise BenchFailed(f"`{' '.join(command[:3])}` ended with {done.returncode}:\n{printed}")
    return done.stdout
