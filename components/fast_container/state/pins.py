"""Pins the external images of a program's images: by the committed lock, or by the registries' present answers.

Decides when a registry is asked (policy ``resolve`` only; once for each image and program) and that a preview without
an answer has an unknown key, and says why. Leaves pinning to ``core.images.pins``, looking up to
``adapters.registry.image_resolver``.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field

from fast_container.adapters.registry.image_resolver import (
    MIRRORS_VARIABLE,
    AbsentImageError,
    ImageResolver,
    parse_mirrors,
)
from fast_container.adapters.registry.registries import Registries
from fast_container.adapters.threads import in_thread
from fast_container.core.aws_access import AwsAccess
from fast_container.core.declared import DeclaredImage
from fast_container.core.images.lock import ImageLock, LockedImage, Policy, read_needed_lock
from fast_container.core.images.pins import NeededImage, absent_error, not_locked, pin_image
from fast_container.core.ports import Registry


@dataclass(slots=True)
class ProgramPins:
    """The shared part of pinning the images of one program.

    Attributes:
        registries: The program's.
    """

    registries: Registries
    _locks: dict[str, ImageLock] = field(default_factory=dict[str, ImageLock])
    _resolver: ImageResolver | None = None

    async def pinned(self, image: DeclaredImage, policy: Policy, lock_file: str, access: AwsAccess) -> DeclaredImage:
        """Return the declaration with its pins.

        Args:
            image: All its Inputs are known.
            policy: How external images count.
            lock_file: Path of the lock, for ``locked``.
            access: How to reach private ECR repositories; that of the first image is used for all.

        Raises:
            DockerfileError: An image is not in the lock or does not exist; with its line.
            ArgsError: The lock file or the variable with mirrors cannot be right.
            RegistryError: A registry could not be asked.
        """
        if policy == "as-written":
            return image
        if policy == "locked":
            return await in_thread(self._locked, image, lock_file)
        known = ImageLock()
        while True:
            pinned = await in_thread(pin_image, image, known)
            if not pinned.unknown:
                return pinned.declared
            for needed, found in await self._look_up(pinned.unknown, access):
                known = known.with_image(needed.normalised, found)

    def _locked(self, image: DeclaredImage, lock_file: str) -> DeclaredImage:
        if lock_file not in self._locks:
            self._locks[lock_file] = read_needed_lock(lock_file, "images_lock")
        pinned = pin_image(image, self._locks[lock_file])
        if pinned.missing:
            raise not_locked(image, pinned.missing[0], lock_file)
        return pinned.declared

    async def _look_up(
        self, needed: tuple[NeededImage, ...], access: AwsAccess
    ) -> list[tuple[NeededImage, LockedImage]]:
        if self._resolver is None:

            def open_repository(url: str) -> Registry:
                return self.registries.repository(url, access)

            mirrors = parse_mirrors(os.environ.get(MIRRORS_VARIABLE, "").split(","), MIRRORS_VARIABLE)
            self._resolver = ImageResolver(open_repository, mirrors)
        resolver = self._resolver
        answers = await asyncio.gather(
            *(resolver.resolve(one.normalised, one.platform) for one in needed), return_exceptions=True
        )
        found: list[tuple[NeededImage, LockedImage]] = []
        for one, answer in zip(needed, answers, strict=True):
            if isinstance(answer, AbsentImageError):
                raise absent_error(one, answer) from None
            if isinstance(answer, BaseException):
                raise answer
            found.append((one, answer))
        return found
