"""What tests with a real BuildKit need: a repository, jobs from a folder, and the files of an image."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import json
import os
import stat
import subprocess
import tarfile
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from fast_container.adapters.buildx.executor import BuildxExecutor
from fast_container.adapters.docker_config import DockerConfig, private_docker_config
from fast_container.adapters.process.shared_guard import SharedGuard
from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.adapters.registry.registries import Registries
from fast_container.core.entry import Entry
from fast_container.core.key import KeyInputs, build_key
from fast_container.core.ports import BuildJob, BuiltImage, ContextSource, Registry
from fast_container.core.recipe import Recipe
from localcloud import LocalCloud
from tests.build.fakes import ListReporter
from tests.trees import with_recipe


def select(root: Path, paths: Iterable[str] | None = None) -> ContextSource:
    """Those paths of a folder, or all; parents must be named too."""
    found = paths if paths is not None else (str(path.relative_to(root)) for path in root.rglob("*"))
    return ContextSource(str(root), tuple(_entry(root, path) for path in sorted(found)))


def _entry(root: Path, path: str) -> Entry:
    status = (root / path).lstat()
    if stat.S_ISDIR(status.st_mode):
        return Entry(path, "dir", 0o755, 0, "")
    if stat.S_ISLNK(status.st_mode):
        target = os.readlink(root / path)
        return Entry(path, "symlink", 0o777, len(target), _sha256(target.encode()), target)
    content = (root / path).read_bytes()
    return Entry(path, "file", 0o755 if status.st_mode & 0o100 else 0o644, len(content), _sha256(content))


def _sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def make_job(repository_url: str, dockerfile: str, context: ContextSource | None = None, **more: Any) -> BuildJob:
    """A job for this machine's architecture whose key covers what tests vary."""
    contexts = {**({"context": context} if context else {}), **more.pop("contexts", {})}
    platform = f"linux/{'arm64' if os.uname().machine in ('aarch64', 'arm64') else 'amd64'}"
    build_args: Mapping[str, str] = more.get("build_args", {})
    key = build_key(
        KeyInputs((dockerfile,), platform, contexts={n: c.entries for n, c in contexts.items()}, build_args=build_args)
    )
    return BuildJob(
        **{
            "name": "api",
            "key": key,
            "repository_url": repository_url,
            "dockerfile": dockerfile.encode(),
            "dockerfile_name": "Dockerfile",
            "contexts": contexts,
            **with_recipe(more, Recipe(platform=platform)),
        }
    )


async def layers(registry: Registry | OciRegistry, digest: str) -> list[tarfile.TarFile]:
    """The layers of an image, opened."""
    manifest = await registry.manifest(digest)
    assert manifest is not None
    return [
        tarfile.open(fileobj=io.BytesIO(await registry.blob(layer["digest"])))
        for layer in json.loads(manifest.content)["layers"]
    ]


async def configuration(registry: Registry | OciRegistry, digest: str) -> dict[str, Any]:
    """The configuration of an image."""
    manifest = await registry.manifest(digest)
    assert manifest is not None
    return json.loads(await registry.blob(json.loads(manifest.content)["config"]["digest"]))


async def members(registry: Registry | OciRegistry, digest: str) -> dict[str, tarfile.TarInfo]:
    """Path → tar header, over all layers."""
    return {member.name.rstrip("/"): member for layer in await layers(registry, digest) for member in layer}


async def content(registry: Registry | OciRegistry, digest: str, path: str) -> bytes:
    """A file's bytes in the uppermost layer that has it."""
    for layer in reversed(await layers(registry, digest)):
        if path in layer.getnames():
            reader = layer.extractfile(path)
            assert reader is not None
            return reader.read()
    raise AssertionError(f"{path} is not in the image")


@dataclass
class Local:
    """A repository of the local cloud and an executor for it."""

    cloud: LocalCloud
    folder: Path
    url: str
    registries: Registries
    environment: dict[str, str]
    reporter: ListReporter = field(default_factory=ListReporter)

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    def repository_of_caches(self) -> str:
        """A new repository with mutable tags."""
        client: Any = boto3.client(
            "ecr",
            region_name=self.cloud.region,
            endpoint_url=self.cloud.aws_endpoint,
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )
        name = f"caches-{uuid.uuid4().hex[:8]}"
        made = client.create_repository(repositoryName=name, imageTagMutability="MUTABLE")
        return made["repository"]["repositoryUri"]

    @property
    def registry(self) -> Registry:
        return self.registries.registry_blocking(self.url)

    def executor(self, name: str | None = None, **environment: str) -> BuildxExecutor:
        return BuildxExecutor(
            name,
            self.environment | environment,
            self.logs,
            credentials=self.registries.push_credentials,
            guard=SharedGuard(),
        )

    def build(self, job: BuildJob) -> BuiltImage:
        return asyncio.run(self.executor().build(job, self.reporter))

    def job(self, dockerfile: str, context: Path | None = None, **more: Any) -> BuildJob:
        return make_job(self.url, dockerfile, select(context) if context else None, **more)

    def content(self, digest: str, path: str) -> bytes:
        return asyncio.run(content(self.registry, digest, path))

    def running(self) -> list[str]:
        """Command lines of processes that name this test's folder."""
        found: list[str] = []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if str(self.folder) in line:
                    found.append(line)
        return found

    def plain_buildx(self, context: Path) -> str:
        """What plain buildx makes of a folder; returns the digest."""
        metadata, host = self.folder / "metadata.json", self.cloud.registry_host
        credentials = self.registries.push_credentials(host)
        assert credentials is not None
        with private_docker_config(DockerConfig.load(self.environment), {host: credentials}, self.folder) as variables:
            subprocess.run(
                [
                    *("buildx", "build", "--provenance=false", "--metadata-file", str(metadata)),
                    *("--output", f"type=image,name={self.url},push=true,push-by-digest=true,name-canonical=true"),
                    str(context),
                ],
                env={**self.environment, **variables},
                check=True,
                capture_output=True,
            )
        return json.loads(metadata.read_text())["containerimage.digest"]
