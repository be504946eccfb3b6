"""Makes a stand-in base image once and keeps it in the per-user cache.

Decides when a cached image can be used (same code, kind, host certificates and package index), the order of steps,
and the image's configuration.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from localcloud.base_images import (
    bytecode,
    catalogue,
    debian_packages,
    image_layout,
    package_managers,
    root_filesystem,
)
from localcloud.base_images.catalogue import PACKAGES, Architecture, StandIn
from localcloud.base_images.debian_packages import DebianPackages, unpack
from localcloud.base_images.image_layout import ImageLayout
from localcloud.state import locked, user_cache

_ENVIRONMENT = ["PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin", "LANG=C.UTF-8"]
_LAMBDA_ENVIRONMENT = ["LAMBDA_TASK_ROOT=/var/task", "LAMBDA_RUNTIME_DIR=/var/runtime"]


def ensure_base_image(image: StandIn, architecture: Architecture = "amd64", *, quiet: bool = False) -> Path:
    """The layout of a stand-in image: a folder with ``blobs/sha256`` and ``manifest.json``; made at the first call."""
    cache = user_cache() / "base-images"
    kind = f"{image.kind}-compiled" if image.compiled else image.kind
    folder = cache / f"{kind}-{image.suite}-{architecture}-{_identity(image, architecture)}"
    if (folder / "manifest.json").exists():
        return folder
    with locked(cache / "lock"):
        if (folder / "manifest.json").exists():
            return folder
        started = time.monotonic()
        if not quiet:
            print(f"making the stand-in base image {kind} ({image.suite}, {architecture}) …", file=sys.stderr)
        _make(image, architecture, folder, cache)
        if not quiet:
            print(f"  done in {time.monotonic() - started:.0f} s", file=sys.stderr)
    return folder


def _identity(image: StandIn, architecture: Architecture) -> str:
    """Digest of everything that the image depends on, as 16 hex digits."""
    modules = (bytecode, catalogue, debian_packages, image_layout, package_managers, root_filesystem)
    parts = [Path(str(module.__file__)).read_bytes() for module in modules]
    parts.append(Path(__file__).read_bytes())
    certificates = root_filesystem.HOST_CERTIFICATES
    parts.append(certificates.read_bytes() if certificates.exists() else b"")
    parts.append(root_filesystem.pip_settings().encode())
    parts.append(f"{image.kind} {image.suite} {image.compiled} {architecture}".encode())
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()[:16]


def _make(image: StandIn, architecture: Architecture, folder: Path, cache: Path) -> None:
    packages = DebianPackages(image.suite, architecture, cache / "downloads" / f"{image.suite}-{architecture}")
    files = packages.fetch([name.format(python=image.python) for name in PACKAGES[image.kind]])
    unfinished = folder.with_name(folder.name + ".new")
    root = unfinished / "root"
    shutil.rmtree(unfinished, ignore_errors=True)
    root_filesystem.prepare(root)
    for file in files:
        unpack(file, root)
    root_filesystem.finish(root, image, architecture, cache / "downloads" / "wheels")
    if image.compiled:
        bytecode.compile_modules(root, image.python)
    layout = ImageLayout(unfinished)
    created_by = f"stand-in {image.kind} base image of Debian {image.suite} packages"
    manifest = layout.put_image(root, architecture, _config(image), created_by)
    shutil.rmtree(root)
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)
    temporary = folder / "manifest.json.new"
    temporary.write_text(json.dumps({"architecture": architecture, **manifest.descriptor(image_layout.MANIFEST)}))
    temporary.rename(folder / "manifest.json")


def _config(image: StandIn) -> dict[str, Any]:
    if image.kind == "lambda":
        return {
            "Env": _ENVIRONMENT + _LAMBDA_ENVIRONMENT,
            "Entrypoint": ["/lambda-entrypoint.sh"],
            "WorkingDir": "/var/task",
        }
    return {"Env": _ENVIRONMENT, "Cmd": ["sh"] if image.kind == "busybox" else ["python3"]}
