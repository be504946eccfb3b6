"""The work that builds really did, for both sides alike: BuildKit's own history, and the blobs in the registry.

Decides what counts as executed (steps of a Dockerfile that BuildKit did not find in its cache), as uploaded (bytes of
context and Dockerfile that BuildKit received) and as pushed (blobs that are new in a repository; blobs that are there
already are not sent again). Nothing is read from a program's output.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass
from typing import Any

from bench.engine import BenchFailed
from localcloud import LocalCloud

_MANIFESTS = ["application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"]
_IDS_A_CALL = 100
# "[2/4] RUN …", "[builder 1/2] COPY …"; a FROM brings an image and runs nothing.
_STEP = re.compile(r"\[(?:[^\]]* )?\d+/\d+\] (?!FROM )")


@dataclass(frozen=True)
class Work:
    """The work of some builds: their number, steps executed, bytes received by BuildKit, bytes new in the registry."""

    builds: int
    steps: int
    uploaded: int
    pushed: int

    def times(self, factor: float) -> Work:
        """Multiply the work by a number of images."""
        return Work(*(round(count * factor) for count in astuple(self)))


class BuildFacts:
    """Reports the work since it was asked last.

    Args:
        cloud: The cloud whose BuildKit is asked.
        ecr: Client of its ECR.
        repositories: Names of the repositories that one side pushes to.
    """

    def __init__(self, cloud: LocalCloud, ecr: Any, repositories: Iterable[str]) -> None:
        self._address = cloud.buildkit_address
        self._environment = cloud.environment()
        self._buildctl = shutil.which("buildctl", path=self._environment["PATH"]) or "buildctl"
        self._ecr = ecr
        self._repositories = list(repositories)
        self._seen = {record["Ref"] for record in self._records()}
        self._blobs = self._blobs_now()

    def since(self) -> Work:
        """The work since the last call."""
        records = [record for record in self._records() if record["Ref"] not in self._seen]
        failed = [record for record in records if record.get("error")]
        if failed:
            raise BenchFailed(f"BuildKit's history shows a failed build: {failed[0]['error']}")
        self._seen |= {record["Ref"] for record in records}
        logs = [self._run("debug", "logs", "--progress", "rawjson", record["Ref"]) for record in records]
        steps, uploaded = sum(map(executed_steps, logs)), sum(map(received_bytes, logs))
        blobs = self._blobs_now()
        pushed = sum(size for blob, size in blobs.items() if blob not in self._blobs)
        self._blobs = blobs
        return Work(len(records), steps, uploaded, pushed)

    def _records(self) -> list[dict[str, Any]]:
        listed = self._run("debug", "histories", "--format", "{{json .}}")
        return [json.loads(line)["record"] for line in listed.splitlines() if line]

    def _run(self, *words: str) -> str:
        command = [self._buildctl, "--addr", self._address, *words]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchFailed(f"`buildctl {' '.join(words[:2])}` failed: {done.stderr.strip()}")
        return done.stdout or done.stderr

    def _blobs_now(self) -> dict[tuple[str, str], int]:
        """(Repository, digest) → size of every blob that an image of the repository has."""
        found: dict[tuple[str, str], int] = {}
        for repository in self._repositories:
            pages = self._ecr.get_paginator("list_images").paginate(repositoryName=repository)
            digests = sorted({image["imageDigest"] for page in pages for image in page["imageIds"]})
            for begin in range(0, len(digests), _IDS_A_CALL):
                answer = self._ecr.batch_get_image(
                    repositoryName=repository,
                    imageIds=[{"imageDigest": digest} for digest in digests[begin : begin + _IDS_A_CALL]],
                    acceptedMediaTypes=_MANIFESTS,
                )
                for image in answer["images"]:
                    found |= {(repository, blob): size for blob, size in _blobs(image).items()}
        return found


def _blobs(image: Mapping[str, Any]) -> dict[str, int]:
    manifest = json.loads(image["imageManifest"])
    own = {image["imageId"]["imageDigest"]: len(image["imageManifest"])}
    return own | {blob["digest"]: blob["size"] for blob in (manifest["config"], *manifest["layers"])}


def executed_steps(log: str) -> int:
    """Steps of a Dockerfile that were run and not found in the cache, from a build's log as ``rawjson``."""
    completed: set[str] = set()
    cached: set[str] = set()
    for line in _objects(log):
        for vertex in line.get("vertexes") or []:
            if _STEP.match(vertex.get("name", "")):
                completed |= {vertex["digest"]} if vertex.get("completed") else set()
                cached |= {vertex["digest"]} if vertex.get("cached") else set()
    return len(completed - cached)


def received_bytes(log: str) -> int:
    """Bytes that the client sent, from a build's log as ``rawjson``."""
    most: dict[tuple[str, str], int] = {}
    for line in _objects(log):
        for status in line.get("statuses") or []:
            name = status.get("id", "")
            if name.startswith("transferring "):
                key = (status["vertex"], name.partition(":")[0])
                most[key] = max(most.get(key, 0), status.get("current") or 0)
    return sum(most.values())


def _objects(log: str) -> Iterator[dict[str, Any]]:
    return (json.loads(line) for line in log.splitlines() if line.startswith("{"))
