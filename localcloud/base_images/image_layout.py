"""Writes a root file system as one reproducible image layer with its configuration and manifest.

Decides the bytes of layer, configuration and manifest, and the layout: ``blobs/sha256/<hex>`` and ``manifest.json``,
a list of the manifests by architecture.
"""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import json
import os
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

EPOCH = 1700000000
"""The one modification time of everything in a stand-in image."""

_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclasses.dataclass(frozen=True)
class Blob:
    """A written blob: its digest (``sha256:…``) and size in bytes."""

    digest: str
    size: int

    def descriptor(self, media_type: str) -> dict[str, Any]:
        """The blob as an OCI descriptor."""
        return {"mediaType": media_type, "digest": self.digest, "size": self.size}


class _Tee:
    """Hashes and counts what passes on its way into a file."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self._size = 0

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        self._size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()

    @property
    def blob(self) -> Blob:
        return Blob("sha256:" + self._hash.hexdigest(), self._size)


class ImageLayout:
    """A folder of blobs."""

    def __init__(self, folder: Path) -> None:
        self.blobs = folder / "blobs" / "sha256"
        self.blobs.mkdir(parents=True, exist_ok=True)

    def put(self, content: bytes) -> Blob:
        """Writes a blob."""
        digest = hashlib.sha256(content).hexdigest()
        (self.blobs / digest).write_bytes(content)
        return Blob(f"sha256:{digest}", len(content))

    def put_layer(self, root: Path) -> tuple[Blob, Blob]:
        """Writes a layer of all files below ``root``; returns it packed and unpacked."""
        temporary = self.blobs / "layer.new"
        with temporary.open("wb") as file:
            packed = _Tee(file)
            with gzip.GzipFile("", "wb", 6, cast("BinaryIO", packed), mtime=0) as compressed:
                plain = _Tee(compressed)
                with tarfile.open(fileobj=cast("BinaryIO", plain), mode="w|", format=tarfile.PAX_FORMAT) as archive:
                    _add_files(archive, root)
        temporary.rename(self.blobs / packed.blob.digest.removeprefix("sha256:"))
        return packed.blob, plain.blob

    def put_image(self, root: Path, architecture: str, config: dict[str, Any], created_by: str) -> Blob:
        """Writes a one-layer image; returns its manifest."""
        packed, plain = self.put_layer(root)
        when = datetime.fromtimestamp(EPOCH, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        document = {
            "architecture": architecture,
            "os": "linux",
            "created": when,
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": [plain.digest]},
            "history": [{"created": when, "created_by": created_by}],
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self.put(json.dumps(document).encode()).descriptor(_CONFIG),
            "layers": [packed.descriptor(_LAYER)],
        }
        return self.put(json.dumps(manifest).encode())


def _add_files(archive: tarfile.TarFile, root: Path) -> None:
    for folder, folders, files in os.walk(root):
        folders.sort()
        for name in sorted(files + folders):
            path = Path(folder) / name
            member = archive.gettarinfo(path, str(path.relative_to(root)))
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            member.mtime = EPOCH
            member.pax_headers = {}
            if member.isreg():
                with path.open("rb") as file:
                    archive.addfile(member, file)
            else:
                archive.addfile(member)
