"""Issue: clean-up of a repository with ten thousand images: API calls and seconds, and that nothing in use goes.

Decides what the repository holds: images under key tags, pushed over 400 days, each with two layers of its own and
three that all share; every hundredth is in use by a state, the rest is old. They are written into the registry's own
storage, since pushing them would take longer than all that is measured. Leaves deciding to the command.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from bench.engine import BenchFailed
from bench.measuring import number
from bench.table import Table, Target
from bench.workplace import Workplace
from fast_container.core.key import tag_of
from fast_container.core.oci.media_types import OCI_MANIFEST

_DAY_S = 86400.0
_SHARED = 3
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_CONFIG = "application/vnd.oci.image.config.v1+json"
# What the local cloud does not have.
_WITHOUT = ("--without", "apprunner", "--without", "sagemaker", "--without", "batch", "--without", "codebuild")


def cleanup(workplace: Workplace) -> list[Table]:
    """A dry run, a deletion, and the deletion again."""
    images = 1_000 if workplace.is_quick else 10_000
    url = workplace.repository("bench/cleanup")
    storage = workplace.folder / "cloud" / "registry" / "docker" / "registry" / "v2"
    used = _fill(storage, "bench/cleanup", images)
    state = workplace.folder / "cleanup-state.json"
    strings = [f"{url}@{digest}" for digest in used]
    state.write_text(json.dumps({"version": 3, "deployment": {"resources": [{"urn": "a", "outputs": strings}]}}))
    rows: list[list[str]] = []
    seconds = 0.0
    for name, flags in (("dry run", ()), ("--delete", ("--delete",)), ("--delete again", ("--delete",))):
        calls, took_s, document = _run(workplace, url, state, flags)
        gone = len((document["deleted"] or {"images": []})["images"])
        stays = sum(not image["delete"] for image in document["images"])
        rows.append([name, *map(number, (len(document["images"]), stays, gone, sum(calls.values()), took_s))])
        seconds = max(seconds, took_s)
        if name == "--delete":
            _check(workplace, used)
    return [
        Table(
            f"clean-up of a repository of {images:,} images",
            ["against the local cloud's ECR, Lambda and ECS; calls are all calls to AWS"],
            ["run", "images", "stay", "deleted", "calls", "seconds"],
            rows,
            [Target(f"the longest of three runs over {images:,} images", seconds, "most", 120.0, "s")],
        )
    ]


def _run(
    workplace: Workplace, url: str, state: Path, flags: tuple[str, ...]
) -> tuple[dict[str, int], float, dict[str, object]]:
    cloud = workplace.cloud
    cloud.control("calls/reset")
    started = time.monotonic()
    given = ["--json", "--repository", url, "--state", str(state), *_WITHOUT, *flags]
    done = subprocess.run(
        [sys.executable, "-m", "fast_container.cli", "gc", *given],
        env={**os.environ, **cloud.environment()},
        capture_output=True,
        text=True,
        check=False,
    )
    took_s = time.monotonic() - started
    if done.returncode != 0:
        raise BenchFailed(done.stderr)
    return cloud.api_calls(), took_s, json.loads(done.stdout)


def _check(workplace: Workplace, used: list[str]) -> None:
    for start in range(0, len(used), 100):
        ids = [{"imageDigest": digest} for digest in used[start : start + 100]]
        answer = workplace.ecr.batch_get_image(repositoryName="bench/cleanup", imageIds=ids)
        if answer["failures"]:
            raise BenchFailed(f"images in use were deleted: {answer['failures'][:3]}")


def _fill(storage: Path, name: str, images: int) -> list[str]:
    """Write the images; return the digests of those in use."""
    used: list[str] = []
    now = time.time()
    for number_of in range(images):
        own = [_digest(f"layer {number_of} {one}") for one in range(2)]
        layers = [*(_digest(f"shared {one}") for one in range(_SHARED)), *own]
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": OCI_MANIFEST,
                "config": {"mediaType": _CONFIG, "digest": _digest(f"config {number_of}"), "size": 2_000},
                "layers": [{"mediaType": _LAYER, "digest": layer, "size": 5_000_000} for layer in layers],
            }
        ).encode()
        digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
        pushed = now - 40 * _DAY_S - 360 * _DAY_S * number_of / images
        _write(storage, name, digest, manifest, tag_of(hashlib.sha256(digest.encode()).hexdigest()), pushed)
        if number_of % 100 == 0:
            used.append(digest)
    return used


def _write(storage: Path, name: str, digest: str, manifest: bytes, tag: str, pushed: float) -> None:
    value = digest.removeprefix("sha256:")
    manifests = storage / "repositories" / name / "_manifests"
    blob = storage / "blobs" / "sha256" / value[:2] / value / "data"
    link = manifests / "revisions" / "sha256" / value / "link"
    of_tag = manifests / "tags" / tag / "current" / "link"
    for path, content in ((blob, manifest), (link, digest.encode()), (of_tag, digest.encode())):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    os.utime(link, (pushed, pushed))


def _digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
