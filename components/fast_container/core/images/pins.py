"""Pins of an image's outside images: what has to be known, and what follows from knowing it.

Decides which images a declaration takes from outside, which digest stands for each in the build key and in the build,
and what of their configuration may be relied on. Leaves where the knowledge comes from (``images.lock``, a registry)
to the caller. Reads the Dockerfile; asks nobody else.

A platform's own digest is taken where the platform is certain, so that a change of another platform's image is none.
Where it is not (``--platform=$BUILDPLATFORM``, or one name for several platforms in one build: BuildKit's policy has
one answer for a name) the build takes the index, and BuildKit chooses as it always does.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from fast_container.core.declared import DeclaredImage, read_declared
from fast_container.core.dockerfile import DockerfileReads, ImageFacts
from fast_container.core.images.lock import ImageLock
from fast_container.core.oci.platform import NotAPlatformError, normal_platform
from fast_container.core.oci.reference import NotAReferenceError, parse_reference
from fast_container.core.oci.source_policy import INDEX, SCHEME, digests_of, pin_of
from fast_container.core.own_bases import OWN_BASE_HOST, is_own_base
from fast_container.errors import ArgsError, DockerfileError, FastContainerError

_ARG: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class NeededImage:
    """One use of an outside image.

    Attributes:
        written: What the build key calls it: the reference as written, or the named context's value.
        normalised: The reference in normal form.
        platform: In normal form; ``""`` where only the builder knows it.
        place: Where it is used: ``file:line``, or the named context's property path.
        line: The Dockerfile's line; 0 for a named context.
    """

    written: str
    normalised: str
    platform: str
    place: str
    line: int = 0

    @property
    def has_digest(self) -> bool:
        """Whether the reference says a digest itself; it needs no pin then, only facts."""
        return "@" in self.normalised


@dataclass(frozen=True, slots=True)
class PinnedImage:
    """A declaration with its pins.

    Attributes:
        declared: With pins and facts.
        unknown: Those of which nothing is known; with any that has no digest, the pins are not complete.
    """

    declared: DeclaredImage
    unknown: tuple[NeededImage, ...]

    @property
    def missing(self) -> tuple[NeededImage, ...]:
        """Those without which the image cannot be pinned."""
        return tuple(one for one in self.unknown if not one.has_digest)


def pin_image(image: DeclaredImage, known: ImageLock) -> PinnedImage:
    """Use what is known.

    Triggers of a base image may name further images, so what is unknown may grow with what becomes known.

    Raises:
        DockerfileError: BuildKit would refuse the file, or nobody can tell which images it needs.
        ArgsError: The Dockerfile is not there, or a named context is no image's name.
    """
    needed = needed_images(image, *read_declared(image))
    while True:
        pinned = [one for one in needed if not one.has_digest and digest_of(one, known)]
        image = replace(
            image,
            image_pins=_pins(pinned, known),
            image_facts=_facts(image, needed, known),
        )
        # An environment decides about paths, never about which images are needed.
        triggers = any(facts.onbuild for facts in image.image_facts.values())
        found = needed_images(image, *read_declared(image)) if triggers else needed
        if found == needed:
            return PinnedImage(image, tuple(one for one in needed if not digest_of(one, known)))
        needed = found


def needed_images(image: DeclaredImage, text: bytes, reads: DockerfileReads) -> tuple[NeededImage, ...]:
    """The outside images of a declaration.

    Raises:
        DockerfileError: The Dockerfile was not understood, so nobody can tell.
        ArgsError: A named context is no image's name.
    """
    if not reads.understood:
        raise DockerfileError(
            "The base images cannot be pinned.",
            file=image.dockerfile_name,
            why=reads.warnings[0].partition(";")[0] if reads.warnings else "the file was not understood",
            next_step='use image_policy="as-written" for this image',
        )
    file = image.dockerfile_name
    named = _named_images(image, reads, platform_is_certain=b"--platform" not in text.lower())
    return (
        *(
            NeededImage(one.reference, one.normalised, one.platform, f"{file}:{one.line}", one.line)
            for one in reads.external_images
        ),
        *named,
    )


def digest_of(needed: NeededImage, known: ImageLock) -> str:
    """The digest that stands for one use; ``""`` where nothing is known of it."""
    image = known.images.get(needed.normalised)
    if image is None:
        return ""
    if not needed.platform:
        return image.digest
    found = image.platforms.get(needed.platform)
    return found.digest if found else ""


def not_locked(image: DeclaredImage, missing: NeededImage, lock_file: str) -> FastContainerError:
    """The error for an image that the lock file does not have."""
    what = f"{missing.written} is not in {lock_file} for {missing.platform or 'the platform of the builder'}."
    step = f"Run: {shlex.join(_lock_command(image, missing, lock_file))}"
    if not missing.line:
        return ArgsError(what, property_path=missing.place, next_step=step)
    return DockerfileError(what, file=image.dockerfile_name, line=missing.line, next_step=step)


def image_by_name(reference: str, platform: str) -> NeededImage:
    """An outside image that is named outside a Dockerfile.

    Raises:
        ArgsError: The reference or the platform is none.
    """
    try:
        normalised, platform = parse_reference(reference).normalised, normal_platform(platform)
    except (NotAReferenceError, NotAPlatformError) as error:
        raise ArgsError(
            f"{reference!r} for {platform!r} cannot be locked.", property_path="--image", why=str(error)
        ) from None
    return NeededImage(reference, normalised, platform, "--image")


def own_base(name: str) -> tuple[dict[str, str], dict[str, str]]:
    """Build args and named contexts by which a Dockerfile finds a stand-in for a base image of ours.

    Args:
        name: Of a build arg that a ``FROM`` uses, or what ``FROM`` says itself.
    """
    alias = f"own-base-{name.lower().replace('_', '-').strip('-')}" if _ARG.fullmatch(name) else name
    return {name: alias} if alias != name else {}, {alias: f"{SCHEME}{OWN_BASE_HOST}/{alias}"}


def pinned_reference(image: DeclaredImage, written: str, platform: str = "") -> str:
    """A reference of a declaration with its pin behind it, for people; as written where it has none."""
    pin = image.image_pins.get(written, "")
    digests = digests_of(pin)
    pin = digests.get(platform, "") if len(digests) > 1 else pin
    return f"{written}@{pin}" if pin else written


def absent_error(needed: NeededImage, error: FastContainerError) -> FastContainerError:
    """The error for an image that a registry does not have, with the place that asks for it."""
    why = "; ".join(text for text in (error.why, error.where) if text)
    if not needed.line:
        return ArgsError(error.what, property_path=needed.place, why=why, next_step=error.next_step)
    file = needed.place.removesuffix(f":{needed.line}")
    return DockerfileError(error.what, file=file, line=needed.line, why=why, next_step=error.next_step)


def _lock_command(image: DeclaredImage, missing: NeededImage, lock_file: str) -> list[str]:
    """The command that locks an image's outside images; only the missing one where there is no Dockerfile to name."""
    command = ["fast-container", "lock", "--file", lock_file]
    if not isinstance(image.dockerfile, str):
        return [*command, "--image", missing.normalised, "--platform", missing.platform or image.recipe.platform]
    command += ["--dockerfile", image.dockerfile_name]
    command += [
        "--platform",
        image.recipe.platform,
        *(["--target", image.recipe.target] if image.recipe.target else []),
    ]
    own = {name for name, place in image.named_contexts.items() if is_own_base(place)}
    named = {arg for arg, value in image.recipe.build_args.items() if value in own}
    aliases = {image.recipe.build_args[arg] for arg in named}
    for name in sorted(named | (own - aliases)):
        command += ["--own-base", name]
    for name, value in image.recipe.build_args.items():
        if name not in named:
            command += ["--build-arg", f"{name}={value}"]
    for name, place in image.named_contexts.items():
        if name not in own and place.startswith(SCHEME):
            command += ["--build-context", f"{name}={place}"]
    return command


