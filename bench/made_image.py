"""An image made without a builder, in the three forms that tools read: blobs of a registry, OCI layout, docker-archive.

Decides what is in it: a base, Python packages with bytecode, and a service's code, as generated files that compress
as programs do. The same arguments make the same bytes. Leaves serving and measuring to ``bench.checks``.
"""

from __future__ import annotations

import hashlib
import io
import json
import random
import struct
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"
_POOL_BYTES = 4 << 20
_NAME = "made:1"
_TAG = "cpython-311"
# CPython 3.11's magic number, and bytecode that goes by the source's hash.
_BYTECODE = struct.pack("<H", 3495) + b"\r\n" + struct.pack("<I", 3) + bytes(8)

File = tuple[str, bytes]


@dataclass(frozen=True)
class MadeLayer:
    """A layer: its blob, and the archive in it."""

    digest: str
    size: int
    diff_id: str
    archive: Path


@dataclass(frozen=True)
class MadeImage:
    """An image in a folder.

    Attributes:
        layout: The OCI layout, which has ``manifest.json`` for :mod:`localcloud.base_images.serving`, too.
        archive: The docker-archive.
        digest: Of its manifest.
        compressed_bytes: Of its layers.
        unpacked_bytes: Of its layers.
        files: How many.
    """

    layout: Path
    archive: Path
    digest: str
    compressed_bytes: int
    unpacked_bytes: int
    files: int


