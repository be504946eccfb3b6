"""The decision about each image: deleted or kept, and why.

Decides that an image goes only when all of this holds: nothing uses it and nothing that stays keeps it; it is older
than the grace period and than the age that the user gave; it is not among the newest ones of its name; and no tag of it
is the user's. What refers to an image (a record, a mark, a signature) goes with its subject, or once it has lost it.
An image of unknown age, or pushed in the future, is young. Leaves use to ``core.cleanup.uses``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fast_container.core.cleanup.reachable import Place, Relations, keep_reachable
from fast_container.core.cleanup.stored import Kind, StoredImage

_DAY_S: Final = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Rules:
    """What the user wants to keep.

    Attributes:
        keep: So many of the newest images of each name (of a repository, where records name none) stay.
        older_than_s: Younger images stay.
        grace_s: Nothing younger is touched, artifacts included.
    """

    keep: int = 10
    older_than_s: float = 30 * _DAY_S
    grace_s: float = _DAY_S


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision about one image."""

    image: StoredImage
    is_deleted: bool
    reason: str


def decide(
    images: Sequence[StoredImage], in_use: Mapping[Place, Sequence[str]], rules: Rules, now: float
) -> list[Verdict]:
    """Decide about all images of the repositories, in their order.

    Args:
        images: All of them.
        in_use: Repository and digest → who uses it.
        rules: What the user wants to keep.
        now: Seconds since the epoch.
    """
    relations = Relations.of(images)
    reasons = {image.place: reason for image in images if (reason := _root(image, in_use, rules, now))}
    for image in _newest(images, relations.names_of(), rules.keep):
        reasons.setdefault(image.place, f"one of the newest {rules.keep}")
    keep_reachable(relations, reasons)
    return [
        Verdict(image, False, reasons[image.place])
        if image.place in reasons
        else Verdict(image, True, _why_deleted(image, relations, now))
        for image in images
    ]


def _root(image: StoredImage, in_use: Mapping[Place, Sequence[str]], rules: Rules, now: float) -> str:
    """Why an image stays by itself; "" if it does not."""
    users = in_use.get(image.place, ())
    if users:
        more = f", and {len(users) - 1} more" if len(users) > 1 else ""
        return f"{users[0]}{more}"
    if image.kind is Kind.USERS:
        return f"tag {image.users_tags[0]} is not of fast-container"
    age_s = now - image.pushed if image.pushed else 0.0
    if age_s < rules.grace_s:
        return f"pushed {age_text(age_s)} ago: within the grace period"
    if image.kind is not Kind.REFERRER and age_s < rules.older_than_s:
        return f"pushed {age_text(age_s)} ago"
    return ""


def _newest(images: Sequence[StoredImage], names: Mapping[Place, str], keep: int) -> list[StoredImage]:
    """The newest images under key tags, so many of each name in each repository."""
    groups: dict[tuple[str, str], list[StoredImage]] = {}
    for image in images:
        if image.key_tags:
            groups.setdefault((image.repository, names.get(image.place, "")), []).append(image)
    return [
        image
        for group in groups.values()
        for image in sorted(group, key=lambda one: (-one.pushed, one.digest))[: max(keep, 0)]
    ]


def _why_deleted(image: StoredImage, relations: Relations, now: float) -> str:
    age = f"pushed {age_text(now - image.pushed)} ago"
    if image.kind is Kind.REFERRER:
        has_subject = (image.repository, image.refers_to) in relations.images
        return "its subject is deleted" if has_subject else "its subject is gone"
    if image.kind is Kind.CACHE:
        return f"build cache, {age}"
    return f"{'not in use' if image.key_tags else 'untagged'}, {age}"


def age_text(age_s: float) -> str:
    """Write an age for people: ``3 h``, ``12 d``."""
    if age_s < 2 * _DAY_S:
        return f"{max(age_s, 0.0) / 3600:.0f} h"
    return f"{age_s / _DAY_S:.0f} d"
