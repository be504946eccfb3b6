"""``images.lock``: pins and facts of outside images, the same bytes for the same contents."""

from __future__ import annotations

from pathlib import Path

import pytest

from fast_container.core.dockerfile import ImageFacts
from fast_container.core.lock import (
    ImageLock,
    LockedImage,
    check_policy,
    format_lock,
    parse_lock,
    require_locked,
)
from fast_container.errors import ArgsError, DockerfileError
from tests.trees import key, paths, select, write_tree

ONE, TWO = "sha256:" + "1" * 64, "sha256:" + "2" * 64
FACTS = ImageFacts({"DIR": "src"}, ("COPY docs /docs",))
LOCK = ImageLock({"python:3.12": LockedImage(ONE, {"linux/amd64": FACTS})})


def test_a_lock_survives_being_written() -> None:
    assert parse_lock(format_lock(LOCK)) == LOCK
    assert format_lock(parse_lock(format_lock(LOCK))) == format_lock(LOCK)


def test_equal_locks_have_equal_bytes_whatever_the_order() -> None:
    a, b = LockedImage(ONE), LockedImage(TWO)
    assert format_lock(ImageLock({"a": a, "b": b})) == format_lock(ImageLock({"b": b, "a": a}))


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (b"{\n\n,", "images.lock:3"),
        (b"[]", "images.lock"),
        (b'{"version": 2, "images": {}}', "images.lock"),
        (b'{"version": 1, "images": {"a": {"digest": "latest"}}}', "images.lock"),
        (b'{"version": 1, "images": {"a": 1}}', "images.lock"),
        (b'{"version": 1, "images": {"a": {"digest": "' + ONE.encode() + b'", "platforms": {"l": {"env": {"A": 1}}}}}}',
         "images.lock"),
        (b"\xff", "images.lock"),
    ],
)  # fmt: skip
def test_a_damaged_lock_is_refused(text: bytes, where: str) -> None:
    with pytest.raises(DockerfileError) as refusal:
        parse_lock(text)
    assert refusal.value.where == where


def test_locking_another_platform_keeps_the_first_while_the_digest_stays() -> None:
    arm = LockedImage(ONE, {"linux/arm64": FACTS})
    assert set(LOCK.with_image("python:3.12", arm).images["python:3.12"].platforms) == {"linux/amd64", "linux/arm64"}
    moved = LockedImage(TWO, {"linux/arm64": FACTS})
    assert set(LOCK.with_image("python:3.12", moved).images["python:3.12"].platforms) == {"linux/arm64"}
    assert LOCK.without_unused(["other"]) == ImageLock()


def test_facts_of_the_lock_tell_what_a_dockerfile_reads(tmp_path: Path) -> None:
    root = write_tree(
        tmp_path / "tree",
        {"Dockerfile": "FROM python:3.12\nCOPY $DIR /app\n", "src/a": "1", "docs/b": "2", "other": "3"},
    )
    assert select(root).selected["context"].whole
    known = select(root, image_facts=LOCK.facts("linux/amd64"))
    assert paths(known) == ["docs/", "docs/b", "src/", "src/a"]
    assert LOCK.facts("linux/arm64") == {}


def test_a_pin_changes_the_key_of_images_that_start_from_it(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tree", {"Dockerfile": "FROM python:3.12\n"})
    moved = LOCK.with_image("python:3.12", LockedImage(TWO))
    assert len({key(root), key(root, image_pins=LOCK.pins()), key(root, image_pins=moved.pins())}) == 3
    assert key(root, image_pins={"other": ONE}) == key(root)


def test_an_image_that_is_not_locked_is_refused_with_its_line(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tree", {"Dockerfile": f"FROM python:3.12\nCOPY --from=busybox /a /\nFROM b@{ONE}\n"})
    images = select(root).reads.external_images
    require_locked(LOCK, images, dockerfile="Dockerfile")
    (root / "Dockerfile").write_text("FROM python:3.12\nCOPY --from=busybox /a /\n")
    images = select(root).reads.external_images
    with pytest.raises(DockerfileError) as refusal:
        require_locked(LOCK, images, dockerfile="Dockerfile")
    assert refusal.value.where == "Dockerfile:2"
    assert [image.reference for image in LOCK.missing(images, "linux/amd64")] == ["busybox"]


def test_policies_are_known_by_name() -> None:
    assert check_policy("locked") == "locked"
    with pytest.raises(ArgsError):
        check_policy("latest")
