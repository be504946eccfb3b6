"""Where each image of a program stands: here, in the registry, deployed.

Decides which image a deployed digest is of: the one whose key tag it has, else the one that a record on this machine
names, else the only one of its repository; what is of no image of the program is told at the end. Leaves asking to the
verb, and keys to ``cli.planned``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from fast_container.adapters.inventory.ecr_details import ImageDetails
from fast_container.adapters.usage.deployed import Deployed
from fast_container.core.key import is_key_tag, tag_of
from fast_container.core.records.record import BuildRecord


@dataclass(frozen=True, slots=True)
class Running:
    """A deployed image: who runs it, its digest and key tag ("" if its repository does not say)."""

    by: str
    digest: str
    tag: str
    is_current: bool


@dataclass(slots=True)
class ImageStatus:
    """One image of the program.

    Attributes:
        name: Its name.
        repository_url: ``host/name``, or "".
        build_key: As its files are now.
        changed: Whether that is another key than when the plan was written.
        pinned: The key tag at which the program holds it, or "".
        in_registry: Whether its key is in the registry; None where that could not be asked.
        digest: In the registry, or "".
        pushed: When, in seconds since the epoch; 0 where that is not known.
        running: Who runs which key of it.
        moved_bases: External images whose names stand for others now than in the lock.
        findings: Severity → number, of a scan; None without one.
        fixable: The same of those that have a fix; None where that was not asked for.
        checks: Rule → gravest level, of the last checks on this machine; None where there is no record.
    """

    name: str
    repository_url: str
    build_key: str
    changed: bool = False
    pinned: str = ""
    in_registry: bool | None = None
    digest: str = ""
    pushed: float = 0.0
    running: list[Running] = field(default_factory=list[Running])
    moved_bases: list[str] = field(default_factory=list[str])
    findings: Mapping[str, int] | None = None
    fixable: Mapping[str, int] | None = None
    checks: Mapping[str, str] | None = None

    @property
    def tag(self) -> str:
        """The key tag that is deployed next: of its files as they are now, unless it is held at another one."""
        return self.pinned or tag_of(self.build_key)

    def as_json(self) -> dict[str, Any]:
        """Its fields for ``--json``."""
        return {**asdict(self), "tag": self.tag}


def place_in_registry(image: ImageStatus, there: Mapping[str, Sequence[ImageDetails]]) -> None:
    """Fill in what the repository says of an image's key; of one that could not be asked, nothing is known."""
    if image.repository_url not in there:
        return
    image.in_registry = False
    for details in there[image.repository_url]:
        if image.tag in details.tags:
            image.in_registry, image.digest = True, details.digest
            image.pushed, image.findings = details.pushed, details.findings


def place_checks(images: Iterable[ImageStatus], records: Iterable[BuildRecord]) -> None:
    """Fill in the findings of the last record of each key."""
    last = {(record.name, record.key): record for record in records if record.outcome != "unchanged"}
    for image in images:
        record = last.get((image.name, image.build_key))
        image.checks = dict(record.findings) if record else None


def place_deployed(
    images: Sequence[ImageStatus],
    there: Mapping[str, Sequence[ImageDetails]],
    deployed: Iterable[Deployed],
    records: Iterable[BuildRecord],
) -> list[Running]:
    """Fill in who runs which key; return what runs from these repositories and is of no image of the program."""
    known = {details.digest: (url, details) for url, of_url in there.items() for details in of_url}
    names = {record.digest: record.name for record in records if record.digest}
    names |= {image.digest: image.name for image in images if image.digest}
    by_name = {image.name: image for image in images}
    others: list[Running] = []
    for one in deployed:
        url, details = known.get(one.digest, ("", None))
        image = by_name.get(names.get(one.digest, "")) or _only(images, url)
        if details is None and image is None:
            continue
        tag = next((tag for tag in (details.tags if details else ()) if is_key_tag(tag)), "")
        is_current = image is not None and one.digest == image.digest
        running = Running(one.by, one.digest, tag, is_current)
        (image.running if image else others).append(running)
    return others


def _only(images: Sequence[ImageStatus], url: str) -> ImageStatus | None:
    """The image of a repository that has one only."""
    found = [image for image in images if url and image.repository_url == url]
    return found[0] if len(found) == 1 else None
