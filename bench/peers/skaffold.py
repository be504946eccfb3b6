"""``skaffold build``: its own hash of each image's dependencies, its own cache and lookups, without an engine.

Decides how a job is written as a skaffold file. A custom builder calls buildx, since there is no Docker daemon here:
which files count, what is rebuilt and what is looked up in the registry is decided by skaffold.
"""

from __future__ import annotations

import json
import shlex

from bench.peers.job import PLATFORM, Job
from bench.peers.peer import Found
from bench.peers.place import Place, run
from bench.peers.tool_cache import SKAFFOLD_VERSION, skaffold_program


class Skaffold:
    """One skaffold file with an artifact for each image, each in a repository of its own."""

    def __init__(self, place: Place, job: Job, program: str) -> None:
        self._place = place
        self._job = job
        self._program = program
        self.repositories = [f"{job.repository}-{image}" for image in job.dockerfiles]
        self._urls = [place.repository(repository, is_mutable=True) for repository in self.repositories]
        self._told = job.home / "built.json"
        job.home.mkdir(parents=True, exist_ok=True)
        self._environment = {**place.logged_in, "HOME": str(job.home), "SKAFFOLD_UPDATE_CHECK": "false"}

    def preview(self) -> None:
        raise NotImplementedError

    def up(self) -> None:
        (self._job.root / "skaffold.yaml").write_text(json.dumps(self._file()))
        words = [self._program, "build", "--interactive=false", "--file-output", str(self._told)]
        run([*words, "--cache-file", str(self._job.home / "cache")], self._job.root, self._environment)

    def uri(self, image: str) -> str:
        builds = json.loads(self._told.read_text())["builds"]
        tag = next(build["tag"] for build in builds if build["imageName"].endswith(f"-{image}"))
        name, _, digest = tag.partition("@")
        return f"{name.rpartition(':')[0]}@{digest}" if digest else tag

    def _file(self) -> dict[str, object]:
        cloud = self._place.cloud
        build: dict[str, object] = {
            "artifacts": [
                {
                    "image": url,
                    "context": ".",
                    "custom": {
                        "buildCommand": self._command(dockerfile),
                        "dependencies": {"dockerfile": {"path": dockerfile, "buildArgs": self._job.build_args}},
                    },
                }
                for url, dockerfile in zip(self._urls, self._job.dockerfiles.values(), strict=True)
            ],
            "tagPolicy": {"inputDigest": {}},
            "local": {"push": True, "concurrency": 0},
            "insecureRegistries": [cloud.registry_host, cloud.mirror_host],
        }
        return {"apiVersion": "skaffold/v4beta11", "kind": "Config", "metadata": {"name": "bench"}, "build": build}

    def _command(self, dockerfile: str) -> str:
        words = ["buildx", "build", "--push", "--platform", PLATFORM, "-f", dockerfile]
        words += [word for name, value in self._job.build_args.items() for word in ("--build-arg", f"{name}={value}")]
        words += [word for name, at in self._job.named.items() for word in ("--build-context", f"{name}={at}")]
        return f"{shlex.join(words)} -t $IMAGE ."


def find_skaffold(_place: Place, asked: bool) -> Found:
    """The program on PATH or in the tool cache; compiled for the cache only when asked for by name."""
    program = skaffold_program(compile_it=asked)
    return Found(SKAFFOLD_VERSION, lambda place, job: Skaffold(place, job, str(program)))
