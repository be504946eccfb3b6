"""Layers and images made by hand, for rules and for readers of layers."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fast_container.core.layers.contents import ImageContents, ImageFiles, ImageLayer
from fast_container.core.layers.listing import Listing, read_listing
from fast_container.core.layers.merged import merge
from fast_container.core.oci.configuration import parse_configuration
from tests.build.fakes import GZIP_LAYER, OCI_MANIFEST

Member = tuple[tarfile.TarInfo, bytes]


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def file(path: str, content: bytes | int = b"", *, mode: int = 0o644, uid: int = 0, mtime: int = 0) -> Member:
    """A file with that content, or with so many bytes."""
    info = tarfile.TarInfo(path)
    data = content if isinstance(content, bytes) else b"x" * content
    info.size, info.mode, info.uid, info.gid, info.mtime = len(data), mode, uid, uid, mtime
    return info, data


def folder(path: str, *, mode: int = 0o755, uid: int = 0) -> Member:
    info = tarfile.TarInfo(path)
    info.type, info.mode, info.uid = tarfile.DIRTYPE, mode, uid
    return info, b""


def link(path: str, target: str, *, hard: bool = False) -> Member:
    info = tarfile.TarInfo(path)
    info.type, info.linkname = tarfile.LNKTYPE if hard else tarfile.SYMTYPE, target
    return info, b""


def tar(members: Iterable[Member], *, format: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def listing(*members: Member) -> Listing:
    data = tar(members)
    return read_listing([data], len(data))


def contents(
    *layers: Sequence[Member],
    unreadable: str = "",
    is_of_index: bool = False,
    contents: Mapping[str, bytes] | None = None,
    **config: Any,
) -> ImageContents:
    """An image of those layers; its configuration's fields as keywords, ``history`` among them."""
    history = config.pop("history", [])
    document = {
        "os": "linux",
        "architecture": config.pop("architecture", "amd64"),
        "config": config,
        "history": history,
    }
    listings = [listing(*members) for members in layers]
    made = [ImageLayer(sha256(b"%d" % at), 10 + at, "", one) for at, one in enumerate(listings)]
    return ImageContents(
        "registry.example/shop/images@sha256:0",
        OCI_MANIFEST,
        is_of_index,
        tuple((layer.digest, layer.compressed_bytes) for layer in made),
        parse_configuration(json.dumps(document).encode()),
        None if unreadable else ImageFiles(tuple(made), merge(listings)),
        unreadable,
        contents or {},
    )


def image(
    layers: Sequence[bytes],
    config: Mapping[str, Any] | None = None,
    *,
    media_type: str = GZIP_LAYER,
    history: Sequence[Mapping[str, Any]] = (),
) -> tuple[bytes, dict[str, bytes]]:
    """A manifest, and its blobs by digest."""
    document: dict[str, Any] = {"os": "linux", "architecture": "amd64", "config": dict(config or {})}
    if history:
        document["history"] = list(history)
    configuration = json.dumps(document).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": sha256(configuration),
            "size": len(configuration),
        },
        "layers": [{"mediaType": media_type, "digest": sha256(data), "size": len(data)} for data in layers],
    }
    blobs = {sha256(data): data for data in (*layers, configuration)}
    return json.dumps(manifest).encode(), blobs


def zipped(members: Iterable[Member]) -> bytes:
    return gzip.compress(tar(members), mtime=0)
