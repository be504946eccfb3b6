"""One image index: the images of its platforms → verify → tag.

Decides what makes it atomic, as for an image: every image of it is in the repository under the tag of its own key, all
are read back and checked for their platform, and only then is the index put, under the tag of its key. Leaves the
images themselves to ``build.pipeline``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from fast_container.build.verify import verify
from fast_container.checks.pushed_image import pushed_manifest
from fast_container.core.decision import GONE, STARTED, NoManifest, RecordedImage, Replaced, Reuse, Skip, decide
from fast_container.core.key import BuildKey, index_key
from fast_container.core.oci.index import image_index
from fast_container.core.oci.manifest import Descriptor
from fast_container.core.ports import Manifest, Registry, Reporter
from fast_container.core.replaced_tag import replaced_error
from fast_container.errors import RegistryError, VerifyError

# What an image's reason is for an index.
_SAID: Final = {GONE: "it is gone from the registry", STARTED: "the build of one of its images was not awaited"}


@dataclass(frozen=True, slots=True)
class IndexJob:
    """An index that is to be in a repository.

    Attributes:
        keys: Platform → build key of its image.
        runs_on: The place that the images must be fit for.
        verified: Platform → digest of its image that was verified and recorded under this key, where one was.
    """

    keys: Mapping[str, BuildKey]
    runs_on: str
    verified: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def key(self) -> BuildKey:
        """The key of the index."""
        return index_key({platform: key.hex for platform, key in self.keys.items()})


async def decided(job: IndexJob, registry: Registry, recorded: RecordedImage | None) -> str:
    """Say what has to be done: ``""`` for nothing, ``reused: …``, or ``put together: …``.

    Raises:
        RegistryError: The registry cannot be asked, or its tag names another index than the recorded one.
    """
    found = (await registry.find([job.key.tag])).get(job.key.tag)
    plan = decide(job.key, recorded, found or NoManifest.ABSENT)
    if isinstance(plan, Replaced):
        raise replaced_error(registry.url, job.key.tag, plan.recorded, plan.found)
    if isinstance(plan, Skip):
        return ""
    reason = _reason(job, recorded) or _SAID.get(plan.reason, plan.reason)
    return f"reused from the registry: {reason}" if isinstance(plan, Reuse) else f"put together: {reason}"


def _reason(job: IndexJob, recorded: RecordedImage | None) -> str:
    """Say that an image of one platform became an index; its parts have other names."""
    if (
        recorded is None
        or recorded.key_hex == job.key.hex
        or any(name.startswith("platform:") for name in recorded.parts)
    ):
        return ""
    return f"it is for {' and '.join(job.keys)} now"


async def missing(job: IndexJob, registry: Registry) -> list[str]:
    """Return the platforms whose images are not in the repository (their builds may be under way)."""
    tags = {platform: key.tag for platform, key in job.keys.items()}
    found = await registry.find([*tags.values()])
    return [platform for platform, tag in tags.items() if tag not in found]


async def publish_index(
    job: IndexJob, registry: Registry, reporter: Reporter, recorded: RecordedImage | None = None
) -> Manifest:
    """Make sure that a verified index of the job's images is in the repository, under the tag of its key.

    Raises:
        RegistryError: The registry cannot be asked, refused, lacks an image, or has another one than was verified.
        VerifyError: An image is not for its platform, or not fit for where it is to run.
    """
    told = await decided(job, registry, recorded)
    there = (await registry.find([job.key.tag])).get(job.key.tag)
    index = there or await _put_together(job, registry)
    if there is not None:
        await verify(registry, there, runs_on=job.runs_on, platform=",".join(job.keys))
    else:
        digest = await registry.tag(index, job.key.tag)
        if digest != index.digest:
            reporter.note(f"another update was first, using its index {digest}")
            index = await _read(registry, digest)
            await verify(registry, index, runs_on=job.runs_on, platform=",".join(job.keys))
    if told:
        reporter.note(told)
    return index


async def _put_together(job: IndexJob, registry: Registry) -> Manifest:
    absent = await missing(job, registry)
    if absent:
        raise RegistryError(
            f"The image for {absent[0]} is not in the registry.",
            where=f"{registry.url}:{job.keys[absent[0]].tag}",
            why="it was not built yet, or was deleted",
            next_step="Run `pulumi up` again; with `--target` name the images of all platforms too.",
        )
    found = await registry.find([key.tag for key in job.keys.values()])
    images = [(platform, found[key.tag]) for platform, key in job.keys.items()]
    for platform, image in images:
        await _check(job, registry, platform, image)
    descriptors = [
        Descriptor(image.media_type or pushed_manifest(image).media_type, image.digest, len(image.content), platform)
        for platform, image in images
    ]
    media_type, content = image_index(descriptors)
    return Manifest(f"sha256:{hashlib.sha256(content).hexdigest()}", media_type, content)


async def _check(job: IndexJob, registry: Registry, platform: str, image: Manifest) -> None:
    """Refuse what is under the tag of an image's key if it is not the verified image, or not for its platform."""
    tag, verified = job.keys[platform].tag, job.verified.get(platform)
    if verified and verified != image.digest:
        raise replaced_error(registry.url, tag, verified, image.digest, of=f"the image for {platform}")
    try:
        await verify(registry, image, runs_on=job.runs_on, platform=platform)
    except VerifyError as error:
        raise VerifyError(
            f"The image for {platform} cannot be listed: {error.what}",
            where=f"{registry.url}:{tag}",
            why="this is what the repository has under the tag of that image's key",
            next_step=f"Delete the tag {tag}, and run `pulumi up --refresh`: the image is built again.",
        ) from None


async def _read(registry: Registry, digest: str) -> Manifest:
    found = await registry.manifest(digest)
    if found is None:
        raise RegistryError("The index that was just put is not in the registry.", where=f"{registry.url}@{digest}")
    return found
