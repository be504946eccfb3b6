"""Named contexts and ADDs that are fetched: what may change without a key is said, or refused where it lies here."""

from __future__ import annotations

from pathlib import Path

import pytest

from fast_container.core.dockerfile.named_contexts import moving_contexts, refuse_moving_layouts
from fast_container.core.select import SelectedImage
from fast_container.errors import ArgsError
from tests.trees import select, write_tree

COMMIT = "0123456789abcdef0123456789abcdef01234567"
DIGEST = "sha256:" + "a" * 64


def selected(root: Path, dockerfile: str, **contexts: str) -> SelectedImage:
    write_tree(root, {"Dockerfile": dockerfile})
    return select(root, named_contexts=contexts)


@pytest.mark.parametrize(
    "place", ["oci-layout:///tmp/layout", "oci-layout:///tmp/layout:v1", "oci-layout://a@sha256:b"]
)
def test_an_oci_layout_without_a_digest_is_refused_since_no_key_covers_its_directory(place: str) -> None:
    with pytest.raises(ArgsError, match="no digest") as refused:
        refuse_moving_layouts({"made": place})
    assert refused.value.property_path == 'named_contexts["made"]'
    refuse_moving_layouts({"made": f"oci-layout:///tmp/layout:v1@{DIGEST}"})


@pytest.mark.parametrize(
    ("place", "moves"),
    [
        ("https://example.com/made.tar", True),
        ("https://example.com/made.git", True),
        ("https://example.com/made.git#main", True),
        (f"https://example.com/made.git#{COMMIT}", False),
        (f"https://example.com/made.git#{COMMIT}:folder", False),
        ("docker-image://busybox", False),
        (f"oci-layout:///made@{DIGEST}", False),
    ],
)
def test_a_named_context_that_may_change_is_said(place: str, moves: bool) -> None:
    assert len(list(moving_contexts({"made": place}))) == moves


@pytest.mark.parametrize(
    ("source", "moves"),
    [
        ("https://example.com/app.tar", True),
        (f"--checksum={DIGEST} https://example.com/app.tar", False),
        ("https://example.com/app.git#v1", True),
        (f"https://example.com/app.git#{COMMIT}", False),
        (f"--checksum={COMMIT} https://example.com/app.git#v1", False),
        ("app.tar", False),
    ],
)
def test_an_add_of_what_may_change_is_said_with_its_line(tmp_path: Path, source: str, moves: bool) -> None:
    write_tree(tmp_path, {"app.tar": "x"})
    warnings = selected(tmp_path, f"FROM scratch\nADD {source} /app\n").warnings
    assert [line.partition(":")[0] for line in warnings] == (["line 2"] if moves else [])


def test_an_image_names_what_it_uses_of_moving_contexts(tmp_path: Path) -> None:
    used = selected(tmp_path, "FROM scratch\nCOPY --from=made / /\n", made="https://example.com/made.tar")
    assert ["made" in line for line in used.warnings] == [True]
    assert selected(tmp_path, "FROM scratch\n", made="https://example.com/made.tar").warnings == ()


def test_an_image_called_context_is_not_taken_for_the_build_context(tmp_path: Path) -> None:
    reads = selected(tmp_path, "FROM context\nCOPY $WHERE /\n").reads
    assert [stage.base for stage in reads.assumed] == ["context"]
    assert reads.contexts["context"].whole
