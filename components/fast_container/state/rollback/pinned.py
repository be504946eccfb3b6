"""What must hold of a pinned image before it is deployed, and what its row says.

Decides that preview refuses all that can be known then: a key that is not in the registry, an image for another place
or platform, an image that was built as another one. Says how the source here differs. The records beside an image can
refuse a pin, and never allow one that fails otherwise. Leaves checks of an image's contents to the pipeline.
"""

from __future__ import annotations

import difflib
from contextlib import suppress
from typing import Final

from fast_container.adapters.registry.key_tags import key_tags
from fast_container.adapters.threads import in_thread
from fast_container.build.lookup import LookupBatch
from fast_container.build.verify import verify_one
from fast_container.builders import cache_dir
from fast_container.core.decision import RecordedImage
from fast_container.core.key import KeyPin, tag_of
from fast_container.core.oci.snapstart import LABEL
from fast_container.core.ports import Manifest
from fast_container.core.select import SelectedImage
from fast_container.core.spelling import counted
from fast_container.errors import ArgsError, FastContainerError, VerifyError
from fast_container.state.explanation import changed_files, is_remembered, remember
from fast_container.state.prepared_image import PreparedImage
from fast_container.state.program import Program

_NEAREST: Final = 3
_LIST: Final = "`fast-container pin --plan fast-container.plan.json --image {name}` lists the keys that are there."


def pinned_line(pin: KeyPin, source: SelectedImage) -> str:
    """Say that an image is pinned, and how the source here differs as far as this machine knows; reads files."""
    if source.key.tag == pin.tag:
        return f"pinned to {pin.tag}, the key of the source here"
    folder = cache_dir() / "inputs"
    if not is_remembered(pin.hex, folder):
        return f"pinned to {pin.tag}; the source here has {source.key.tag}"
    files = changed_files(pin.hex, source, folder) or ["no file; its Dockerfile, arguments or base images"]
    return f"pinned to {pin.tag}; the source here differs: {', '.join(files)}"


async def verified_pin(program: Program, image: PreparedImage, held: str, recorded: RecordedImage | None) -> str:
    """Verify the image under a pinned key.

    Args:
        program: The program.
        image: The image.
        held: The other repository that it will be copied from if its own one lacks it; "" without one.
        recorded: What the stack has now, for the message.

    Returns:
        What will be done with it, and how the source differs.

    Raises:
        ArgsError: The key is not there, or was built as another image.
        VerifyError: It is for another place or platform.
        RegistryError: The registry cannot be asked.
    """
    pin, own = _pin(image), program.repository_of(image)
    found = (await own.find([pin.tag])).get(pin.tag) if image.repository_url else None
    registry = own
    if found is None and held:
        registry = program.repository_at(held, image.access)
        found = (await registry.find([pin.tag])).get(pin.tag)
    if found is None:
        raise await _missing(program, image, recorded)
    await _verify(image, registry, found)
    await _check_name(program, image, registry.url, found.digest)
    done = "reused from the registry" if registry is own else f"copied from {registry.url}"
    was_known = await in_thread(is_remembered, pin.hex, cache_dir() / "inputs")
    if not was_known and image.source is not None and image.source.key.tag != pin.tag:
        inputs = await in_thread(program.records.shared.inputs_of, registry.url, found.digest)
        if inputs is not None:
            await in_thread(remember, pin.hex, inputs, cache_dir() / "inputs")
    assert image.source is not None
    said = f"pinned to {pin.tag}" if was_known else await in_thread(pinned_line, pin, image.source)
    return f"{done}: {said}"


def _pin(image: PreparedImage) -> KeyPin:
    assert image.inputs.pin is not None, image.inputs.name
    return image.inputs.pin


async def _verify(image: PreparedImage, registry: LookupBatch, found: Manifest) -> None:
    recipe = image.selected.declared.recipe
    try:
        await verify_one(
            registry,
            found,
            runs_on=image.inputs.runs_on,
            platform=recipe.platform,
            snapstart=LABEL in recipe.labels,
        )
    except VerifyError as error:
        raise VerifyError(
            f"The image at the pinned key {_pin(image).tag} cannot be deployed. {error.what}",
            where=error.where,
            why=error.why,
            next_step=f"Pin another key, or none. {_LIST.format(name=image.inputs.name)}",
        ) from None


async def _check_name(program: Program, image: PreparedImage, url: str, digest: str) -> None:
    """Refuse a key that was built as other images only; where no record is beside it, none of this is known."""
    pin = _pin(image)
    wanted = pin.name or image.inputs.name
    records = []
    # A registry without the API of referrers, or without the permission: insight only.
    with suppress(FastContainerError):
        records = await in_thread(program.records.shared.records_of, url, [digest])
    names = sorted({record.name for record in records if tag_of(record.key) == pin.tag})
    if names and wanted not in names:
        raise ArgsError(
            f"The pinned key {pin.tag} was built as another image.",
            property_path="pin",
            why=f"the record beside it says {', '.join(names)}, not {wanted}",
            next_step=f'If that is wanted (the image was renamed, or they are the same): pin="{names[0]}:{pin.tag}".'
            f" {_LIST.format(name=image.inputs.name)}",
        )


async def _missing(program: Program, image: PreparedImage, recorded: RecordedImage | None) -> ArgsError:
    pin, url = _pin(image), image.repository_url
    there: list[str] = []
    with suppress(FastContainerError):
        there = await in_thread(lambda: key_tags(program.registries.oci_blocking(url))) if url else []
    return missing_pin(pin, url, there, tag_of(recorded.key_hex) if recorded else "", image.inputs.name)


def missing_pin(pin: KeyPin, url: str, there: list[str], deployed: str, name: str) -> ArgsError:
    """Make the error for a pinned key that is not in the registry.

    Args:
        pin: The pin.
        url: ``host/name``; "" if the repository does not exist yet.
        there: Key tags of the repository, as far as they are known.
        deployed: The key tag in the stack's state, or "".
        name: The image's.
    """
    why = [f"{url} has no tag {pin.tag}" if url else "its repository does not exist yet"]
    if near := difflib.get_close_matches(pin.tag, there, n=_NEAREST, cutoff=0.7):
        why.append(f"the nearest there: {', '.join(near)}")
    elif there:
        why.append(f"there {'is' if len(there) == 1 else 'are'} {counted(len(there), 'other key')}")
    if deployed and deployed != pin.tag:
        why.append(f"the stack has {deployed}")
    return ArgsError(
        "The pinned key is not in the registry, and a pinned image is never built.",
        property_path="pin",
        why="; ".join(why),
        next_step=f"Correct it, or leave the pin out. {_LIST.format(name=name)}",
    )
