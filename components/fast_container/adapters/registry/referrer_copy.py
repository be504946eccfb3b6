"""Copies what lies beside an image (records, signatures, SBOMs) to where the image was copied.

Decides that the mark of a refused image stays: its image has passed since. Leaves bytes to ``blob_copy``.
"""

from __future__ import annotations

from collections.abc import Callable

from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.adapters.registry.referrers import Referrers
from fast_container.adapters.threads import in_thread
from fast_container.core.oci.media_types import REFUSED_IMAGE
from fast_container.core.ports import ImageCopier, Reporter


async def copy_referrers(
    digest: str,
    source_url: str,
    target_url: str,
    oci_of: Callable[[str], OciRegistry],
    copier: ImageCopier,
    reporter: Reporter,
) -> int:
    """Copy them, those that are there already without sending anything; return how many there are.

    Raises:
        RegistryError: One of the registries has no such API, or refused.
    """
    source = await in_thread(oci_of, source_url)
    found = await in_thread(Referrers(lambda: source).all, digest)
    wanted = [one for one in found if one.kind != REFUSED_IMAGE]
    for one in wanted:
        manifest = await source.manifest(one.digest)
        if manifest is not None:
            await copier.copy(manifest, source_url, target_url, reporter)
    return len(wanted)
