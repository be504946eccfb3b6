"""The images of the registry as ECR sees them: one truth, distribution's storage.

Decides how repositories, tags, manifests and layers are read from distribution's files and changed through its HTTP
API. What a caller of ECR is told about them is decided in :mod:`localcloud.ecr_api` and :mod:`localcloud.gateway`;
whether a repository exists is moto's to say.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import http.client
import json
import os
import shutil
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
INDEX_TYPES = frozenset({OCI_INDEX, DOCKER_LIST})


class ManifestRefusedError(Exception):
    """The registry did not take a manifest; ``codes`` are the registry's error codes."""

    def __init__(self, codes: list[str], message: str) -> None:
        super().__init__(message)
        self.codes = codes


@dataclasses.dataclass(frozen=True)
class StoredManifest:
    """A manifest as it was pushed.

    Attributes:
        digest: ``sha256:…`` of ``content``.
        pushed_at: Seconds since the epoch.
    """

    digest: str
    media_type: str
    content: bytes
    pushed_at: float

    @property
    def document(self) -> dict[str, Any]:
        """The manifest's JSON."""
        return json.loads(self.content)

    @property
    def is_index(self) -> bool:
        """Whether it is an image index or manifest list."""
        return self.media_type in INDEX_TYPES

    @property
    def children(self) -> list[str]:
        """The digests of an index's manifests."""
        return [str(child["digest"]) for child in self.document.get("manifests", [])] if self.is_index else []


