"""Skip, reuse or build, and the reason that is said."""

from __future__ import annotations

import pytest

from fast_container.core.decision import (
    ACCEPTED,
    GONE,
    MOVED,
    STARTED,
    Build,
    NoManifest,
    RecordedImage,
    Replaced,
    Reuse,
    Skip,
    decide,
    why,
)
from fast_container.core.key import BuildKey
from fast_container.core.ports import Manifest
from fast_container.core.spelling import megabytes

KEY = BuildKey("a" * 64, {"dockerfile": "1", "arg:VERSION": "2", "context:context": "3"})
HELD = Manifest("sha256:held", "", b"")


def test_an_unchanged_key_is_skipped_without_asking() -> None:
    assert decide(KEY, RecordedImage(KEY.hex, "sha256:held"), NoManifest.NOT_ASKED) == Skip("sha256:held")


def test_a_recorded_image_that_is_absent_is_built() -> None:
    assert decide(KEY, RecordedImage(KEY.hex, "sha256:held"), NoManifest.ABSENT) == Build(GONE)


def test_a_recorded_image_that_is_there_is_skipped() -> None:
    assert decide(KEY, RecordedImage(KEY.hex, "sha256:held"), HELD) == Skip("sha256:held")


def test_a_tag_that_names_another_image_is_refused_unless_that_is_accepted() -> None:
    assert decide(KEY, RecordedImage(KEY.hex, "sha256:other"), HELD) == Replaced("sha256:other", "sha256:held")
    accepted = RecordedImage(KEY.hex, "sha256:other", accepted="sha256:held")
    assert decide(KEY, accepted, HELD) == Reuse(HELD, ACCEPTED)
    other = RecordedImage(KEY.hex, "sha256:other", accepted="sha256:third")
    assert decide(KEY, other, HELD) == Replaced("sha256:other", "sha256:held")


def test_the_recorded_digest_of_another_place_or_build_is_nothing_to_compare_with() -> None:
    moved = RecordedImage(KEY.hex, "sha256:other", here=False)
    assert decide(KEY, moved, HELD) == Reuse(HELD, MOVED)
    assert decide(KEY, moved, NoManifest.ABSENT) == Build(MOVED)
    started = RecordedImage(KEY.hex, "sha256:other", settled=False)
    assert decide(KEY, started, HELD) == Reuse(HELD, STARTED)
    assert decide(KEY, started, NoManifest.ABSENT) == Build(STARTED)


def test_a_new_image_is_reused_where_the_registry_has_it_and_built_where_not() -> None:
    assert decide(KEY, None, HELD) == Reuse(HELD, "new to this stack")
    assert decide(KEY, None, NoManifest.ABSENT) == Build("first build")
    assert decide(KEY, None, NoManifest.NOT_ASKED) == Build("first build")


@pytest.mark.parametrize(
    ("old", "said"),
    [
        ({"dockerfile": "0", "arg:VERSION": "2", "context:context": "3"}, "Dockerfile changed"),
        ({"dockerfile": "1", "arg:VERSION": "0", "context:context": "3"}, "build arg VERSION changed"),
        ({"dockerfile": "1", "arg:VERSION": "2", "context:context": "0"}, "context changed"),
        ({"dockerfile": "1", "context:context": "3"}, "build arg VERSION added"),
        (dict(KEY.parts) | {"base:deps": "x"}, "base image deps removed"),
        (dict(KEY.parts) | {"option:network": "x"}, "build option network removed"),
        (dict(KEY.parts), "the build key's schema changed"),
        ({}, "inputs changed"),
        (
            {"platform:linux/arm64": "y", "platform:linux/amd64": "x"},
            "it was an index for linux/amd64 and linux/arm64 before",
        ),
    ],
)
def test_the_reason_names_the_part_that_changed(old: dict[str, str], said: str) -> None:
    assert why(KEY, RecordedImage("b" * 64, "sha256:held", old)) == said


def test_many_changes_of_a_kind_are_counted() -> None:
    key = BuildKey("c" * 64, {f"arg:A{n}": "1" for n in range(5)})
    assert why(key, RecordedImage("b" * 64, "", {f"arg:A{n}": "0" for n in range(5)})) == (
        "build arg A0, A1, A2 and 2 more changed"
    )


@pytest.mark.parametrize(("size", "said"), [(0, "0 MB"), (10, "0.1 MB"), (1_540_000, "1.5 MB"), (38_200_000, "38 MB")])
def test_sizes_are_said_in_decimal_megabytes(size: int, said: str) -> None:
    assert megabytes(size) == said
