"""``images.lock``: the digest of each external image's reference, and the facts of its configuration.

Decides the file's form (JSON, committed, equal for equal contents, one value a line so that a change reads well in a
review). Leaves asking registries to ``adapters.registry.image_resolver``, and what follows from knowing an image to
``core.images.pins``.

::

    {
      "version": 1,
      "images": {
        "docker.io/library/python:3.12-slim": {
          "digest": "sha256:…",
          "platforms": {
            "linux/arm64": {"digest": "sha256:…", "env": {"PATH": "…"}, "onbuild": []}
          }
        }
      }
    }

References are in normal form, so that ``python:3.12-slim`` and ``docker.io/library/python:3.12-slim`` are one. The
digest of a reference is what its tag named: an index, or the image itself. A platform has its own image's digest, so
that a change of another platform's image does not change it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, cast

from fast_container.core.dockerfile import ImageFacts
from fast_container.core.json_document import parse_json
from fast_container.core.oci.platform import normal_or_same
from fast_container.errors import ArgsError, DockerfileError

LOCK_FILE: Final = "images.lock"
VERSION: Final = 1

Policy = Literal["as-written", "locked", "resolve"]
"""How an external image counts: as written; by the lock; by a registry's current answer."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


@dataclass(frozen=True, slots=True)
class PlatformImage:
    """One platform's image.

    Attributes:
        digest: Of its manifest.
        facts: The facts of its configuration.
    """

    digest: str
    facts: ImageFacts


@dataclass(frozen=True, slots=True)
class LockedImage:
    """One reference.

    Attributes:
        digest: What the reference named: an image index, or a manifest.
        platforms: ``os/arch[/variant]`` in normal form → that platform's image, for the requested platforms.
    """

    digest: str
    platforms: Mapping[str, PlatformImage] = field(default_factory=dict[str, PlatformImage])


@dataclass(frozen=True, slots=True)
class ImageLock:
    """The external images that are known, by reference in normal form."""

    images: Mapping[str, LockedImage] = field(default_factory=dict[str, LockedImage])

    def with_image(self, reference: str, locked: LockedImage) -> ImageLock:
        """Return the lock with one reference locked anew; its other platforms stay while its digest does."""
        before = self.images.get(reference)
        if before is not None and before.digest == locked.digest:
            locked = LockedImage(locked.digest, {**before.platforms, **locked.platforms})
        return ImageLock({**self.images, reference: locked})


def check_policy(policy: str) -> Policy:
    """Check the name of a policy.

    Raises:
        ArgsError: There is no such policy.
    """
    if policy in ("as-written", "locked", "resolve"):
        return policy
    raise ArgsError(
        f"{policy!r} is not a policy for external images.",
        property_path="image_policy",
        next_step='Use one of: "as-written", "locked", "resolve".',
    )


def read_lock(file: str) -> ImageLock | None:
    """Read a lock file; None if it does not exist.

    Raises:
        DockerfileError: It is damaged.
        ArgsError: It cannot be read.
    """
    try:
        return parse_lock(Path(file).read_bytes(), file=file)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ArgsError(
            "The lock of external images cannot be read.", property_path=file, why=error.strerror or str(error)
        ) from None


def read_needed_lock(file: str, property_path: str) -> ImageLock:
    """Read the lock file that an image's policy requires.

    Raises:
        DockerfileError: It is damaged.
        ArgsError: It does not exist, or cannot be read.
    """
    lock = read_lock(file)
    if lock is None:
        raise ArgsError(
            "The lock of external images is not there.",
            property_path=property_path,
            why=f"no file at {file}",
            next_step=f"Run: fast-container lock --file {file} --dockerfile …, and commit the file",
        )
    return lock


def parse_lock(text: bytes, *, file: str = LOCK_FILE) -> ImageLock:
    """Parse a lock file.

    Raises:
        DockerfileError: It is malformed; with the line if the JSON parser gives one.
    """
    try:
        found: Any = parse_json(text)
    except ValueError as error:
        raise _refusal(file, str(error), getattr(error, "lineno", 0)) from None
    if not isinstance(found, dict) or cast("dict[str, Any]", found).get("version") != VERSION:
        raise _refusal(file, f"It is not a lock of version {VERSION}.")
    images: dict[str, LockedImage] = {}
    for reference, locked in _object(cast("dict[str, Any]", found).get("images"), file, "images").items():
        entry = _object(locked, file, reference)
        platforms = _object(entry.get("platforms", {}), file, f"{reference}: platforms")
        images[reference] = LockedImage(
            _digest(entry, file, reference),
            {normal_or_same(name): _platform(value, file, f"{reference}: {name}") for name, value in platforms.items()},
        )
    return ImageLock(images)


def format_lock(lock: ImageLock) -> bytes:
    """Format a lock as a file; equal for equal locks."""
    images = {
        reference: {
            "digest": locked.digest,
            "platforms": {
                platform: {
                    "digest": image.digest,
                    "env": dict(image.facts.env or {}),
                    "onbuild": list(image.facts.onbuild),
                }
                for platform, image in locked.platforms.items()
            },
        }
        for reference, locked in lock.images.items()
    }
    text = json.dumps({"version": VERSION, "images": images}, indent=2, sort_keys=True, ensure_ascii=False)
    return f"{text}\n".encode()


def _platform(value: object, file: str, where: str) -> PlatformImage:
    found = _object(value, file, where)
    env = _object(found.get("env", {}), file, f"{where}: env")
    onbuild: object = found.get("onbuild", [])
    if not all(isinstance(text, str) for text in env.values()):
        raise _refusal(file, f"{where}: env holds something that is not a string.")
    if not isinstance(onbuild, list) or not all(isinstance(line, str) for line in cast("list[object]", onbuild)):
        raise _refusal(file, f"{where}: onbuild is not a list of strings.")
    return PlatformImage(_digest(found, file, where), ImageFacts(env, tuple(cast("list[str]", onbuild))))


def _digest(entry: Mapping[str, Any], file: str, where: str) -> str:
    digest: object = entry.get("digest")
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise _refusal(file, f"{where} has no digest.")
    return digest


def _object(value: object, file: str, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _refusal(file, f"{where} is not an object.")
    return cast("dict[str, Any]", value)


def _refusal(file: str, why: str, line: int = 0) -> DockerfileError:
    return DockerfileError(
        "The lock of external images cannot be read.",
        file=file,
        line=line,
        why=why,
        next_step="Restore it, or remove it and write it again with: fast-container lock",
    )
