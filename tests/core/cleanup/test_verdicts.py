"""Nothing that is reachable is ever deleted, and everything old and unreachable is; each decision has its reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fast_container.core.cleanup.stored import StoredImage
from fast_container.core.cleanup.uses import images_in_use
from fast_container.core.cleanup.verdicts import Rules, decide
from tests.core.cleanup.worlds import DAY_S, NOW, World, digest, key_tag, make_world, reachable

URL = "one.example/shop/a"
RULES = Rules(keep=0, older_than_s=30 * DAY_S, grace_s=DAY_S)


def deleted(world: World) -> set[tuple[str, str]]:
    verdicts = decide(world.images, images_in_use(world.images, world.uses), world.rules, NOW)
    return {one.image.place for one in verdicts if one.is_deleted}


def test_in_ten_thousand_worlds_exactly_what_is_old_and_unreachable_is_deleted() -> None:
    counts = [0, 0]
    for seed in range(10_000):
        world = make_world(seed)
        gone, stays = deleted(world), reachable(world)
        assert not gone & stays, f"world {seed}: deleted although reachable"
        assert gone | stays == {one.place for one in world.images}, f"world {seed}: kept although unreachable"
        counts[0] += len(gone)
        counts[1] += len(stays)
    # Both kinds are there in numbers.
    assert min(counts) > 10_000


def image(number: int = 1, age_d: float = 100.0, **fields: object) -> StoredImage:
    made = StoredImage(URL, digest(number), (key_tag(number),), NOW - age_d * DAY_S)
    return replace(made, **fields)  # type: ignore[arg-type]


def reasons(
    *images: StoredImage, rules: Rules = RULES, used: dict[tuple[str, str], list[str]] | None = None
) -> list[str]:
    return [one.reason for one in decide(images, used or {}, rules, NOW)]


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (image(), "not in use, pushed 100 d ago"),
        (image(tags=()), "untagged, pushed 100 d ago"),
        (image(tags=("cache-api-main",)), "build cache, pushed 100 d ago"),
        (image(tags=(), subject=digest(9)), "its subject is gone"),
        (image(tags=(key_tag(1), "prod")), "tag prod is not of fast-container"),
        (image(age_d=0.5), "pushed 12 h ago: within the grace period"),
        (image(tags=(), subject=digest(9), age_d=0.5), "pushed 12 h ago: within the grace period"),
        (image(age_d=12), "pushed 12 d ago"),
    ],
)
def test_each_image_has_a_reason(one: StoredImage, reason: str) -> None:
    assert reasons(one) == [reason]


def test_the_first_user_is_the_reason_and_the_others_are_counted() -> None:
    users = {image().place: ["alias live of function orders, version 14", "b", "c"]}
    assert reasons(image(), used=users) == ["alias live of function orders, version 14, and 2 more"]


def test_what_an_image_in_use_keeps_says_why() -> None:
    base = image(2, layers=("a",))
    record = image(3, tags=(), subject=digest(1))
    used = {image().place: ["x"]}
    assert reasons(image(layers=("a", "b")), base, record, used=used)[1:] == [
        f"base image of {key_tag(1)}",
        f"refers to {key_tag(1)}",
    ]


def test_an_image_of_unknown_age_or_of_the_future_is_young() -> None:
    assert reasons(image(pushed=0.0), image(2, age_d=-3)) == ["pushed 0 h ago: within the grace period"] * 2


def test_the_newest_of_each_name_stay() -> None:
    images = [image(number, age_d=100 + number) for number in range(1, 7)]
    named = [image(20 + n, tags=(), subject=digest(n), image_name="api" if n % 2 else "web") for n in range(1, 7)]
    verdicts = decide([*images, *named], {}, replace(RULES, keep=1), NOW)
    assert [one.image.digest for one in verdicts[:6] if not one.is_deleted] == [digest(1), digest(2)]


def test_a_base_without_layers_of_its_own_stays_when_the_record_names_it() -> None:
    base, record = image(2, layers=("a",)), image(3, tags=(), subject=digest(1), bases=(key_tag(2),))
    assert reasons(image(layers=("a",)), base, record, used={image().place: ["x"]})[1] == f"base image of {key_tag(1)}"


def test_a_record_that_was_just_put_keeps_its_old_subject() -> None:
    """It is put when an image was reused or built again: then someone is about to deploy it."""
    record = image(3, tags=(), subject=digest(1), age_d=0.1)
    assert reasons(image(), record)[0].endswith("refers to it")


def test_the_base_of_an_image_that_adds_settings_alone_stays() -> None:
    base = StoredImage("one.example/bases", digest(1), (key_tag(1),), NOW - 90 * DAY_S, layers=("a", "b"))
    image = StoredImage("one.example/shop/a", digest(2), (key_tag(2),), NOW - 90 * DAY_S, layers=("a", "b"))
    verdicts = decide([base, image], {image.place: ["service web"]}, Rules(keep=0), NOW)
    assert [one.reason for one in verdicts] == [f"base image of {key_tag(2)}", "service web"]
