"""``fast-container promote``: copies images by digest to another account or region, where a second stack reuses them.

Decides which images and repositories are meant, that one failure does not stop the others, and what is printed. Nothing
is ever overwritten or deleted, so a run that was killed is run again. Leaves one image to ``build.promotion``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fast_container.adapters.registry.blob_copy import RegistryCopier
from fast_container.adapters.registry.referrer_copy import copy_referrers
from fast_container.adapters.registry.registries import Registries
from fast_container.adapters.traceback_log import explained
from fast_container.build.lookup import LookupBatch
from fast_container.build.promotion import Promoted, PromotedImage, promote
from fast_container.cli.output import complain, emit, say
from fast_container.cli.planned import CurrentImage, chosen, current_images, load_plan
from fast_container.core.aws_access import AwsAccess
from fast_container.core.cache_folder import cache_folder
from fast_container.core.graph import closure
from fast_container.core.key import is_key_tag, tag_of
from fast_container.core.oci.reference import NotAReferenceError, parse_reference
from fast_container.core.oci.repository import Repository, host_of, is_host, is_repository_name
from fast_container.core.spelling import counted, megabytes
from fast_container.errors import ArgsError, FastContainerError
from fast_container.printable import printable

_FAILED: Final = 1
_INTERRUPTED: Final = 130


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An image of the command line: what is copied, from where, to where."""

    name: str
    source: str
    target: str
    tag: str
    runs_on: str = "anywhere"
    platform: str = ""


@dataclass(frozen=True, slots=True)
class _Ended:
    wanted: _Wanted
    promoted: Promoted
    error: str = ""
    referrers: int | None = None


class _Progress:
    """Satisfies ``core.ports.Reporter``; a log is not a display."""

    def __init__(self, name: str) -> None:
        self._name = name

    def progress(self, line: str) -> None:
        """Do nothing."""

    def note(self, line: str) -> None:
        """Print a line."""
        complain(printable(f"{self._name}: {line}"))

    def warn(self, line: str) -> None:
        """Print a line."""
        self.note(f"warning: {line}")


def run(arguments: argparse.Namespace) -> int:
    """Copy; the exit code is 0, 1 if an image was not copied, 2 for bad input, 130 after Ctrl-C."""
    wanted = _wanted(arguments)
    try:
        ended = asyncio.run(_run(arguments, wanted))
    except KeyboardInterrupt:
        complain("fast-container: interrupted; run it again to go on")
        return _INTERRUPTED
    if arguments.json:
        images = [_document(one) for one in ended]
        emit(json.dumps({"version": 1, "dry_run": arguments.dry_run, "images": images}) + "\n")
    else:
        _print(ended)
    return _FAILED if any(one.error for one in ended) else 0


async def _run(arguments: argparse.Namespace, wanted: Sequence[_Wanted]) -> list[_Ended]:
    registries = Registries(AwsAccess(), os.environ)
    copier = RegistryCopier(registries.oci_blocking)
    # A host keeps the access that it is first opened with.
    sources = _opened(registries, [one.source for one in wanted], arguments.profile)
    targets = _opened(registries, [one.target for one in wanted], arguments.to_profile)

    async def one(image: _Wanted) -> _Ended:
        source, target, reporter = sources[image.source], targets[image.target], _Progress(image.name)
        asked = PromotedImage(image.name, source, target, image.tag, image.runs_on, image.platform)
        try:
            done = await promote(asked, copier, reporter, only_look=arguments.dry_run)
        except Exception as error:
            told = explained(error, "An unexpected error occurred.", cache_folder(os.environ) / "logs")
            return _Ended(image, Promoted("failed", ""), str(told))
        if not arguments.referrers or arguments.dry_run:
            return _Ended(image, done)
        try:
            places = image.source, image.target, registries.oci_blocking
            return _Ended(image, done, referrers=await copy_referrers(done.digest, *places, copier, reporter))
        except FastContainerError as error:
            reporter.warn(f"the image is there; what lies beside it was not copied: {error}")
            return _Ended(image, done, referrers=0)

    try:
        return list(await asyncio.gather(*(one(image) for image in wanted)))
    finally:
        registries.close()


def _opened(registries: Registries, urls: Sequence[str], profile: str | None) -> dict[str, LookupBatch]:
    """Return each repository once; its lookups are gathered into one call."""
    access = AwsAccess(profile=profile or "")
    return {url: LookupBatch(registries.repository(url, access)) for url in dict.fromkeys(urls)}


def _wanted(arguments: argparse.Namespace) -> list[_Wanted]:
    """Return all images that are meant, each once for each target."""
    found = _of_references(arguments.references) if arguments.references else _of_plan(arguments)
    made = [
        _Wanted(one.name, one.source, _target(to, one.source), one.tag, one.runs_on, one.platform)
        for one in found
        for to in arguments.to
    ]
    for one in made:
        if one.source == one.target:
            raise ArgsError(
                f"{one.name} is in {one.target} already: that is where it would be copied from.",
                property_path="--to",
                next_step="Give another registry, or another repository: --to HOST/NAME.",
            )
    unique = {(one.source, one.target, one.tag): one for one in reversed(made)}
    return list(reversed(unique.values()))


