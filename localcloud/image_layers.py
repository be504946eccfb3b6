"""Images unpacked for running: one folder a layer, as overlayfs wants its lower folders.

Decides how a function's image gets from the registry to the disk: pulled by digest through the gateway with a token,
like any client; every blob's digest checked; each layer unpacked once, whiteouts turned into overlayfs' own.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import http.client
import json
import os
import shutil
import stat
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from localcloud.ecr_images import DOCKER_MANIFEST, OCI_MANIFEST
from localcloud.state import LocalCloudError, locked
from localcloud.tokens import Tokens

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_CHUNK = 1024 * 1024


class ImageGoneError(LocalCloudError):
    """The registry no longer has the image or one of its blobs."""


@dataclasses.dataclass(frozen=True)
class UnpackedImage:
    """An image that can be run.

    Attributes:
        layers: The folders of its layers, lowest first.
        config: The ``config`` object of its configuration (``Env``, ``Entrypoint``, ``Cmd``, ``WorkingDir``).
    """

    layers: tuple[Path, ...]
    config: dict[str, Any]


class ImageLayers:
    """Pulls and unpacks; keeps every layer until the cloud ends."""

    def __init__(self, folder: Path, registry_host: str, tokens: Tokens) -> None:
        self._folder = folder
        self._host = registry_host
        self._tokens = tokens

    def unpack(self, repository: str, digest: str) -> UnpackedImage:
        """The image of a digest, unpacked.

        Raises:
            ImageGoneError: It is no longer in the registry.
        """
        puller = _Puller(self._host, repository, self._tokens.issue()[0])
        manifest = json.loads(puller.read(f"manifests/{digest}", digest))
        configuration = json.loads(puller.read(f"blobs/{manifest['config']['digest']}", manifest["config"]["digest"]))
        layers = (self._layer(puller, str(layer["digest"])) for layer in manifest["layers"])
        return UnpackedImage(each_once(layers), configuration.get("config") or {})

    def _layer(self, puller: _Puller, digest: str) -> Path:
        folder = self._folder / digest.removeprefix("sha256:")
        with locked(self._folder / "lock"):
            if folder.exists():
                return folder
            unfinished = folder.with_suffix(".new")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
            blob = folder.with_suffix(".blob")
            try:
                puller.save(f"blobs/{digest}", digest, blob)
                unpack_layer(blob, unfinished)
            finally:
                blob.unlink(missing_ok=True)
            unfinished.rename(folder)
        return folder


def each_once(layers: Iterable[Path]) -> tuple[Path, ...]:
    """The layers, lowest first, each where it is uppermost.

    overlayfs refuses a folder that is named twice, as two equal layers (``RUN true`` twice) are. What the lower one of
    them has, the upper one has again, and it hides all that the lower one hides.
    """
    uppermost_first = dict.fromkeys(reversed(list(layers)))
    return tuple(reversed(uppermost_first))


class _Puller:
    def __init__(self, host: str, repository: str, password: str) -> None:
        self._host = host
        self._repository = repository
        self._credentials = base64.b64encode(f"AWS:{password}".encode()).decode()

    def read(self, path: str, digest: str) -> bytes:
        response, connection = self._get(path)
        with connection, response:
            content = response.read()
        _check(digest, hashlib.sha256(content).hexdigest(), self._repository)
        return content

    def save(self, path: str, digest: str, target: Path) -> None:
        seen = hashlib.sha256()
        response, connection = self._get(path)
        with connection, response, target.open("wb") as file:
            while chunk := response.read(_CHUNK):
                seen.update(chunk)
                file.write(chunk)
        _check(digest, seen.hexdigest(), self._repository)

    def _get(self, path: str) -> tuple[http.client.HTTPResponse, _Connection]:
        connection = _Connection(self._host, timeout=120)
        accept = f"{OCI_MANIFEST}, {DOCKER_MANIFEST}" if path.startswith("manifests/") else "*/*"
        headers = {"Authorization": f"Basic {self._credentials}", "Accept": accept}
        connection.request("GET", f"/v2/{self._repository}/{path}", headers=headers)
        response = connection.getresponse()
        if response.status == http.client.OK:
            return response, connection
        with connection, response:
            text = f"{self._repository}/{path}: {response.status} {response.read(500).decode(errors='replace').strip()}"
        if response.status == http.client.NOT_FOUND:
            raise ImageGoneError(text)
        raise LocalCloudError(text)


class _Connection(http.client.HTTPConnection):
    def __enter__(self) -> _Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _check(digest: str, seen: str, repository: str) -> None:
    if digest != f"sha256:{seen}":
        raise LocalCloudError(f"{repository}: asked for {digest}, got sha256:{seen}")


def unpack_layer(blob: Path, folder: Path) -> None:
    """Unpacks a layer; GNU tar writes nothing outside: no ``..``, no absolute names, links out of the tree put last.

    Raises:
        LocalCloudError: It is not a tar archive, or has members outside of the folder.
    """
    with blob.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    command = ["tar", "-xzf" if compressed else "-xf", blob, "-C", folder, "-p", "--numeric-owner", "--exclude=dev/*"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise LocalCloudError(f"a layer could not be unpacked: {result.stderr.strip()[:500]}")
    for parent, _folders, files in os.walk(folder):
        for name in files:
            if name == _OPAQUE:
                os.setxattr(parent, "trusted.overlay.opaque", b"y")
                (Path(parent) / name).unlink()
            elif name.startswith(_WHITEOUT):
                (Path(parent) / name).unlink()
                os.mknod(Path(parent) / name.removeprefix(_WHITEOUT), stat.S_IFCHR, os.makedev(0, 0))