def _named_images(image: DeclaredImage, reads: DockerfileReads, *, platform_is_certain: bool) -> Iterator[NeededImage]:
    # A named context may serve a stage for another platform; that is ruled out only where no FROM names one.
    platform = image.recipe.platform if platform_is_certain else ""
    for name in reads.contexts:
        place = image.named_contexts.get(name, "")
        if not place.startswith(SCHEME) or is_own_base(place):
            continue
        path = f'named_contexts["{name}"]'
        try:
            normalised = parse_reference(place.removeprefix(SCHEME)).normalised
        except NotAReferenceError as error:
            raise ArgsError(
                f"{place!r} names no image.", property_path=path, why=str(error), next_step="docker-image://name:tag"
            ) from None
        yield NeededImage(place, normalised, platform, path)


def _pins(pinned: Iterable[NeededImage], known: ImageLock) -> dict[str, str]:
    """Reference as written → what stands for it in the key and decides what the build takes.

    Where the uses of an image have different digests, the build takes the index: so that is in every one's pin.
    """
    uses: dict[str, dict[str, dict[str, str]]] = {}
    for one in pinned:
        uses.setdefault(one.normalised, {}).setdefault(one.written, {})[one.platform] = digest_of(one, known)
    pins: dict[str, str] = {}
    for normalised, written in uses.items():
        alike = len({digest for digests in written.values() for digest in digests.values()}) == 1
        for reference, digests in written.items():
            one = {INDEX: next(iter(digests.values()))}
            pins[reference] = pin_of(one if alike else {**digests, INDEX: known.images[normalised].digest})
    return pins


def _facts(image: DeclaredImage, needed: Iterable[NeededImage], known: ImageLock) -> dict[str, ImageFacts]:
    """Name → facts, where all uses of the image agree on them."""
    said: dict[str, list[ImageFacts | None]] = {}
    names: dict[str, str] = {}
    for one in needed:
        said.setdefault(one.normalised, []).append(_facts_of(one, known))
        if not one.line:
            names |= {name: one.normalised for name, place in image.named_contexts.items() if place == one.written}
    agreed = {
        normalised: facts[0]
        for normalised, facts in said.items()
        if facts[0] is not None and all(other == facts[0] for other in facts)
    }
    return agreed | {name: agreed[normalised] for name, normalised in names.items() if normalised in agreed}


def _facts_of(needed: NeededImage, known: ImageLock) -> ImageFacts | None:
    image = known.images.get(needed.normalised)
    if image is None:
        return None
    if needed.platform:
        found = image.platforms.get(needed.platform)
    else:
        # An image without an index is the same for every platform.
        found = next((one for one in image.platforms.values() if one.digest == image.digest), None)
    return found.facts if found else None
