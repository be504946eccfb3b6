"""Random worlds of clean-up, and a slow, plain judge of what is reachable in one.

The judge shares no code with the decision: it walks over all images again and again until nothing is added.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

from fast_container.core.cleanup.stored import StoredImage
from fast_container.core.cleanup.uses import Use
from fast_container.core.cleanup.verdicts import Rules

NOW = 2_000_000_000.0
DAY_S = 86400.0
KEY = re.compile(r"key-[0-9a-f]{40}")


@dataclass
class World:
    """One world."""

    rules: Rules
    images: list[StoredImage] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)


def key_tag(number: int) -> str:
    return f"key-{number:040x}"


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def make_world(seed: int) -> World:
    """A world of up to a dozen images in up to three repositories."""
    dice = random.Random(seed)
    rules = Rules(dice.choice((0, 0, 1, 2)), dice.choice((0.0, 20.0, 30.0)) * DAY_S, DAY_S)
    repositories = [
        f"{host}/shop/{name}" for host, name in (("one.example", "a"), ("one.example", "b"), ("two:5", "a"))
    ]
    world = World(rules)
    taken: set[tuple[str, str]] = set()
    for number in range(1, dice.randint(2, 12)):
        image = _image(dice, number, dice.choice(repositories), world.images)
        if image.place not in taken:
            taken.add(image.place)
            world.images.append(image)
    world.uses = [_use(dice, world.images) for _ in range(dice.choice((0, 0, 1, 1, 2, 3)))]
    dice.shuffle(world.images)
    return world


def _image(dice: random.Random, number: int, repository: str, others: list[StoredImage]) -> StoredImage:
    tags: list[str] = []
    roll = dice.random()
    if roll < 0.5:
        tags.append(key_tag(dice.choice((number, number, 1))))
    elif roll < 0.6:
        tags.append(f"cache-{number}-main")
    elif roll < 0.65:
        tags.append("v1.2")
    here = [one.digest for one in others if one.repository == repository]
    children = tuple(dice.sample(here, min(len(here), 2))) if dice.random() < 0.2 else ()
    subject = ""
    bases: tuple[str, ...] = ()
    if dice.random() < 0.25:
        subject = dice.choice([*here, digest(999)])
        tags = [f"refused-{number:040x}"] if dice.random() < 0.3 else []
        bases = (key_tag(dice.randint(1, number)),) if dice.random() < 0.4 else ()
    elif dice.random() < 0.1:
        tags = [f"sha256-{dice.choice([*here, digest(998)])[7:]}.sig"]
    below = [one.layers for one in others if one.layers and one.key_tags]
    layers = (*dice.choice([(), *below]), digest(1000 + number)) if not children else ()
    # Nothing stands at an edge of the rules.
    age_d = dice.choice((0.2, 5.0, 25.0, 60.0, 90.0)) + number / 1000
    return StoredImage(
        repository,
        # The same image may be in several repositories.
        digest(dice.choice((number, number, max(number - 1, 1)))),
        tuple(sorted(tags)),
        NOW - age_d * DAY_S,
        children=children,
        subject=subject,
        layers=layers,
        image_name=dice.choice(("", "api")) if subject else "",
        bases=bases,
    )


def _use(dice: random.Random, images: list[StoredImage]) -> Use:
    if not images:
        return Use("nginx:1", "a stranger")
    image = dice.choice(images)
    names = [
        f"{image.repository}@{image.digest}",
        image.digest,
        f"other.example/cache/{image.repository}@{image.digest}",
    ]
    names += [f"{image.repository}:{tag}" for tag in image.tags]
    names += [f"{start}{tag}" for tag in image.tags if KEY.fullmatch(tag) for start in ("elsewhere.example/x:", "")]
    return Use(dice.choice(names), f"user of {image.digest[-4:]}")


def reachable(world: World) -> set[tuple[str, str]]:
    """Repository and digest of everything that must stay."""
    stays = {one.place for one in world.images if _is_root(one, world)}
    names: dict[tuple[str, str], str] = {}
    for one in world.images:
        for other in world.images:
            if _subject(other) == one.digest and other.repository == one.repository and other.image_name:
                names.setdefault(one.place, other.image_name)
    for one in world.images:
        newer = [
            other
            for other in world.images
            if _keys(other)
            and other.repository == one.repository
            and names.get(other.place) == names.get(one.place)
            and (other.pushed, one.digest) > (one.pushed, other.digest)
        ]
        if _keys(one) and len(newer) < world.rules.keep:
            stays.add(one.place)
    while True:
        before = len(stays)
        for one in world.images:
            for other in world.images:
                if one.place in stays and _keeps(one, other, world):
                    stays.add(other.place)
        if len(stays) == before:
            return stays


def _is_root(one: StoredImage, world: World) -> bool:
    for use in world.uses:
        text = use.reference
        if one.digest in text or any(
            text.endswith(tag) and (KEY.fullmatch(tag) or one.repository[-6:] in text) for tag in one.tags
        ):
            return True
    age_s = NOW - one.pushed
    is_young = age_s < world.rules.grace_s or (age_s < world.rules.older_than_s and not _is_artifact(one))
    return "v1.2" in one.tags or is_young


def _keys(one: StoredImage) -> bool:
    return any(KEY.fullmatch(tag) for tag in one.tags)


def _subject(one: StoredImage) -> str:
    beside = [f"sha256:{tag[7:71]}" for tag in one.tags if tag.startswith("sha256-")]
    return one.subject or (beside[0] if beside else "")


def _is_artifact(one: StoredImage) -> bool:
    return bool(_subject(one)) and not _keys(one)


def _keeps(one: StoredImage, other: StoredImage, world: World) -> bool:
    same = one.repository == other.repository
    if same and (other.digest in one.children or one.digest == _subject(other) or other.digest == _subject(one)):
        return True
    is_shorter = 0 < len(other.layers) < len(one.layers)
    if _keys(other) and is_shorter and one.layers[: len(other.layers)] == other.layers:
        return True
    records = [r for r in world.images if r.repository == one.repository and _subject(r) == one.digest]
    return any(tag in record.bases for record in records for tag in other.tags)
