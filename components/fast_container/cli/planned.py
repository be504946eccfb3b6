"""The images of a plan file as they are now: keys computed again, bases first, and the registry's answers.

Decides how a changed base reaches its consumers' keys without Pulumi. Leaves the file's format to ``core.program_file``
and keys to ``core.select``.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from fast_container.adapters.digests.walks import open_walks
from fast_container.adapters.registry.registries import Registries
from fast_container.checks.image.configured import reported_rules
from fast_container.core.aws_access import AwsAccess
from fast_container.core.cache_folder import cache_folder
from fast_container.core.declared import DeclaredImage
from fast_container.core.graph import closure, order
from fast_container.core.job import OwnBase
from fast_container.core.own_bases import BaseFacts
from fast_container.core.ports import Manifest
from fast_container.core.program_file import PlanFile, PlannedEntry, read_plan_file
from fast_container.core.select import SelectedImage, held_at, select_image
from fast_container.errors import ArgsError


@dataclass(frozen=True, slots=True)
class CurrentImage:
    """An image of the plan file with its key as of now.

    Attributes:
        entry: As planned.
        selected: As its files are now; with the key of its pin, if the program holds it at one.
        bases: Name of a base → the plan's name of that image, without bases of other programs.
    """

    entry: PlannedEntry
    selected: SelectedImage
    bases: Mapping[str, str]


def load_plan(file: str) -> PlanFile:
    """Read the plan file.

    Raises:
        ArgsError: The file does not exist or is not a plan file.
    """
    try:
        # The reader refuses bytes that are not UTF-8.
        text = Path(file).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ArgsError(
            f"{file} cannot be read.",
            property_path="--plan",
            why=error.strerror or str(error),
            next_step="`pulumi preview` writes it into the program's folder.",
        ) from None
    return read_plan_file(text, str(Path(file).absolute().parent), file)


def chosen(entries: Mapping[str, PlannedEntry], name: str) -> PlannedEntry:
    """Return the image of that name.

    Raises:
        ArgsError: There is no such image.
    """
    if name not in entries:
        raise ArgsError(
            f"There is no image {name!r} in the plan.",
            property_path="--image",
            next_step=f"Give one of: {', '.join(sorted(entries))}",
        )
    return entries[name]


def current_images(entries: Mapping[str, PlannedEntry]) -> dict[str, CurrentImage]:
    """Return all images with their keys as of now, each after its bases.

    Raises:
        FastContainerError: An image's files or Dockerfile are not valid any more.
    """
    bases = _bases_here(entries)
    walks = open_walks(cache_folder(os.environ))
    found: dict[str, CurrentImage] = {}
    for name in order({name: list(of.values()) for name, of in bases.items()}):
        entry = entries[name]
        declared = _on_bases(entry.declared, {base: found[image].selected for base, image in bases[name].items()})
        found[name] = CurrentImage(entry, held_at(select_image(declared, walks), entry.pin), bases[name])
    walks.save()
    return found


def own_bases(image: CurrentImage, images: Mapping[str, CurrentImage]) -> dict[str, OwnBase]:
    """Return the name in ``FROM`` → base image of ours, of those of the plan."""
    build_args = image.selected.declared.recipe.build_args
    found: dict[str, OwnBase] = {}
    for base, name in image.bases.items():
        entry = images[name].entry
        found[build_args.get(base, base)] = OwnBase(name, reported_rules(entry.checks, runs_on=entry.runs_on))
    return found


def current_declaration(entries: Mapping[str, PlannedEntry], entry: PlannedEntry) -> DeclaredImage:
    """Return one image's declaration, with its bases' keys as of now."""
    if not entry.bases:
        return entry.declared
    bases = _bases_here(entries)
    name = entry.declared.name
    below = closure({image: list(of.values()) for image, of in bases.items()}, [name])
    current = current_images({image: entries[image] for image in below if image != name})
    selected = {base: current[image].selected for base, image in bases[name].items()}
    return _on_bases(entry.declared, selected)


def _on_bases(image: DeclaredImage, bases: Mapping[str, SelectedImage]) -> DeclaredImage:
    """Return the declaration on its bases as of now; name of a base → base."""
    keys = {base: selected.key.hex for base, selected in bases.items()}
    facts = {
        image.recipe.build_args.get(base, base): BaseFacts(selected.declared.recipe.platform, selected.reads.onbuild)
        for base, selected in bases.items()
    }
    return replace(image, base_keys={**image.base_keys, **keys}, base_facts={**image.base_facts, **facts})


def _bases_here(entries: Mapping[str, PlannedEntry]) -> dict[str, dict[str, str]]:
    """Return image → name of a base → the image of the plan that it is."""
    by_identity = {(entry.repository_url, entry.build_key): name for name, entry in entries.items()}
    return {
        name: {
            base: by_identity[url, entry.declared.base_keys[base]]
            for base, url in entry.bases.items()
            if (url, entry.declared.base_keys.get(base, "")) in by_identity
        }
        for name, entry in entries.items()
    }


def refuse_missing_pins(images: Mapping[str, CurrentImage], found: Mapping[str, Manifest]) -> None:
    """Refuse a plan with a pinned image that is not in the registry: it can neither be deployed nor built.

    Raises:
        ArgsError: There is one.
    """
    for name, image in images.items():
        if image.entry.pin is not None and name not in found:
            raise ArgsError(
                f"The pinned key of {name} is not in the registry, and a pinned image is never built.",
                property_path="pin",
                why=f"there is no {image.entry.repository_url}:{image.entry.pin.tag}",
                next_step=f"Correct the pin of {name} in the program. `fast-container pin --image {name}` lists the"
                " keys that are there.",
            )


def open_registries() -> Registries:
    """Open registries as the environment reaches them."""
    return Registries(AwsAccess(), os.environ)


async def look_up(images: Mapping[str, CurrentImage], registries: Registries) -> dict[str, Manifest]:
    """Return image name → the manifest in the registry under its key's tag; one call a repository."""
    tags: dict[str, dict[str, str]] = {}
    for name, image in images.items():
        if image.entry.repository_url:
            tags.setdefault(image.entry.repository_url, {})[name] = image.selected.key.tag

    async def of_repository(url: str, wanted: dict[str, str]) -> dict[str, Manifest]:
        registry = registries.repository(url)
        found = await registry.find(list(dict.fromkeys(wanted.values())))
        return {name: found[tag] for name, tag in wanted.items() if tag in found}

    answers = await asyncio.gather(*(of_repository(url, wanted) for url, wanted in tags.items()))
    return {name: manifest for answer in answers for name, manifest in answer.items()}
