"""Puts stand-in base images into the registry under their names.

Decides how: the blobs are hard-linked into distribution's storage (copied across file systems), so that serving them
costs neither time nor space. This is distribution's documented on-disk layout; it must hold in no other module than
this one and :mod:`localcloud.ecr_images`.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path


def serve(layout: Path, storage: Path, names: tuple[str, ...]) -> None:
    """Serves a made image from a registry's storage under ``repository:tag`` names."""
    manifest_digest = str(json.loads((layout / "manifest.json").read_text())["digest"])
    blobs = layout / "blobs" / "sha256"
    root = storage / "docker" / "registry" / "v2"
    digests = [path.name for path in blobs.iterdir()]
    for digest in digests:
        _link(blobs / digest, root / "blobs" / "sha256" / digest[:2] / digest / "data")
    manifest = manifest_digest.removeprefix("sha256:")
    for name in names:
        repository, _, tag = name.rpartition(":")
        folder = root / "repositories" / repository
        for digest in digests:
            if digest != manifest:
                _point(folder / "_layers" / "sha256" / digest / "link", digest)
        _point(folder / "_manifests" / "revisions" / "sha256" / manifest / "link", manifest)
        _point(folder / "_manifests" / "tags" / tag / "index" / "sha256" / manifest / "link", manifest)
        _point(folder / "_manifests" / "tags" / tag / "current" / "link", manifest)


def _link(source: Path, target: Path) -> None:
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f"data.{os.getpid()}")
    try:
        os.link(source, temporary)
    except OSError:
        shutil.copyfile(source, temporary)
    temporary.replace(target)


def _point(link: Path, digest: str) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    temporary = link.with_name(f"link.{os.getpid()}")
    temporary.write_text(f"sha256:{digest}")
    temporary.replace(link)
