"""The files of the image that a side would deploy, read from the registry as a consumer pulls it.

Decides that layers are read in order, later ones over earlier ones, and that only one folder counts. Nothing is taken
from what a side says of the image.
"""

from __future__ import annotations

import io
import json
import tarfile
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass

from bench.peers.place import Place

_ACCEPT = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
FOLDER = "app"


@dataclass(frozen=True)
class DeployedFile:
    """A file, directory or link of an image.

    Attributes:
        kind: ``file 644``, ``link``, ``dir`` or ``absent``.
        content: Of a file; the target of a link.
    """

    kind: str
    content: str = ""


ABSENT = DeployedFile("absent", "absent")
Files = Mapping[str, DeployedFile]


class ImageGone(Exception):  # noqa: N818 - the name says it
    """The registry does not have the image that a side would deploy."""


def files_of(place: Place, uri: str) -> Files:
    """Path below ``/app`` to file, for the image of this reference.

    Raises:
        ImageGone: The registry does not have it.
    """
    path = uri.partition("/")[2]
    repository, _, reference = path.partition("@") if "@" in path else path.rpartition(":")
    repository = repository.partition(":")[0]
    manifest = json.loads(_get(place, repository, "manifests", reference))
    if "manifests" in manifest:
        chosen = next(one for one in manifest["manifests"] if one["platform"]["architecture"] == "amd64")
        manifest = json.loads(_get(place, repository, "manifests", chosen["digest"]))
    found: dict[str, DeployedFile] = {}
    for layer in manifest["layers"]:
        found |= _files(_get(place, repository, "blobs", layer["digest"]))
    return found


def _files(layer: bytes) -> dict[str, DeployedFile]:
    found: dict[str, DeployedFile] = {}
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        for member in archive:
            name = member.name.removeprefix("./").rstrip("/")
            if not name.startswith(f"{FOLDER}/"):
                continue
            name = name.removeprefix(f"{FOLDER}/")
            if member.issym():
                found[name] = DeployedFile("link", member.linkname)
            elif member.isdir():
                found[name] = DeployedFile("dir")
            elif content := archive.extractfile(member):
                found[name] = DeployedFile(f"file {member.mode & 0o777:o}", content.read().decode(errors="replace"))
    return found


def _get(place: Place, repository: str, kind: str, what: str) -> bytes:
    request = urllib.request.Request(
        f"http://{place.cloud.registry_host}/v2/{repository}/{kind}/{what}",
        headers={"Authorization": f"Basic {place.authorization}", "Accept": ", ".join(_ACCEPT)},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 404:
                raise ImageGone(f"{repository} does not have {what}") from error
            raise
