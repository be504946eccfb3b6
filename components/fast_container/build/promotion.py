"""Promotes one image: a copy by digest to a repository of another account or region, verified at both ends, tag last.

Decides that a tag which is there counts as done only if it names the same image, that it is never overwritten, and that
what ends in between leaves no tag: the next run goes on from what has arrived. Leaves moving bytes to an
``ImageCopier``, what lies beside an image to the caller, and many images to the command line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fast_container.build.verify import verify
from fast_container.checks.pushed_image import pushed_configuration, pushed_manifest
from fast_container.core.ports import ImageCopier, Manifest, Registry, Reporter
from fast_container.errors import RegistryError, VerifyError

Outcome = Literal["copied", "there", "would copy", "failed"]


@dataclass(frozen=True, slots=True)
class PromotedImage:
    """One image and where it is to be.

    Attributes:
        name: For messages.
        tag: ``key-…``.
        runs_on: The place that it must be fit for.
        platform: As it was declared; "" for its own.
    """

    name: str
    source: Registry
    target: Registry
    tag: str
    runs_on: str = "anywhere"
    platform: str = ""


@dataclass(frozen=True, slots=True)
class Promoted:
    """What was done.

    Attributes:
        sent_bytes: What had to be sent.
    """

    outcome: Outcome
    digest: str
    sent_bytes: int = 0


async def promote(
    image: PromotedImage, copier: ImageCopier, reporter: Reporter, *, only_look: bool = False
) -> Promoted:
    """Make sure that the target has the source's image under the same tag.

    Args:
        image: The image.
        copier: Moves what is missing.
        reporter: Gets progress.
        only_look: Change nothing.

    Raises:
        RegistryError: The source has no such image, the target another one, or one of them could not be asked.
        VerifyError: It is not fit for where it is to run.
    """
    source, target, tag = image.source, image.target, image.tag
    found = (await source.find([tag])).get(tag)
    if found is None:
        raise RegistryError(
            "The image is not in the source's repository.",
            where=f"{source.url}:{tag}",
            why="it was not built yet, or was deleted",
            next_step="Deploy it there first: `pulumi up`, or `fast-container warm`.",
        )
    platform = image.platform or await _own_platform(source, found)
    await verify(source, found, runs_on=image.runs_on, platform=platform)
    there = (await target.find([tag])).get(tag)
    if there is not None:
        _check_same(target, tag, found, there.digest)
        return Promoted("there", found.digest)
    if only_look:
        return Promoted("would copy", found.digest)
    sent = await copier.copy(found, source.url, target.url, reporter)
    arrived = await target.manifest(found.digest)
    if arrived is None:
        raise RegistryError(
            "The copy is not in the target's repository.",
            where=f"{target.url}@{found.digest}",
            why="it was deleted meanwhile; an image without a tag may be",
            next_step="Run again; if it stays, look at the repository's lifecycle rules.",
        )
    await verify(target, arrived, runs_on=image.runs_on, platform=platform)
    _check_same(target, tag, found, await target.tag(arrived, tag))
    return Promoted("copied", found.digest, sent)


def _check_same(target: Registry, tag: str, found: Manifest, digest: str) -> None:
    if digest != found.digest:
        raise RegistryError(
            "The tag names another image in the target's repository; it is left as it is.",
            where=f"{target.url}:{tag}",
            why=f"the source has {found.digest}, the target {digest}: both were built from the same inputs",
            next_step="Use the target's, which is as good; or delete its tag, and run again.",
        )


async def _own_platform(source: Registry, manifest: Manifest) -> str:
    """Return the platforms that an image says it is for."""
    parsed = pushed_manifest(manifest)
    if parsed.config is not None:
        return pushed_configuration(await source.blob(parsed.config.digest)).platform
    platforms = [child.platform for child in parsed.children if child.platform and not child.attestation]
    if not platforms:
        raise VerifyError("The image index names no platform.", where=f"{source.url}@{manifest.digest}")
    return ",".join(platforms)
