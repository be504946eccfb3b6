"""Checks a base image that another program made before anything is built on it.

Decides that its platform and its ``ONBUILD`` triggers in the registry must be those that the image on it was hashed
with. Leaves finding it to the caller. Bases of the same program need none of this: they are known.
"""

from __future__ import annotations

from collections.abc import Sequence

from fast_container.checks.manifest_rules import child_for
from fast_container.checks.pushed_image import pushed_configuration, pushed_manifest
from fast_container.core.oci.platform import same_platform
from fast_container.core.ports import Manifest, Registry
from fast_container.errors import ArgsError, RegistryError, VerifyError, bracketed


async def check_base(
    registry: Registry, manifest: Manifest, *, name: str, platforms: Sequence[str], onbuild: Sequence[str] | None
) -> None:
    """Compare a base image with what was hashed.

    Args:
        registry: Where the base is.
        manifest: The manifest that its key's tag names.
        name: Its name in the image, for messages.
        platforms: The platforms that it is needed for.
        onbuild: The triggers that were counted; None if none could be known.

    Raises:
        ArgsError: It is for another platform, or has other triggers.
        RegistryError: It could not be read.
    """
    where = f"{registry.url}@{manifest.digest}"
    parsed = pushed_manifest(manifest)
    for wanted in platforms or ("",):
        image = parsed
        if parsed.is_index:
            if not wanted:
                continue  # The platform of the builder, which only the builder knows.
            try:
                child = child_for(parsed, platform=wanted, where=where)
            except VerifyError as error:
                raise _other_platform(name, wanted, where, error.why) from None
            held = await registry.manifest(child.digest)
            if held is None:
                raise RegistryError("A manifest of a base image's index is not in the registry.", where=child.digest)
            image = pushed_manifest(held)
        if image.config is None:
            raise VerifyError("The base image's index holds another index.", where=where)
        configuration = pushed_configuration(await registry.blob(image.config.digest))
        got = configuration.platform
        if wanted and not same_platform(wanted, got):
            raise _other_platform(name, wanted, where, f"it is for {got}")
        _check_triggers(configuration.onbuild, onbuild, name, where)


def _other_platform(name: str, wanted: str, where: str, why: str) -> ArgsError:
    return ArgsError(
        f"The base image {name!r} has no image for {wanted}.",
        property_path=f"base_images{bracketed(name)}",
        why=f"{why} ({where})",
        next_step=f"Name the other stack's base image for {wanted}; a stage that only produces files can say"
        " FROM --platform=… and be copied from.",
    )


def _check_triggers(held: tuple[str, ...], counted: Sequence[str] | None, name: str, where: str) -> None:
    if held == tuple(counted or ()):
        return
    raise ArgsError(
        f"The base image {name!r} has ONBUILD triggers that were not counted."
        if held
        else f"The base image {name!r} lacks the ONBUILD triggers that were counted.",
        property_path=f"base_images{bracketed(name)}",
        why=f"it has {list(held)!r} ({where})",
        next_step=f"Give ExistingBaseImage(…, onbuild={list(held)!r})",
    )
