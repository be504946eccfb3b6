"""``fast-container lock``: writes the digests of base images into ``images.lock``.

Decides which names are looked up (missing ones; with ``--update`` all) and how changes are printed. Leaves which
images Dockerfiles need to ``core.images.pins``, asking registries to ``adapters.registry.image_resolver``, the file to
``core.images.lock``.
"""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

from fast_container.adapters.registry.image_resolver import (
    MIRRORS_VARIABLE,
    AbsentImageError,
    ImageResolver,
    parse_mirrors,
)
from fast_container.adapters.registry.registries import Registries
from fast_container.cli.output import say
from fast_container.cli.verbs.inspect import declared
from fast_container.core.aws_access import AwsAccess
from fast_container.core.declared import DeclaredImage, check_arguments
from fast_container.core.images.lock import ImageLock, LockedImage, format_lock, read_lock
from fast_container.core.images.pins import NeededImage, absent_error, digest_of, image_by_name, own_base, pin_image
from fast_container.errors import ArgsError

DEFAULT_PLATFORM = "linux/amd64"
_NO_PLATFORM = "the builder's platform"


def run(arguments: argparse.Namespace) -> int:
    """Look up, write, and print the changes.

    Raises:
        FastContainerError: Bad input, or a registry that could not be asked; the file was not changed.
    """
    place = Path(arguments.file)
    before = read_lock(arguments.file) or ImageLock()
    named = [image_by_name(*one) for one in product(arguments.image, arguments.platform or [DEFAULT_PLATFORM])]
    images = list(_images(arguments, may_be_none=bool(named) or (arguments.update and bool(before.images))))
    for image in images:
        check_arguments(image)
    after = asyncio.run(_locked(images, named, before, _mirrors(arguments.mirror), update=arguments.update))
    changes = list(_changes(before, after))
    if format_lock(after) != (place.read_bytes() if place.exists() else b""):
        _write(place, format_lock(after))
    kept = sum(len(image.platforms) or 1 for image in after.images.values()) - len(changes)
    say([*changes, f"{arguments.file}: {kept} unchanged"])
    return 0


def _images(arguments: argparse.Namespace, *, may_be_none: bool) -> Iterator[DeclaredImage]:
    """Yield one image for each combination of the repeatable flags."""
    dockerfiles: list[str | None] = arguments.dockerfile or [None]
    if not arguments.dockerfile and may_be_none and not Path(arguments.context, "Dockerfile").exists():
        return
    for dockerfile, target, platform in product(
        dockerfiles, arguments.target or [""], arguments.platform or [DEFAULT_PLATFORM]
    ):
        one = argparse.Namespace(**vars(arguments))
        one.dockerfile, one.target, one.platform = dockerfile, target, platform
        yield _with_own_bases(declared(one), arguments.own_base)


def _with_own_bases(image: DeclaredImage, names: Iterable[str]) -> DeclaredImage:
    args, contexts = dict(image.recipe.build_args), dict(image.named_contexts)
    for name in names:
        more_args, more_contexts = own_base(name)
        args |= more_args
        contexts |= more_contexts
    return replace(image, recipe=replace(image.recipe, build_args=args), named_contexts=contexts)


def _mirrors(options: list[str]) -> dict[str, str]:
    from_environment = parse_mirrors(os.environ.get(MIRRORS_VARIABLE, "").split(","), MIRRORS_VARIABLE)
    return from_environment | parse_mirrors(options, "--mirror")


async def _locked(
    images: Iterable[DeclaredImage],
    named: Iterable[NeededImage],
    before: ImageLock,
    mirrors: dict[str, str],
    *,
    update: bool,
) -> ImageLock:
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
    registries = Registries(AwsAccess(region=region), os.environ)
    # A further platform of a known name comes from the locked index, not from a later one.
    digests = {} if update else {name: image.digest for name, image in before.images.items()}
    resolver = ImageResolver(registries.repository, mirrors, digests)
    try:
        known = before
        if update:
            known = await _look_up(resolver, ImageLock(), _all(before))
        known = await _look_up(resolver, known, [one for one in named if not digest_of(one, known)])
        for image in images:
            known = await _complete(resolver, image, known)
    finally:
        registries.close()
    return known


async def _complete(resolver: ImageResolver, image: DeclaredImage, known: ImageLock) -> ImageLock:
    while unknown := pin_image(image, known).unknown:
        known = await _look_up(resolver, known, unknown)
    return known


async def _look_up(resolver: ImageResolver, known: ImageLock, needed: Iterable[NeededImage]) -> ImageLock:
    wanted = list(needed)
    answers = await asyncio.gather(
        *(resolver.resolve(one.normalised, one.platform) for one in wanted), return_exceptions=True
    )
    for one, answer in zip(wanted, answers, strict=True):
        if isinstance(answer, AbsentImageError) and one.place:
            raise absent_error(one, answer)
        if isinstance(answer, BaseException):
            raise answer
        known = known.with_image(one.normalised, answer)
    return known


def _all(lock: ImageLock) -> Iterator[NeededImage]:
    """Yield every entry of a lock, as if it were needed."""
    for reference, image in lock.images.items():
        for platform in image.platforms or [""]:
            yield NeededImage(reference, reference, platform, "")


def _changes(before: ImageLock, after: ImageLock) -> Iterator[str]:
    for reference, image in sorted(after.images.items()):
        old = before.images.get(reference, LockedImage(""))
        if not image.platforms and image.digest != old.digest:
            yield _line(reference, _NO_PLATFORM, old.digest, image.digest)
        for platform, found in sorted(image.platforms.items()):
            known = old.platforms.get(platform)
            if known != found:
                yield _line(reference, platform, known.digest if known else "", found.digest)


def _line(reference: str, platform: str, old: str, new: str) -> str:
    if not old:
        return f"added  {reference} {platform} {new}"
    return f"moved  {reference} {platform} {old} -> {new}"


def _write(place: Path, content: bytes) -> None:
    partial = place.with_name(f"{place.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(place)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise ArgsError(
            "The lock file cannot be written.", property_path=str(place), why=error.strerror or str(error)
        ) from None
