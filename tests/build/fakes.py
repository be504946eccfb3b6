"""An in-memory registry, an executor that pushes to it, and what else the pipeline asks for."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fast_container.core.key import KeyInputs, build_key
from fast_container.core.ports import BuildJob, BuiltImage, Manifest, Reporter
from fast_container.core.recipe import Recipe
from tests.trees import with_recipe

URL = "registry.example/shop/images"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
GZIP_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class FakeRegistry:
    """Satisfies ``core.ports.Registry``; ``fail`` maps a method's name to what it raises."""

    def __init__(self, url: str = URL, *, immutable: bool = True) -> None:
        self.url = url
        self.immutable = immutable
        self.tags: dict[str, str] = {}
        self.manifests: dict[str, Manifest] = {}
        self.blobs: dict[str, bytes] = {}
        self.fail: dict[str, BaseException] = {}
        self.before_tag: Callable[[], None] = lambda: None
        self.calls: list[tuple[str, Any]] = []

    def _called(self, name: str, argument: Any) -> None:
        self.calls.append((name, argument))
        if name in self.fail:
            raise self.fail[name]

    async def find(self, tags: Sequence[str]) -> Mapping[str, Manifest]:
        self._called("find", list(tags))
        await asyncio.sleep(0)
        return {tag: self.manifests[self.tags[tag]] for tag in tags if tag in self.tags}

    async def manifest(self, digest: str) -> Manifest | None:
        self._called("manifest", digest)
        return self.manifests.get(digest)

    async def blob(self, digest: str) -> bytes:
        self._called("blob", digest)
        return self.blobs[digest]

    async def tag(self, manifest: Manifest, tag: str) -> str:
        self._called("tag", tag)
        self.before_tag()
        if not (self.immutable and tag in self.tags):
            self.tags[tag] = manifest.digest
            self.manifests.setdefault(manifest.digest, manifest)
        return self.tags[tag]

    def push(
        self,
        text: str = "image",
        *,
        platform: str = "linux/arm64",
        media_type: str = OCI_MANIFEST,
        layer_type: str = GZIP_LAYER,
        layer_bytes: int = 1000,
    ) -> Manifest:
        """Push an image by digest."""
        names = platform.split("/")
        configuration = json.dumps({"os": names[0], "architecture": names[1], "text": text}).encode()
        self.blobs[sha256(configuration)] = configuration
        content = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": media_type,
                "config": {
                    "mediaType": "application/vnd.oci.image.config.v1+json",
                    "digest": sha256(configuration),
                    "size": len(configuration),
                },
                "layers": [{"mediaType": layer_type, "digest": sha256(text.encode()), "size": layer_bytes}],
            }
        ).encode()
        return self._keep(content, media_type)

    def push_index(self, *children: tuple[Manifest, str], attested: bool = False) -> Manifest:
        """Push an index of (manifest, platform), with an attestation beside them if asked."""
        entries: list[dict[str, Any]] = [
            {
                "mediaType": child.media_type,
                "digest": child.digest,
                "size": len(child.content),
                "platform": dict(zip(("os", "architecture"), platform.split("/"), strict=True)),
            }
            for child, platform in children
        ]
        if attested:
            entries.append(
                {
                    "mediaType": OCI_MANIFEST,
                    "digest": sha256(b"attestation"),
                    "size": 10,
                    "platform": {"os": "unknown", "architecture": "unknown"},
                    "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
                }
            )
        return self._keep(json.dumps({"schemaVersion": 2, "manifests": entries}).encode(), OCI_INDEX)

    def _keep(self, content: bytes, media_type: str) -> Manifest:
        manifest = Manifest(sha256(content), media_type, content)
        self.manifests[manifest.digest] = manifest
        return manifest


@dataclass
class FakeExecutor:
    """Pushes what ``push`` returns; ``gate`` holds builds up until it is set."""

    registry: FakeRegistry
    push: Callable[[BuildJob], Manifest] | None = None
    error: BaseException | None = None
    gate: asyncio.Event | None = None
    lines: Sequence[str] = ()
    builds: list[str] = field(default_factory=list)
    running: int = 0
    most_running: int = 0
    stopped: int = 0

    async def build(self, job: BuildJob, reporter: Reporter) -> BuiltImage:
        self.builds.append(job.name)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            for line in self.lines:
                reporter.progress(line)
            await (self.gate.wait() if self.gate else asyncio.sleep(0))
            if self.error:
                raise self.error
            manifest = self.push(job) if self.push else self.registry.push(job.key.hex)
            return BuiltImage(manifest.digest, steps=7, steps_cached=3, duration_s=1.0, log_path="/logs/x.log")
        except asyncio.CancelledError:
            self.stopped += 1
            raise
        finally:
            self.running -= 1


@dataclass
class ListReporter:
    progressed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def progress(self, line: str) -> None:
        self.progressed.append(line)

    def note(self, line: str) -> None:
        self.notes.append(line)

    def warn(self, line: str) -> None:
        self.warnings.append(line)


class StepClock:
    """Every reading is a second later."""

    def __init__(self) -> None:
        self.time_s = 1000.0

    def monotonic(self) -> float:
        self.time_s += 1
        return self.time_s

    def now(self) -> float:
        return 1_700_000_000.0


def make_job(name: str = "api", *, content: str = "1", **changes: Any) -> BuildJob:
    """A job whose key depends on ``content``."""
    key = build_key(KeyInputs((f"FROM scratch {content}",), "linux/arm64", triggers={"content": content}))
    job = BuildJob(
        name=name,
        key=key,
        repository_url=URL,
        dockerfile=b"FROM scratch\n",
        dockerfile_name="Dockerfile",
        contexts={},
        recipe=Recipe(platform="linux/arm64"),
    )
    return replace(job, **with_recipe(changes, job.recipe))
