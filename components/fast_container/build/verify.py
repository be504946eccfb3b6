"""Reads a pushed image back and has it checked.

Decides what must be fetched: the manifest is given, a configuration for each platform is not. Leaves the rules to
``checks``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fast_container.checks.manifest_rules import check_configuration, check_manifest, check_snapstart, child_for
from fast_container.checks.pushed_image import pushed_manifest
from fast_container.core.ports import Manifest, Registry
from fast_container.errors import RegistryError, VerifyError


@dataclass(frozen=True, slots=True)
class Verified:
    """An image that may be used where it is to run.

    Attributes:
        manifest: As it was given.
        image_bytes: Compressed bytes; of the first platform, for an index.
        layers: Digest → compressed bytes of its layers and configurations.
        notes: What the user should know although it is allowed.
        findings: Rule → the gravest level that the program's checks gave it.
    """

    manifest: Manifest
    image_bytes: int
    layers: Mapping[str, int]
    notes: tuple[str, ...] = ()
    findings: Mapping[str, str] = field(default_factory=dict[str, str])


async def verify_one(
    registry: Registry, manifest: Manifest, *, runs_on: str, platform: str, snapstart: bool = False
) -> Verified:
    """Check a manifest that must be one image's, as ``verify`` does: an index of several is another thing.

    Raises:
        VerifyError: It is not fit, or lists images for several platforms.
        RegistryError: It could not be read.
    """
    listed = [child.platform for child in pushed_manifest(manifest).children if not child.attestation]
    if len(listed) > 1:
        raise VerifyError(
            f"It is an index of images for {', '.join(listed)}, not an image.",
            where=f"{registry.url}@{manifest.digest}",
            why="an image of one platform has a key of its own",
        )
    return await verify(registry, manifest, runs_on=runs_on, platform=platform, snapstart=snapstart)


async def verify(
    registry: Registry, manifest: Manifest, *, runs_on: str, platform: str, snapstart: bool = False
) -> Verified:
    """Check a manifest that the registry holds.

    Args:
        registry: Where its configuration is read from.
        manifest: A manifest or an index.
        runs_on: ``lambda``, ``ecs`` or ``anywhere``.
        platform: ``os/architecture[/variant]``; several separated by commas for an index.
        snapstart: Whether the image must have the label that Lambda's SnapStart needs.

    Raises:
        VerifyError: It is not fit; says which rule and what to do.
        RegistryError: It could not be read.
    """
    where = f"{registry.url}@{manifest.digest}"
    parsed = pushed_manifest(manifest)
    notes = check_manifest(parsed, runs_on=runs_on, where=where)
    sizes: list[int] = []
    layers: dict[str, int] = {}
    for wanted in (part.strip() for part in platform.split(",")):
        image = parsed
        if parsed.is_index:
            child = child_for(parsed, platform=wanted, where=where)
            held = await registry.manifest(child.digest)
            if held is None:
                raise RegistryError("A manifest of the pushed index is not in the registry.", where=child.digest)
            image = pushed_manifest(held)
        if image.config is None:
            raise VerifyError("The pushed image index holds another index.", where=where)
        configuration = await registry.blob(image.config.digest)
        check_configuration(configuration, runs_on=runs_on, platform=wanted, where=where)
        if snapstart:
            check_snapstart(configuration, where=where)
        sizes.append(image.compressed_bytes)
        layers |= {part.digest: part.size for part in (*image.layers, image.config)}
    return Verified(manifest, sizes[0], layers, tuple(notes))
