"""``images.lock``: the same bytes for the same contents, and what it pins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fast_container.core.declared import DeclaredImage, InlineDockerfile
from fast_container.core.dockerfile import ImageFacts
from fast_container.core.images.lock import ImageLock, LockedImage, PlatformImage, check_policy, format_lock, parse_lock
from fast_container.core.images.pins import not_locked, own_base, pin_image
from fast_container.errors import ArgsError, DockerfileError
from tests.trees import declare, key, paths, select, write_tree

ONE, TWO, THREE = ("sha256:" + digit * 64 for digit in "123")
FACTS = ImageFacts({"DIR": "src"}, ("COPY docs /docs",))
PYTHON = "docker.io/library/python:3.12"
LOCK = ImageLock({PYTHON: LockedImage(ONE, {"linux/amd64": PlatformImage(TWO, FACTS)})})


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
        (format_lock(LOCK).replace(b'"src"', b"1"), "images.lock"),
        (format_lock(LOCK).replace(TWO.encode(), b"latest"), "images.lock"),
        (format_lock(LOCK).replace(b'"COPY docs /docs"', b"1"), "images.lock"),
        (b"\xff", "images.lock"),
    ],
)
def test_a_damaged_lock_is_refused(text: bytes, where: str) -> None:
    with pytest.raises(DockerfileError) as refusal:
        parse_lock(text)
    assert refusal.value.where == where


def test_locking_another_platform_keeps_the_first_while_the_index_stays() -> None:
    arm = LockedImage(ONE, {"linux/arm64": PlatformImage(THREE, FACTS)})
    assert set(LOCK.with_image(PYTHON, arm).images[PYTHON].platforms) == {"linux/amd64", "linux/arm64"}
    moved = LockedImage(TWO, arm.platforms)
    assert set(LOCK.with_image(PYTHON, moved).images[PYTHON].platforms) == {"linux/arm64"}


def image(tmp_path: Path, dockerfile: str, **more: Any) -> DeclaredImage:
    files = {"Dockerfile": dockerfile, "src/a": "1", "docs/b": "2", "other": "3"}
    return declare(write_tree(tmp_path / "tree", files), **more)


def test_facts_of_the_lock_tell_what_a_dockerfile_reads(tmp_path: Path) -> None:
    declared = image(tmp_path, "FROM python:3.12\nCOPY $DIR /app\n")
    root = Path(declared.context)
    assert select(root).selected["context"].whole
    pinned = pin_image(declared, LOCK)
    assert (pinned.unknown, dict(pinned.declared.image_facts)) == ((), {PYTHON: FACTS})
    assert paths(select(root, image_facts=pinned.declared.image_facts)) == ["docs/", "docs/b", "src/", "src/a"]


def test_the_platforms_own_digest_is_in_the_key_and_in_the_build(tmp_path: Path) -> None:
    declared = pin_image(image(tmp_path, "FROM python:3.12\n"), LOCK).declared
    assert declared.image_pins == {"python:3.12": TWO}
    assert json.loads(declared.source_policy)["rules"] == [
        {
            "action": "CONVERT",
            "selector": {"identifier": f"docker-image://{PYTHON}"},
            "updates": {"identifier": f"docker-image://{PYTHON}@{TWO}"},
        }
    ]


def test_an_index_that_moves_for_another_platform_changes_no_key(tmp_path: Path) -> None:
    declared = image(tmp_path, "FROM python:3.12\n")
    root = Path(declared.context)

    def pinned_key(lock: ImageLock) -> str:
        return key(root, image_pins=pin_image(declared, lock).declared.image_pins)

    others = LOCK.with_image(PYTHON, LockedImage(THREE, LOCK.images[PYTHON].platforms))
    moved = LOCK.with_image(PYTHON, LockedImage(ONE, {"linux/amd64": PlatformImage(THREE, FACTS)}))
    assert pinned_key(others) == pinned_key(LOCK)
    assert len({key(root), pinned_key(LOCK), pinned_key(moved)}) == 3


def test_one_name_for_two_platforms_is_built_from_the_index(tmp_path: Path) -> None:
    text = "FROM --platform=linux/arm64 python:3.12 AS a\nFROM python:3.12\nCOPY --from=a /a /a\nCOPY $DIR /\n"
    declared = image(tmp_path, text)
    both = LOCK.with_image(PYTHON, LockedImage(ONE, {"linux/arm64": PlatformImage(THREE, ImageFacts({}, ()))}))
    pinned = pin_image(declared, both).declared
    assert pinned.image_pins == {"python:3.12": f"={ONE}\nlinux/amd64={TWO}\nlinux/arm64={THREE}"}
    assert f"{PYTHON}@{ONE}" in pinned.source_policy
    assert pinned.image_facts == {}, "the two say different things"


def test_the_builders_own_platform_is_built_from_the_index(tmp_path: Path) -> None:
    pinned = pin_image(image(tmp_path, "FROM --platform=$BUILDPLATFORM python:3.12\nCOPY $DIR /\n"), LOCK)
    assert (pinned.declared.image_pins, pinned.declared.image_facts) == ({"python:3.12": ONE}, {})


def test_a_reference_with_a_digest_needs_no_pin(tmp_path: Path) -> None:
    pinned = pin_image(image(tmp_path, f"FROM python@{ONE}\n"), LOCK)
    assert (pinned.missing, pinned.declared.image_pins, pinned.declared.source_policy) == ((), {}, "")
    assert len(pinned.unknown) == 1, "its facts are still worth knowing"


def test_images_that_triggers_name_are_needed_too(tmp_path: Path) -> None:
    declared = image(tmp_path, "FROM python:3.12\n")
    facts = ImageFacts({}, ("COPY --from=busybox /a /",))
    lock = ImageLock({PYTHON: LockedImage(ONE, {"linux/amd64": PlatformImage(TWO, facts)})})
    assert [one.written for one in pin_image(declared, lock).missing] == ["busybox"]


def test_a_named_context_that_is_an_image_is_pinned(tmp_path: Path) -> None:
    declared = image(
        tmp_path, "FROM base\nCOPY $DIR /app\n", named_contexts={"base": "docker-image://python:3.12", "no": "/"}
    )
    pinned = pin_image(declared, LOCK).declared
    assert pinned.image_pins == {"docker-image://python:3.12": TWO}
    assert pinned.image_facts["base"] == FACTS
    assert f"docker-image://{PYTHON}@{TWO}" in pinned.source_policy
    error = not_locked(declared, pin_image(declared, ImageLock()).missing[0], "images.lock")
    assert isinstance(error, ArgsError)
    assert error.property_path == 'named_contexts["base"]'


def test_an_image_that_is_not_locked_is_refused_with_its_line(tmp_path: Path) -> None:
    declared = image(tmp_path, "FROM python:3.12\nCOPY --from=busybox /a /\n")
    error = not_locked(declared, pin_image(declared, LOCK).missing[0], "images.lock")
    assert error.where == "Dockerfile:2"
    assert "busybox is not in images.lock" in error.what
    assert "fast-container lock" in error.next_step


def test_a_base_image_of_ours_is_no_outside_image(tmp_path: Path) -> None:
    args, contexts = own_base("BASE_IMAGE")
    declared = image(
        tmp_path,
        "ARG BASE_IMAGE\nFROM ${BASE_IMAGE} AS a\nFROM my/deps AS b\n"
        "FROM python:3.12\nCOPY --from=a /a /\nCOPY --from=b /b /\n",
        build_args={**args, "VERSION": "1 2"},
        named_contexts={**contexts, **own_base("my/deps")[1]},
    )
    assert pin_image(declared, LOCK).unknown == ()
    [needed] = pin_image(declared, ImageLock()).unknown
    assert needed.written == "python:3.12"
    command = not_locked(declared, needed, "x.lock").next_step
    assert command == (
        "Run: fast-container lock --file x.lock --dockerfile Dockerfile --platform linux/amd64"
        " --own-base BASE_IMAGE --own-base my/deps --build-arg 'VERSION=1 2'"
    )


def test_an_inline_dockerfile_is_told_to_lock_by_name(tmp_path: Path) -> None:
    declared = declare(tmp_path, dockerfile=InlineDockerfile("FROM python:3.12\n"), platform="linux/arm64")
    command = not_locked(declared, pin_image(declared, LOCK).missing[0], "images.lock").next_step
    assert command == f"Run: fast-container lock --file images.lock --image {PYTHON} --platform linux/arm64"


def test_a_file_that_nobody_understands_cannot_be_pinned(tmp_path: Path) -> None:
    with pytest.raises(DockerfileError) as refusal:
        pin_image(image(tmp_path, "# syntax=example.com/other\nFROM python:3.12\n"), LOCK)
    assert "as-written" in refusal.value.next_step


def test_policies_are_known_by_name() -> None:
    assert check_policy("locked") == "locked"
    with pytest.raises(ArgsError) as refusal:
        check_policy("latest")
    assert refusal.value.property_path == "image_policy"
