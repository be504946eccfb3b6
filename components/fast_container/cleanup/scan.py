"""Reads all images and all uses, and decides.

Decides that one reader that is denied, one account that pulls and is not looked at, or one use that cannot be
understood stops everything, and that all of them are named at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

from fast_container.core.cleanup.reachable import Place
from fast_container.core.cleanup.stored import StoredImage
from fast_container.core.cleanup.uses import UnclearUse, Use, images_in_use
from fast_container.core.cleanup.verdicts import Rules, Verdict, decide
from fast_container.errors import ArgsError, AuthError, FastContainerError, RegistryError

T = TypeVar("T")


class Deleted(Protocol):
    """What became of a batch; see ``adapters.inventory.ecr_images``."""

    @property
    def gone(self) -> tuple[str, ...]:
        """Digests."""
        ...

    @property
    def kept(self) -> Mapping[str, str]:
        """Digest → why it stays."""
        ...

    @property
    def failed(self) -> Mapping[str, str]:
        """Digest → what went wrong."""
        ...


class ImageStore(Protocol):
    """A repository."""

    url: str

    def read(self) -> list[StoredImage]:
        """Return all images."""
        ...

    def look(self, images: Iterable[StoredImage]) -> dict[str, tuple[tuple[str, ...], float]]:
        """Return digest → tags and time of push, as they are now, without those that are gone."""
        ...

    def delete(self, images: Sequence[StoredImage]) -> Deleted:
        """Delete images."""
        ...


class UseReader(Protocol):
    """Reads who uses images."""

    @property
    def name(self) -> str:
        """The service."""
        ...

    def read(self) -> list[Use]:
        """Return the uses."""
        ...


@dataclass(frozen=True, slots=True)
class Scan:
    """What was found.

    Attributes:
        images: Of all repositories.
        uses: By all readers.
        verdicts: One for each image.
        now: When it was decided, in seconds since the epoch.
    """

    images: tuple[StoredImage, ...]
    uses: frozenset[Use]
    verdicts: tuple[Verdict, ...]
    now: float

    @property
    def to_delete(self) -> list[StoredImage]:
        """The images that may go."""
        return [verdict.image for verdict in self.verdicts if verdict.is_deleted]


def scan(stores: Sequence[ImageStore], readers: Sequence[UseReader], rules: Rules, now: float) -> Scan:
    """Read everything and decide; blocking.

    Images are read before uses: what is deployed meanwhile was there when the images were listed, or is not listed.

    Raises:
        FastContainerError: Something could not be read; the message names all of it.
    """
    images = read_images(stores)
    uses = read_uses(readers)
    return Scan(images, uses, tuple(decide(images, in_use(images, uses), rules, now)), now)


def read_images(stores: Sequence[ImageStore]) -> tuple[StoredImage, ...]:
    """Return the images of all repositories; blocking. Raises as ``scan``."""
    return tuple(image for some in all_of([store.read for store in stores]) for image in some)


def read_uses(readers: Sequence[UseReader], *, has_deleted: bool = False) -> frozenset[Use]:
    """Return the uses of all readers; blocking. Raises as ``scan``; ``has_deleted`` is for its message."""
    hint = "Or leave out what runs no image of these repositories: --without."
    found = all_of([reader.read for reader in readers], hint, has_deleted=has_deleted)
    return frozenset(use for some in found for use in some)


def in_use(images: Sequence[StoredImage], uses: Iterable[Use]) -> dict[Place, list[str]]:
    """Return the images in use → who uses them.

    Raises:
        RegistryError: A use of one of the repositories cannot be understood.
    """
    try:
        return images_in_use(images, sorted(uses, key=lambda use: (_weight(use.by), use.by, use.reference)))
    except UnclearUse as error:
        raise RegistryError(
            "A reference to one of the repositories cannot be understood; nothing is deleted.",
            why=str(error),
            next_step="Correct it where it stands, or remove what uses it.",
        ) from error


def _weight(by: str) -> int:
    """Which reason is shown first: what serves, then what could, then what says so."""
    for number, start in enumerate(("alias ", "service ", "running task ", "$LATEST", "version ")):
        if by.startswith(start):
            return number
    return 9


def all_of(calls: Sequence[Callable[[], T]], hint: str = "", *, has_deleted: bool = False) -> list[T]:
    """Run calls side by side; ``hint`` is one more next step for a call that failed.

    Raises:
        FastContainerError: One failed, or several: then the message names them all.
    """
    if not calls:
        return []
    failed: list[FastContainerError] = []
    found: list[T] = []
    with ThreadPoolExecutor(len(calls)) as pool:
        for running in [pool.submit(call) for call in calls]:
            try:
                found.append(running.result())
            except FastContainerError as error:
                failed.append(error)
    if failed:
        raise _all(failed, hint, "nothing more is deleted" if has_deleted else "nothing is deleted")
    return found


def _all(failed: Sequence[FastContainerError], hint: str, outcome: str) -> FastContainerError:
    own = next((error for error in failed if isinstance(error, ArgsError)), None)
    if own is not None:
        return own
    denied = all(isinstance(error, AuthError) for error in failed)
    lines = dict.fromkeys(f"{error.what} {error.where}: {error.why}" if error.why else error.what for error in failed)
    nexts = dict.fromkeys(error.next_step for error in failed if error.next_step)
    return (AuthError if denied else RegistryError)(
        f"Not everything that may use an image can be read, so {outcome}.",
        why="\n".join(lines),
        next_step="\n".join([*nexts, *([hint] if hint else [])]),
    )
