"""``images.lock``: which digest an outside image's reference stands for, and what its configuration says.

Decides the file's form (JSON, committed, equal for equal contents) and what it answers: pins for the build key and the
build, facts (ENV, ONBUILD) for reading Dockerfiles. A reference is pinned to the digest that it named when it was
locked, an image index where it named one, so that one pin is right for every platform; facts are a platform's own.
Leaves asking registries, and when to, to the composition roots.

::

    {
      "version": 1,
      "images": {
        "python:3.12-slim": {
          "digest": "sha256:…",
          "platforms": {"linux/arm64": {"env": {"PATH": "…"}, "onbuild": []}}
        }
      }
    }
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

from fast_container.core.dockerfile import ExternalImage, ImageFacts
from fast_container.errors import ArgsError, DockerfileError

LOCK_FILE: Final = "images.lock"
VERSION: Final = 1

Policy = Literal["as-written", "locked", "resolve"]
"""How an outside image counts: by its text; by the lock; by what a registry answers now."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_WITH_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class LockedImage:
    """One reference.

    Attributes:
        digest: What the reference named: an image index, or a manifest.
        platforms: ``os/arch[/variant]`` → what the configuration of that platform's image says.
    """

    digest: str
    platforms: Mapping[str, ImageFacts] = field(default_factory=dict[str, ImageFacts])


@dataclass(frozen=True, slots=True)
class ImageLock:
    """The whole file: reference as Dockerfiles write it → what it is locked to."""

    images: Mapping[str, LockedImage] = field(default_factory=dict[str, LockedImage])

    def pins(self) -> dict[str, str]:
        """Reference → digest, as a declared image wants them."""
        return {reference: locked.digest for reference, locked in self.images.items()}

    def facts(self, platform: str) -> dict[str, ImageFacts]:
        """Reference → what is known of it on a platform; absent where that platform is not locked."""
        return {
            reference: locked.platforms[platform]
            for reference, locked in self.images.items()
            if platform in locked.platforms
        }

    def missing(self, images: Iterable[ExternalImage], platform: str) -> list[ExternalImage]:
        """Those that would have to be locked; a reference with a digest of its own needs no pin, only facts."""
        return [
            image
            for image in images
            if image.reference not in self.images
            or (image.platform or platform) not in self.images[image.reference].platforms
        ]

    def with_image(self, reference: str, locked: LockedImage) -> ImageLock:
        """The lock with one reference locked anew.

        Facts of other platforms stay while the digest does.
        """
        before = self.images.get(reference)
        if before is not None and before.digest == locked.digest:
            locked = LockedImage(locked.digest, {**before.platforms, **locked.platforms})
        return ImageLock({**self.images, reference: locked})

    def without_unused(self, references: Iterable[str]) -> ImageLock:
        """The lock of only these references."""
        kept = set(references)
        return ImageLock({name: locked for name, locked in self.images.items() if name in kept})


def require_locked(lock: ImageLock, images: Iterable[ExternalImage], *, dockerfile: str) -> None:
    """Refuse outside images that the policy ``locked`` asks for and the lock does not have.

    Raises:
        DockerfileError: With the line of the first.
    """
    for image in images:
        if image.reference not in lock.images and not _WITH_DIGEST.search(image.reference):
            raise DockerfileError(
                f"{image.reference} is not in {LOCK_FILE}.",
                file=dockerfile,
                line=image.line,
                why="Outside images are 'locked', so each must be pinned to a digest.",
                next_step="Run: fast-container lock",
            )


def check_policy(policy: str) -> Policy:
    """A policy by its name.

    Raises:
        ArgsError: There is no such policy.
    """
    if policy in ("as-written", "locked", "resolve"):
        return policy
    raise ArgsError(
        f"{policy!r} is no policy for outside images.",
        property_path="external_images",
        next_step='Use "as-written", "locked" or "resolve".',
    )


def parse_lock(text: bytes, *, file: str = LOCK_FILE) -> ImageLock:
    """Read the file.

    Raises:
        DockerfileError: It is not of this form, with the line where JSON says one.
    """
    try:
        found: Any = json.loads(text)
    except ValueError as error:
        raise _refusal(file, str(error), getattr(error, "lineno", 0)) from None
    if not isinstance(found, dict) or cast("dict[str, Any]", found).get("version") != VERSION:
        raise _refusal(file, f"It is no lock of version {VERSION}.")
    images: dict[str, LockedImage] = {}
    for reference, locked in _object(cast("dict[str, Any]", found).get("images"), file, "images").items():
        entry = _object(locked, file, reference)
        digest = entry.get("digest")
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise _refusal(file, f"{reference} has no digest.")
        platforms = _object(entry.get("platforms", {}), file, f"{reference}: platforms")
        images[reference] = LockedImage(
            digest, {platform: _facts(facts, file, f"{reference}: {platform}") for platform, facts in platforms.items()}
        )
    return ImageLock(images)


def format_lock(lock: ImageLock) -> bytes:
    """The file's bytes; equal for equal locks."""
    images = {
        reference: {
            "digest": locked.digest,
            "platforms": {
                platform: {"env": dict(facts.env), "onbuild": list(facts.onbuild)}
                for platform, facts in locked.platforms.items()
            },
        }
        for reference, locked in lock.images.items()
    }
    text = json.dumps({"version": VERSION, "images": images}, indent=2, sort_keys=True, ensure_ascii=False)
    return f"{text}\n".encode()


def _facts(value: object, file: str, where: str) -> ImageFacts:
    found = _object(value, file, where)
    env = _object(found.get("env", {}), file, f"{where}: env")
    onbuild: object = found.get("onbuild", [])
    if not all(isinstance(text, str) for text in env.values()):
        raise _refusal(file, f"{where}: env holds what is no text.")
    if not isinstance(onbuild, list) or not all(isinstance(line, str) for line in cast("list[object]", onbuild)):
        raise _refusal(file, f"{where}: onbuild is no list of texts.")
    return ImageFacts(env, tuple(cast("list[str]", onbuild)))


def _object(value: object, file: str, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _refusal(file, f"{where} is no object.")
    return cast("dict[str, Any]", value)


def _refusal(file: str, why: str, line: int = 0) -> DockerfileError:
    return DockerfileError(
        "The lock of outside images cannot be read.",
        file=file,
        line=line,
        why=why,
        next_step="Restore it, or write it again with: fast-container lock --update",
    )