class LayerMaker:
    """Writes layers below a folder."""

    def __init__(self, folder: Path) -> None:
        self.layout = folder / "layout"
        self.blobs = self.layout / "blobs" / "sha256"
        self.blobs.mkdir(parents=True, exist_ok=True)
        self.folder = folder

    def layer(self, name: str, files: Iterator[File]) -> MadeLayer:
        """Write one; the files are made while it is written."""
        archive = self.folder / f"{name}.tar"
        with archive.open("wb") as opened, tarfile.open(fileobj=opened, mode="w") as tar:
            for path, content in files:
                info = tarfile.TarInfo(path)
                info.size, info.mode, info.mtime = len(content), 0o644, 1_700_000_000
                if path.startswith("usr/bin/"):
                    info.mode = 0o755
                tar.addfile(info, io.BytesIO(content))
        return self._packed(archive)

    def _packed(self, archive: Path) -> MadeLayer:
        packed, plain, size = hashlib.sha256(), hashlib.sha256(), 0
        packer = zlib.compressobj(1, wbits=31)
        waiting = self.blobs / "new"
        with archive.open("rb") as source, waiting.open("wb") as target:
            for piece in iter(lambda: source.read(1 << 20), b""):
                plain.update(piece)
                size += _write(target, packed, packer.compress(piece))
            size += _write(target, packed, packer.flush())
        waiting.rename(self.blobs / packed.hexdigest())
        return MadeLayer(f"sha256:{packed.hexdigest()}", size, f"sha256:{plain.hexdigest()}", archive)

    def put(self, document: object) -> dict[str, Any]:
        """Write a JSON blob; returns digest and size."""
        content = json.dumps(document).encode()
        digest = hashlib.sha256(content).hexdigest()
        (self.blobs / digest).write_bytes(content)
        return {"digest": f"sha256:{digest}", "size": len(content)}

    def image(self, layers: list[MadeLayer], config: dict[str, Any]) -> MadeImage:
        """Write an image of layers, in all its forms."""
        document = {
            "os": "linux",
            "architecture": "amd64",
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
            "history": [{"created_by": f"COPY layer {at}"} for at, _ in enumerate(layers)],
        }
        configuration = self.put(document)
        manifest = self.put(
            {
                "schemaVersion": 2,
                "mediaType": _MANIFEST,
                "config": {"mediaType": _CONFIG, **configuration},
                "layers": [{"mediaType": _LAYER, "digest": layer.digest, "size": layer.size} for layer in layers],
            }
        )
        self._layout_files(manifest)
        archive = self._docker_archive(layers, configuration["digest"], document)
        unpacked = files = 0
        for layer in layers:
            with tarfile.open(layer.archive) as tar:
                for member in tar:
                    unpacked, files = unpacked + member.size, files + 1
        compressed = sum(layer.size for layer in layers)
        return MadeImage(self.layout, archive, manifest["digest"], compressed, unpacked, files)

    def _layout_files(self, manifest: dict[str, Any]) -> None:
        described = {"mediaType": _MANIFEST, **manifest}
        named = described | {"annotations": {"org.opencontainers.image.ref.name": _NAME}}
        index = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": [named]}
        (self.layout / "index.json").write_text(json.dumps(index))
        (self.layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        (self.layout / "manifest.json").write_text(json.dumps({"architecture": "amd64", **described}))

    def _docker_archive(self, layers: list[MadeLayer], configuration: str, document: object) -> Path:
        target = self.folder / f"{configuration[-12:]}.docker.tar"
        name = configuration.removeprefix("sha256:") + ".json"
        with tarfile.open(target, "w") as tar:
            _add(tar, name, json.dumps(document).encode())
            for layer in layers:
                tar.add(layer.archive, f"{layer.diff_id.removeprefix('sha256:')}/layer.tar")
            places = [f"{layer.diff_id.removeprefix('sha256:')}/layer.tar" for layer in layers]
            _add(tar, "manifest.json", json.dumps([{"Config": name, "RepoTags": [_NAME], "Layers": places}]).encode())
        return target


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def _write(target: BinaryIO, seen: Any, data: bytes) -> int:
    seen.update(data)
    target.write(data)
    return len(data)


class _Content:
    """Bytes that compress to about two fifths, as programs do."""

    def __init__(self) -> None:
        chance = random.Random(7)
        words = [chance.randbytes(chance.randrange(8, 40)) for _ in range(600)]
        pool = bytearray()
        while len(pool) < _POOL_BYTES:
            pool += chance.choice(words) if chance.random() < 0.7 else chance.randbytes(14)
        self._pool = bytes(pool)
        self._chance = chance

    def of(self, size: int) -> bytes:
        """So many bytes, another part of the pool each time."""
        made = bytearray()
        while len(made) < size:
            at = self._chance.randrange(_POOL_BYTES)
            made += self._pool[at : at + size - len(made)]
        return bytes(made)


def base_files(total_bytes: int, count: int) -> Iterator[File]:
    """Files of a base image."""
    content = _Content()
    yield "usr/bin/python3", content.of(5_000_000)
    yield "etc/passwd", b"root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/app:/bin/sh\n"
    for at in range(count - 2):
        yield f"usr/lib/part{at % 60}/share/data-{at}.so", content.of(_size(at, (total_bytes - 5_000_000) // count))


def package_files(total_bytes: int, count: int) -> Iterator[File]:
    """Python packages: a library in a hundred files, else modules with bytecode."""
    content = _Content()
    modules = count * 49 // 100
    libraries = count - 2 * modules
    for at in range(modules):
        folder = f"usr/lib/python3/site-packages/package_{at % 80}/inner{at % 7}"
        yield f"{folder}/module_{at}.py", content.of(_size(at, 3000))
        yield f"{folder}/__pycache__/module_{at}.{_TAG}.pyc", _BYTECODE + content.of(_size(at, 4000))
    for at in range(libraries):
        size = max(1000, (total_bytes - modules * 7000) // libraries)
        yield f"usr/lib/python3/site-packages/package_{at % 80}/lib{at}.so", content.of(size)


def code_files(count: int, edit: int) -> Iterator[File]:
    """A service with bytecode; each edit gives other bytes."""
    content = _Content()
    for at in range(count):
        yield f"app/service/module_{at}.py", f"# edit {edit}\n".encode() + content.of(2000)
        yield f"app/service/__pycache__/module_{at}.{_TAG}.pyc", _BYTECODE + content.of(2500)


def _size(at: int, mean: int) -> int:
    """Sizes from a twentieth to some three times of a mean."""
    return max(10, mean * (1 + at * 7919 % 61) // 31)