def _target(to: str, source: str) -> str:
    """Return the repository of ``--to``: as it is, or that of the source's name in another registry."""
    host, _, name = to.partition("/")
    try:
        is_registry = is_host(host) and parse_reference(f"{host}/name").host == host
    except NotAReferenceError:
        is_registry = False
    if not is_registry or (name and not is_repository_name(name)) or ("/" in to and not name):
        raise ArgsError(
            f"{to!r} is neither a registry nor a repository.",
            property_path="--to",
            next_step="Give 123456789012.dkr.ecr.eu-west-1.amazonaws.com, and /NAME after it for one repository.",
        )
    return to if name else f"{host}/{Repository.parse(source).name}"


def _of_references(references: Sequence[str]) -> list[_Wanted]:
    found: list[_Wanted] = []
    for text in references:
        try:
            reference = parse_reference(text)
        except NotAReferenceError as error:
            raise ArgsError("The reference cannot be read.", property_path="REF", why=str(error)) from None
        if not is_key_tag(reference.tag) or reference.digest:
            raise ArgsError(
                f"{text!r} names no build key.",
                property_path="REF",
                why="an image goes by its key's tag, so that a second stack finds it",
                next_step="Give HOST/NAME:key-…, or --plan and --image.",
            )
        found.append(_Wanted(text, f"{reference.host}/{reference.path}", "", reference.tag))
    return found


def _of_plan(arguments: argparse.Namespace) -> list[_Wanted]:
    entries = load_plan(arguments.plan).entries
    for name in arguments.image:
        chosen(entries, name)
    images = current_images(entries)
    names: Sequence[str] = list(dict.fromkeys(arguments.image)) or list(images)
    found = [_of_image(name, images[name]) for name in names]
    return [*_bases(names, images, arguments.trust_registry), *found] if arguments.bases else found


def _of_image(name: str, image: CurrentImage) -> _Wanted:
    entry = image.entry
    if not entry.repository_url:
        raise ArgsError(
            f"The repository of {name} was not known when the plan was written.",
            property_path="--plan",
            next_step="Deploy the stack that makes it, and let `pulumi preview` write the plan again.",
        )
    key, platform = image.selected.key.tag, entry.declared.recipe.platform
    return _Wanted(name, entry.repository_url, "", key, entry.runs_on, platform)


def _bases(names: Sequence[str], images: Mapping[str, CurrentImage], trusted: Sequence[str]) -> list[_Wanted]:
    """Return the base images that images stand on, those of other stacks too, the lowest first.

    Raises:
        ArgsError: One is in another registry than its image, by the plan file alone.
    """
    found: dict[tuple[str, str], _Wanted] = {}
    for name in closure({one: list(of.bases.values()) for one, of in images.items()}, names):
        image = images[name]
        for base, url in image.entry.bases.items():
            if host_of(url) not in (host_of(image.entry.repository_url), *trusted):
                raise ArgsError(
                    f"The base image {base!r} of {name} is in another registry than {name}.",
                    property_path="--trust-registry",
                    why=f"the plan file says {url}; a changed file could choose what is copied",
                    next_step=f"If base images come from there: --trust-registry {host_of(url)}",
                )
            tag = tag_of(image.selected.declared.base_keys[base])
            of_plan = image.bases.get(base)
            wanted = _of_image(of_plan, images[of_plan]) if of_plan else _Wanted(base, url, "", tag)
            found[wanted.source, wanted.tag] = wanted
    return list(found.values())


def _print(ended: Sequence[_Ended]) -> None:
    for one in ended:
        if one.error:
            complain(f"{one.wanted.name}: {one.error}")
    for one in ended:
        sent = f", {megabytes(one.promoted.sent_bytes)} sent" if one.promoted.outcome == "copied" else ""
        beside = f", {one.referrers} beside it" if one.referrers is not None else ""
        said = f"{one.promoted.outcome}{sent}{beside}"
        say([f"{one.wanted.name}\t{one.wanted.tag}\t{one.wanted.target}\t{said}"])
    outcomes = [one.promoted.outcome for one in ended]
    parts = [(outcomes.count(name), name) for name in ("copied", "would copy", "there", "failed")]
    said = ", ".join(f"{number} {name}" for number, name in parts if number)
    say([f"{counted(len(ended), 'image')}: {said}" if ended else "there is no image to promote"])


def _document(one: _Ended) -> dict[str, Any]:
    return {
        "name": one.wanted.name,
        "tag": one.wanted.tag,
        "source": one.wanted.source,
        "target": one.wanted.target,
        "outcome": one.promoted.outcome.replace(" ", "_"),
        "digest": one.promoted.digest,
        "sent_bytes": one.promoted.sent_bytes,
        "referrers": one.referrers,
        "error": one.error,
    }
