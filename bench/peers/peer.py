"""A tool that is compared: how it is found on this machine, its setting, and how much of it a bench can bear.

Decides what a side has to offer. Which sides there are is decided in ``bench.peers.sides``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bench.peers.job import Job
from bench.peers.place import Place


class Missing(Exception):  # noqa: N818 - the name says it
    """The tool cannot be had on this machine; the message says why, and what would help."""


class Side(Protocol):
    """A tool at work on one job."""

    @property
    def repositories(self) -> Sequence[str]:
        """The repositories that it pushes to."""
        ...

    def preview(self) -> None:
        """Show what ``up`` would do."""

    def up(self) -> None:
        """Build and push what has to be; on the engine, deploy it."""

    def uri(self, image: str) -> str:
        """Reference of the image that a consumer would be given."""
        ...


@dataclass(frozen=True)
class Found:
    """A tool that is there.

    Attributes:
        version: As it is shown.
        make: Sets it to work on a job; a second job with another home and root is a fresh clone.
    """

    version: str
    make: Callable[[Place, Job], Side]


@dataclass(frozen=True)
class Peer:
    """A tool that is compared.

    Attributes:
        name: As ``--sides`` and the tables name it.
        setting: How it is used here.
        find: Finds it, or raises ``Missing``. The argument says whether the caller asked for it by name.
        has_preview: Whether it can show what it would do.
        is_tuned: Whether each image has an ignore file of its own.
        is_slow: Whether rounds after the first, and more than 20 images, would take too long.
        is_floor: Whether it builds nothing.
        asks_parent: Whether it asks the registry of external images itself, so that ``FROM`` has to name the mirror.
    """

    name: str
    setting: str
    find: Callable[[Place, bool], Found]
    has_preview: bool = False
    is_tuned: bool = False
    is_slow: bool = False
    is_floor: bool = False
    asks_parent: bool = False
