"""The demo's step on CodeBuild: the fleet, built by a machine that has neither Docker nor BuildKit.

Decides what is hidden from the program, and what makes two images equal: the same entries in the same layers. Leaves
running the CLI to ``pulumi_cli`` and facts about builds to ``facts``.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import sys
import tarfile
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stacks.rehearsal.checkout import DemoFailed

_NEEDED = ("pulumi", "pulumi-language-python", "pulumi-language-python-exec", "pulumi-resource-pulumi-python")
_HIDDEN = ("docker", "docker-buildx", "buildx", "buildctl", "buildkitd")


def without_docker(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """An environment in which a program finds no docker, no buildx and no BuildKit.

    Raises:
        DemoFailed: One can still be found.
    """
    folder.mkdir()
    for name in _NEEDED:
        found = shutil.which(name, path=environment["PATH"])
        if found is None:
            raise DemoFailed(f"{name} is not on PATH")
        (folder / name).symlink_to(found)
    path = os.pathsep.join([str(folder), str(Path(sys.executable).parent), "/usr/bin", "/bin"])
    for name in _HIDDEN:
        if shutil.which(name, path=path):
            raise DemoFailed(f"{name} should be hidden; it is in {shutil.which(name, path=path)}")
    dropped = ("BUILDX_BUILDER", "BUILDX_CONFIG", "DOCKER_HOST")
    kept = {name: value for name, value in environment.items() if name not in dropped}
    return {**kept, "PATH": path, "DOCKER_CONFIG": str(folder / "docker")}


def shown(uploads: Mapping[str, int]) -> str:
    """What was put into S3, in words; ``uploads`` is bytes by object."""
    kinds = {"parts": 0, "bundles": 0, "programs": 0}
    for name in uploads:
        for kind in kinds:
            kinds[kind] += f"/{kind}/" in name
    counted = ", ".join(f"{count} {kind if count != 1 else kind[:-1]}" for kind, count in kinds.items())
    return f"{sum(uploads.values()) / 1000:.0f} kB uploaded ({counted})"


def entries(ecr: Any, repository: str, tag: str) -> list[list[tuple[object, ...]]]:
    """Path, type, mode, owner, link and digest of the content of every entry of an image's layers."""
    images = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": tag}])["images"]
    if not images:
        raise DemoFailed(f"{tag} is not in {repository}")
    found: list[list[tuple[object, ...]]] = []
    for layer in json.loads(images[0]["imageManifest"])["layers"]:
        place = ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=layer["digest"])
        with urllib.request.urlopen(place["downloadUrl"]) as answer:
            content = gzip.decompress(answer.read())
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            found.append([_entry(archive, member) for member in archive.getmembers()])
    return found


def _entry(archive: tarfile.TarFile, member: tarfile.TarInfo) -> tuple[object, ...]:
    # A hard link may lead to another layer: only what is a file here is read.
    file = archive.extractfile(member) if member.isreg() else None
    digest = hashlib.sha256(file.read()).hexdigest() if file else ""
    return (member.name, member.type, member.mode, member.uid, member.gid, member.linkname, digest)