class ImageStore:
    """Reads and changes the images of one registry."""

    def __init__(self, storage: Path, host: str) -> None:
        self._root = storage / "docker" / "registry" / "v2"
        self._host = host
        self._locks: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)
        self._locks_lock = threading.Lock()
        # A digest names one content for ever.
        self._children: dict[str, tuple[str, ...]] = {}

    def lock(self, name: str) -> threading.RLock:
        """The lock that every change of a repository's tags holds, so that looking and writing are one step."""
        with self._locks_lock:
            return self._locks[name]

    def tags(self, name: str) -> dict[str, str]:
        """The repository's tags and the digests they point to."""
        folder = self._repository(name) / "_manifests" / "tags"
        found = {tag: _read_link(f"{folder}/{tag}/current/link") for tag in sorted(_names_in(folder))}
        return {tag: digest for tag, digest in found.items() if digest}

    def tag(self, name: str, tag: str) -> str:
        """The digest that a tag points to, or ""."""
        if "/" in tag:
            return ""
        return _read_link(self._repository(name) / "_manifests" / "tags" / tag / "current" / "link")

    def digests(self, name: str) -> list[str]:
        """The digests of all images of the repository, oldest push first."""
        folder = self._repository(name) / "_manifests" / "revisions" / "sha256"
        pushed: list[tuple[float, str]] = []
        for value in _names_in(folder):
            with contextlib.suppress(OSError):
                pushed.append((os.stat(f"{folder}/{value}/link").st_mtime, value))  # noqa: PTH116 - thousands of them
        return [f"sha256:{value}" for _, value in sorted(pushed)]

    def manifest(self, name: str, digest: str) -> StoredManifest | None:
        """An image of the repository by digest, or None."""
        algorithm, _, value = digest.partition(":")
        if algorithm != "sha256" or not value.isalnum():
            return None
        link = self._repository(name) / "_manifests" / "revisions" / "sha256" / value / "link"
        try:
            content = self._blob(value).read_bytes()
            pushed_at = link.stat().st_mtime
        except OSError:
            return None
        return StoredManifest(digest, media_type_of(content), content, pushed_at)

    def referrers(self, name: str, digest: str) -> list[StoredManifest]:
        """The manifests whose ``subject`` is that digest, oldest push first."""
        stored = (self.manifest(name, one) for one in self.digests(name))
        return [one for one in stored if one and (one.document.get("subject") or {}).get("digest") == digest]

    def size_bytes(self, name: str, manifest: StoredManifest) -> int:
        """Compressed size of an image's configuration and layers; of an index, its largest child's."""
        if manifest.is_index:
            children = (self.manifest(name, digest) for digest in manifest.children)
            return max((self.size_bytes(name, child) for child in children if child), default=0)
        document = manifest.document
        return int(document["config"]["size"]) + sum(int(layer["size"]) for layer in document["layers"])

    def blob_size(self, name: str, digest: str) -> int | None:
        """The size of a blob that the repository holds, or None."""
        value = digest.removeprefix("sha256:")
        if not (self._repository(name) / "_layers" / "sha256" / value / "link").exists():
            return None
        try:
            return self._blob(value).stat().st_size
        except OSError:
            return None

    def read_blob(self, digest: str) -> bytes | None:
        """A small blob's content (an image configuration), or None."""
        try:
            return self._blob(digest.removeprefix("sha256:")).read_bytes()
        except OSError:
            return None

    def blob_url(self, name: str, digest: str) -> str:
        """Where a blob can be read without credentials."""
        return f"http://{self._host}/v2/{name}/blobs/{digest}"

    def blob_path(self, digest: str) -> Path:
        """Where a blob lies."""
        return self._blob(digest.removeprefix("sha256:"))

    def put(self, name: str, reference: str, content: bytes, media_type: str) -> str:
        """Stores a manifest under a tag or its digest and returns the digest.

        Raises:
            ManifestRefusedError: Its layers or children are not there, or it is not a manifest.
        """
        response, body = self._send("PUT", name, reference, content, {"Content-Type": media_type})
        if response.status != http.client.CREATED:
            raise ManifestRefusedError(*_registry_errors(body))
        return "sha256:" + hashlib.sha256(content).hexdigest()

    def remove(self, name: str, reference: str) -> None:
        """Removes a tag, or an image by digest; its tags are the caller's to remove.

        In the registry's own files: it would read all tags of the repository for each image, and keeps nothing in
        memory.
        """
        manifests = self._repository(name) / "_manifests"
        algorithm, _, value = reference.partition(":")
        if not value:
            shutil.rmtree(manifests / "tags" / reference, ignore_errors=True)
        elif algorithm == "sha256" and value.isalnum():
            shutil.rmtree(manifests / "revisions" / "sha256" / value, ignore_errors=True)

    def children(self, name: str) -> set[str]:
        """The digests that the repository's indexes list."""
        found: set[str] = set()
        for digest in self.digests(name):
            if digest not in self._children:
                manifest = self.manifest(name, digest)
                self._children[digest] = tuple(manifest.children) if manifest else ()
            found.update(self._children[digest])
        return found

    def drop_repository(self, name: str) -> None:
        """Forgets a repository with all its images."""
        folder = self._repository(name)
        for part in ("_manifests", "_layers", "_uploads"):
            shutil.rmtree(folder / part, ignore_errors=True)

    def _send(
        self, method: str, name: str, reference: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection(self._host, timeout=30)
        try:
            connection.request(method, f"/v2/{name}/manifests/{reference}", body=body, headers=headers or {})
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def _repository(self, name: str) -> Path:
        return self._root / "repositories" / name

    def _blob(self, value: str) -> Path:
        return self._root / "blobs" / "sha256" / value[:2] / value / "data"


def media_type_of(content: bytes) -> str:
    """The media type that a manifest's JSON shows; OCI where it names none."""
    try:
        document = json.loads(content)
    except ValueError:
        return ""
    named = document.get("mediaType")
    if named:
        return str(named)
    return OCI_INDEX if "manifests" in document else OCI_MANIFEST


def _names_in(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - thousands of them
    except OSError:
        return []


def _read_link(path: Path | str) -> str:
    try:
        with open(path, encoding="ascii") as link:  # noqa: PTH123 - thousands of them
            return link.read().strip()
    except OSError:
        return ""


def _registry_errors(body: bytes) -> tuple[list[str], str]:
    try:
        errors = json.loads(body)["errors"]
    except (ValueError, KeyError, TypeError):
        return [], body.decode(errors="replace")
    return [str(error.get("code")) for error in errors], "; ".join(str(error.get("message")) for error in errors)
