"""Finds and marks an image that was built and did not pass the checks of its program.

Decides that such an image is not built again: its mark leads to it, and it is checked by the settings as they are now.
A mark that cannot be put, or that leads nowhere, costs a build, never the image. Leaves the mark's form to
``core.oci.refused_mark``.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress

from fast_container.core.oci.media_types import OCI_MANIFEST
from fast_container.core.oci.refused_mark import mark_of, refused_digest, refused_tag
from fast_container.core.ports import BuildJob, Manifest, Registry
from fast_container.errors import RegistryError


async def refused_image(job: BuildJob, registry: Registry) -> Manifest | None:
    """Return the image of a key that did not pass its checks before; None without one, or without checks now."""
    if job.checks is None:
        return None
    tag = refused_tag(job.key.hex)
    mark = (await registry.find([tag])).get(tag)
    digest = refused_digest(mark.content) if mark else ""
    return await registry.manifest(digest) if digest else None


async def mark_refused(job: BuildJob, registry: Registry, image: Manifest) -> None:
    """Put the mark of an image."""
    with suppress(RegistryError, ValueError):
        content = mark_of(image.content, digest=image.digest, media_type=image.media_type)
        if content is not None:
            mark = Manifest(f"sha256:{hashlib.sha256(content).hexdigest()}", OCI_MANIFEST, content)
            await registry.tag(mark, refused_tag(job.key.hex))
