"""Puts stand-in base images into the registry under their names.

Decides how: the blobs are hard-linked into distribution's storage (copied across file systems), so that serving them
costs neither time nor space. This is distribution's documented on-disk layout; it must hold in no other module than
this one and :mod:`localcloud.ecr_images`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

_INDEX = "application/vnd.oci.image.index.v1+json"


def serve(layouts: Sequence[Path], storage: Path, names: Iterable[str]) -> None:
    """Serves a made image from a registry's storage under ``repository:tag`` names.

    Args:
        layouts: The image for one architecture, or for several: then an index of them is served.
        storage: The registry's storage folder.
        names: As in :data:`localcloud.base_images.catalogue.NAMES`.
    """
    root = storage / "docker" / "registry" / "v2"
    described = [json.loads((layout / "manifest.json").read_text()) for layout in layouts]
    manifests = [_hex(entry["digest"]) for entry in described]
    digests: set[str] = set()
    for layout in layouts:
        for blob in (layout / "blobs" / "sha256").iterdir():
            digests.add(blob.name)
            _link(blob, _blob(root, blob.name))
    served = manifests[0] if len(manifests) == 1 else _put_index(root, described)
    for name in names:
        repository, _, tag = name.rpartition(":")
        folder = root / "repositories" / repository
        for digest in digests - set(manifests):
            _point(folder / "_layers" / "sha256" / digest / "link", digest)
        for digest in {*manifests, served}:
            _point(folder / "_manifests" / "revisions" / "sha256" / digest / "link", digest)
        _point(folder / "_manifests" / "tags" / tag / "index" / "sha256" / served / "link", served)
        _point(folder / "_manifests" / "tags" / tag / "current" / "link", served)


def _put_index(root: Path, described: list[dict[str, Any]]) -> str:
    """Writes an image index into the storage; returns the hex of its digest."""
    manifests = [
        {
            **{name: entry[name] for name in ("mediaType", "digest", "size")},
            "platform": {"os": "linux", "architecture": entry["architecture"]},
        }
        for entry in described
    ]
    content = json.dumps({"schemaVersion": 2, "mediaType": _INDEX, "manifests": manifests}).encode()
    digest = hashlib.sha256(content).hexdigest()
    target = _blob(root, digest)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return digest


def _blob(root: Path, digest: str) -> Path:
    return root / "blobs" / "sha256" / digest[:2] / digest / "data"


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")


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
