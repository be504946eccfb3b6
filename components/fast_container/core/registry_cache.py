"""BuildKit's layer cache in a registry: which references an image imports from and exports to.

Decides names (one tag for an image and a branch) and the flags that ECR needs (aws-facts B3: a cache manifest must be
an image manifest of OCI types). Leaves using them to the executors.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    # What a program may write; it is awaited before a cache gets here.
    from pulumi import Input

_NOT_IN_TAGS = re.compile(r"[^A-Za-z0-9_.-]+")
_LONGEST_TAG = 128
_MARK_DIGITS = 10
_WRITTEN = "image-manifest=true,oci-mediatypes=true,ignore-error=true"


@dataclass(frozen=True, slots=True)
class RegistryCache:
    """A cache repository. It must be mutable: a cache tag is written again and again.

    Attributes:
        repository_url: ``host/name``; one for all images. A builder awaits an Output, such as
            ``ImageRepository(…, immutable=False).url``.
        branch: The branch whose cache is written; it is read first, then the trunk's.
        trunk: The branch that all others fall back to.
        mode: ``max`` keeps the layers of all stages, ``min`` only the result's.
        export: False only reads.
    """

    repository_url: Input[str]
    branch: str = "main"
    trunk: str = "main"
    mode: Literal["min", "max"] = "max"
    export: bool = True

    def imports(self, image: str) -> tuple[str, ...]:
        """Values of ``--cache-from``, the branch's own first."""
        branches = dict.fromkeys((self.branch, self.trunk))
        return tuple(f"type=registry,ref={self._reference(image, branch)}" for branch in branches)

    def exports(self, image: str) -> tuple[str, ...]:
        """Values of ``--cache-to``; a failed export never fails a build."""
        if not self.export:
            return ()
        reference = self._reference(image, self.branch)
        return (f"type=registry,ref={reference},mode={self.mode},{_WRITTEN}",)

    def _reference(self, image: str, branch: str) -> str:
        text = f"cache-{image}-{branch}"
        tag = _NOT_IN_TAGS.sub("-", text)
        if tag != text or len(tag) > _LONGEST_TAG:
            # Characters that a tag cannot hold must not give two images one cache.
            mark = hashlib.sha256(f"{image}\0{branch}".encode()).hexdigest()[:_MARK_DIGITS]
            tag = f"{tag[: _LONGEST_TAG - _MARK_DIGITS - 1]}-{mark}"
        return f"{self.repository_url}:{tag}"


@dataclass(frozen=True, slots=True)
class NamedCaches:
    """Caches of one image that its program names itself, instead of the names of ``RegistryCache``.

    Attributes:
        read: Values of ``--cache-from``.
        written: Values of ``--cache-to``.
    """

    read: tuple[str, ...]
    written: tuple[str, ...]

    @staticmethod
    def read_option(reference: str) -> str:
        """Format a value of ``--cache-from``."""
        return f"type=registry,ref={reference}"

    @staticmethod
    def written_option(reference: str, *, mode: str, compression: str, level: int, force: bool) -> str:
        """Format a value of ``--cache-to``, in the form that ECR needs; ``level`` 0 is BuildKit's own."""
        option = f"type=registry,ref={reference},mode={mode},{_WRITTEN},compression={compression}"
        if level:
            option += f",compression-level={level}"
        return f"{option},force-compression=true" if force else option

    def imports(self, image: str) -> tuple[str, ...]:
        """As ``RegistryCache.imports``."""
        del image
        return self.read

    def exports(self, image: str) -> tuple[str, ...]:
        """As ``RegistryCache.exports``."""
        del image
        return self.written
