"""Pins of an image's external images: what must be known, and what follows from it.

Decides which external images a declaration uses, which digest stands for each in the build key and in the build, and
which facts of their configuration can be relied on. Leaves where the knowledge comes from (``images.lock``, a registry)
to the caller. Reads the Dockerfile and nothing else.

If the platform is certain, its own digest is used, so that a change of another platform's image does not matter. If it
is not (``--platform=$BUILDPLATFORM``, or one name for several platforms in one build: BuildKit's policy has one answer
for a name), the build takes the index, and BuildKit chooses as it always does.
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
    """One use of an external image.

    Attributes:
        written: Its name in the build key: the reference as written, or the named context's value.
        normalised: The reference in normal form.
        platform: In normal form; ``""`` if only the builder knows it.
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
        """Whether the reference has a digest itself; then it needs facts, but no pin."""
        return "@" in self.normalised


@dataclass(frozen=True, slots=True)
class PinnedImage:
    """A declaration with its pins.

    Attributes:
        declared: The declaration, with pins and facts.
        needed: Its external images.
        unknown: Those of which nothing is known; if one of them has no digest, the pins are not complete.
    """

    declared: DeclaredImage
    unknown: tuple[NeededImage, ...]

    @property
    def missing(self) -> tuple[NeededImage, ...]:
        """Images without which the declaration cannot be pinned."""
        return tuple(one for one in self.unknown if not one.has_digest)


def pin_image(image: DeclaredImage, known: ImageLock) -> PinnedImage:
    """Pin an image as far as its external images are known.

    Triggers of a base image may name further images, so ``unknown`` may grow as more becomes known.

    Raises:
        DockerfileError: BuildKit would refuse the file, or its images cannot be told.
        ArgsError: The Dockerfile does not exist, or a named context is not an image's name.
    """
    needed = needed_images(image, *read_declared(image))
    while True:
        pinned = [one for one in needed if not one.has_digest and digest_of(one, known)]
        image = replace(
            image,
            image_pins=_pins(pinned, known),
            image_facts=_facts(image, needed, known),
        )
        # An environment affects paths, never which images are needed.
        triggers = any(facts.onbuild for facts in image.image_facts.values())
        found = needed_images(image, *read_declared(image)) if triggers else needed
        if found == needed:
            return PinnedImage(image, tuple(one for one in needed if not digest_of(one, known)))
        needed = found


def needed_images(image: DeclaredImage, text: bytes, reads: DockerfileReads) -> tuple[NeededImage, ...]:
    """List the external images of a declaration.

    Raises:
        DockerfileError: The Dockerfile was not understood, so its images cannot be told.
        ArgsError: A named context is not an image's name.
    """
    if not reads.understood:
        raise DockerfileError(
            "The base images cannot be pinned.",
            file=image.dockerfile_name,
            why=reads.warnings[0].partition(";")[0] if reads.warnings else "the file was not understood",
            next_step='Use image_policy="as-written" for this image.',
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
    """Return the digest that stands for one use; ``""`` if nothing is known of the image."""
    image = known.images.get(needed.normalised)
    if image is None:
        return ""
    if not needed.platform:
        return image.digest
    found = image.platforms.get(needed.platform)
    return found.digest if found else ""


def not_locked(image: DeclaredImage, missing: NeededImage, lock_file: str) -> FastContainerError:
    """Make the error for an image that the lock file does not have."""
    what = f"{missing.written} is not in {lock_file} for {missing.platform or 'the platform of the builder'}."
    step = f"Run: {shlex.join(_lock_command(image, missing, lock_file))}"
    if not missing.line:
        return ArgsError(what, property_path=missing.place, next_step=step)
    return DockerfileError(what, file=image.dockerfile_name, line=missing.line, next_step=step)


def image_by_name(reference: str, platform: str) -> NeededImage:
    """Make an external image from a name outside a Dockerfile.

    Raises:
        ArgsError: The reference or the platform is malformed.
    """
    try:
        normalised, platform = parse_reference(reference).normalised, normal_platform(platform)
    except (NotAReferenceError, NotAPlatformError) as error:
        raise ArgsError(
            f"{reference!r} for {platform!r} cannot be locked.", property_path="--image", why=str(error)
        ) from None
    return NeededImage(reference, normalised, platform, "--image")


def own_base(name: str) -> tuple[dict[str, str], dict[str, str]]:
    """Make the build args and named contexts by which a Dockerfile finds a stand-in for one of our base images.

    Args:
        name: A build arg that a ``FROM`` uses, or the name in ``FROM`` itself.
    """
    alias = f"own-base-{name.lower().replace('_', '-').strip('-')}" if _ARG.fullmatch(name) else name
    return {name: alias} if alias != name else {}, {alias: f"{SCHEME}{OWN_BASE_HOST}/{alias}"}


def pinned_reference(image: DeclaredImage, written: str, platform: str = "") -> str:
    """Format a reference of a declaration, followed by its pin if it has one, for people."""
    pin = image.image_pins.get(written, "")
    digests = digests_of(pin)
    pin = digests.get(platform, "") if len(digests) > 1 else pin
    return f"{written}@{pin}" if pin else written


def absent_error(needed: NeededImage, error: FastContainerError) -> FastContainerError:
    """Make the error for an image that a registry does not have, with the place that uses it."""
    why = "; ".join(text for text in (error.why, error.where) if text)
    if not needed.line:
        return ArgsError(error.what, property_path=needed.place, why=why, next_step=error.next_step)
    file = needed.place.removesuffix(f":{needed.line}")
    return DockerfileError(error.what, file=file, line=needed.line, why=why, next_step=error.next_step)


def _lock_command(image: DeclaredImage, missing: NeededImage, lock_file: str) -> list[str]:
    """Build the command that locks an image's external images; without a Dockerfile's name, only the missing one."""
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
    # A named context may serve a stage for another platform, unless no FROM names a platform.
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
                f"{place!r} does not name an image.",
                property_path=path,
                why=str(error),
                next_step="Write docker-image://name:tag.",
            ) from None
        yield NeededImage(place, normalised, platform, path)


def _pins(pinned: Iterable[NeededImage], known: ImageLock) -> dict[str, str]:
    """Reference as written → its pin, which is in the key and decides what the build takes.

    If the uses of an image have different digests, the build takes the index, so the index is in the pin of each.
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
    """Name → facts, if all uses of the image agree on them."""
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
        # Without an index, every platform gets the same image.
        found = next((one for one in image.platforms.values() if one.digest == image.digest), None)
    return found.facts if found else None
