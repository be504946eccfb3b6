"""Copies an image by digest from another repository of the same program instead of building it.

Decides that only an image that may run where the new one is to run is worth a copy, and that a failed copy costs a
line, never the image: then it is built. If the recorded tag names another image, that image is not copied, and building
silently is not right either: it is an error. Leaves moving bytes to an ``ImageCopier``, and checks and tag in the new
repository to ``build.pipeline``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fast_container.build.verify import verify
from fast_container.core.ports import BuildJob, ImageCopier, Manifest, Registry, Reporter
from fast_container.core.replaced_tag import replaced_error
from fast_container.errors import RegistryError, VerifyError


@dataclass(frozen=True, slots=True)
class Copied:
    """An image that was copied to the new repository, without a tag.

    Attributes:
        manifest: As the new repository gave it.
        source_url: Where it was.
        sent_bytes: Bytes that had to be sent.
    """

    manifest: Manifest
    source_url: str
    sent_bytes: int


@dataclass(frozen=True, slots=True)
class Copying:
    """Where else the program's images are, and who copies.

    Attributes:
        elsewhere: Other repositories that may have the same key; asked in this order.
        recorded: Repository → digest that the state has of the image there.
    """

    copier: ImageCopier
    elsewhere: Sequence[Registry]
    recorded: Mapping[str, str] = field(default_factory=dict[str, str])


async def copy(job: BuildJob, registry: Registry, copying: Copying, reporter: Reporter) -> Copied | None:
    """Copy the image from the first other repository that has it and allows it; None if it must be built.

    Raises:
        RegistryError: Where it was recorded, its tag names another image now.
    """
    replaced: RegistryError | None = None
    for source in copying.elsewhere:
        try:
            manifest = (await source.find([job.key.tag])).get(job.key.tag)
            if manifest is None:
                continue
            expected = copying.recorded.get(source.url) or manifest.digest
            if manifest.digest != expected:
                replaced = replaced_error(source.url, job.key.tag, expected, manifest.digest)
                replaced.next_step = f"Delete the tag there to have the image built: {source.url}:{job.key.tag}"
                break
            await verify(source, manifest, runs_on=job.runs_on, platform=job.recipe.platform)
            sent_bytes = await copying.copier.copy(manifest, source.url, registry.url, reporter)
            arrived = await registry.manifest(manifest.digest)
        except (RegistryError, VerifyError) as error:
            why = ": ".join(text for text in (error.what.rstrip("."), error.why) if text)
            reporter.note(f"not copied from {source.url} ({why})")
            continue
        if arrived is not None:
            return Copied(arrived, source.url, sent_bytes)
    if replaced is not None:
        raise replaced
    return None
