"""Image references.

Decides what counts as an image's name and its normal form. Leaves platforms to ``core.oci.platform``.
Source: github.com/distribution/reference v0.6.0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from fast_container.core.oci.repository import DOCKER_HUB, HOST_PATTERN, NAME_PATTERN

_DIGEST: Final = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_REFERENCE: Final = re.compile(
    rf"(?P<host>{HOST_PATTERN})/(?P<path>{NAME_PATTERN})(?::(?P<tag>\w[\w.-]{{0,127}}))?(?:@(?P<digest>{_DIGEST}))?",
    re.ASCII,
)
_ID: Final = re.compile("[a-f0-9]{64}")
_DIGEST_SIZES: Final = {"sha256": 64, "sha384": 96, "sha512": 128}


class NotAReferenceError(ValueError):
    """A string is not the name of an image."""


@dataclass(frozen=True, slots=True)
class Reference:
    """An image's name in normal form.

    Attributes:
        host: Registry.
        path: Repository; ``library/…`` for Docker's official images.
        tag: ``""`` without a tag.
        digest: ``""`` without a digest.
    """

    host: str
    path: str
    tag: str
    digest: str

    @property
    def normalised(self) -> str:
        """The whole name; ``:latest`` if there is neither tag nor digest."""
        tag = self.tag or ("" if self.digest else "latest")
        return f"{self.host}/{self.path}{_suffix(tag, self.digest)}"

    @property
    def familiar(self) -> str:
        """The short form by which a named context replaces it, without ``:latest``."""
        name = self.path if self.host == DOCKER_HUB else f"{self.host}/{self.path}"
        short = name.removeprefix("library/")
        if self.host == DOCKER_HUB and "/" not in short:
            name = short
        return f"{name}{_suffix(self.tag, self.digest)}".removesuffix(":latest")


def _suffix(tag: str, digest: str) -> str:
    return (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


@lru_cache(maxsize=256)
def parse_reference(text: str) -> Reference:
    """Read an image's name.

    Raises:
        NotAReferenceError: It is not one.
    """
    if _ID.fullmatch(text):
        raise NotAReferenceError(f"{text!r} is an image's id, not a name")
    host, path = _split_host(text)
    repository = path.partition(":")[0]
    if repository != repository.lower():
        raise NotAReferenceError(f"{text!r} is neither a stage nor an image: an image's name is in lower case")
    found = _REFERENCE.fullmatch(f"{host}/{path}")
    if found is None or len(found["path"]) > 255:
        raise NotAReferenceError(f"{text!r} is not the name of an image")
    digest = found["digest"] or ""
    if digest:
        algorithm, _, value = digest.partition(":")
        if _DIGEST_SIZES.get(algorithm) != len(value) or value != value.lower():
            raise NotAReferenceError(f"{digest!r} is not a digest")
    return Reference(found["host"], found["path"], found["tag"] or "", digest)


def _split_host(text: str) -> tuple[str, str]:
    host, slash, path = text.partition("/")
    if not slash:
        return DOCKER_HUB, f"library/{text}"
    if host == "index.docker.io":
        host = DOCKER_HUB
    elif host != "localhost" and "." not in host and ":" not in host and host == host.lower():
        return DOCKER_HUB, text
    if host == DOCKER_HUB and "/" not in path:
        path = f"library/{path}"
    return host, path
