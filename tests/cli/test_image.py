"""``fast-container image`` on a registry and on an OCI layout: what it prints, and how it ends."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from fast_container.cli import main
from tests.adapters.http_registry import HttpRegistry
from tests.breakdown.test_breakdown import DPKG, NUMPY
from tests.cli.test_plan import PLAN, TREE, write_plan
from tests.layer_images import Member, file, image, sha256, zipped
from tests.trees import write_tree

DOCS = Path(__file__).parents[2] / "docs" / "image-contents.md"
HOSTILE = [file("a\x1b[2Jb\u202ecd\n::error::x", 300_000), file("b\udcff", 5), file("usr/" + "long/" * 40 + "x", 90)]


def push(registry: HttpRegistry, tag: str, *layers: list[Member], history: list[Any] | None = None) -> str:
    content, blobs = image([zipped(members) for members in layers], {}, history=history or [])
    registry.blobs |= blobs
    registry.tags[tag] = registry.push(content)
    return f"{registry.url}:{tag}"


def layout(folder: Path, *manifests: tuple[str, bytes, dict[str, bytes]]) -> str:
    place = folder / "blobs" / "sha256"
    place.mkdir(parents=True)
    entries: list[Any] = []
    for tag, content, blobs in manifests:
        for data in (content, *blobs.values()):
            (place / hashlib.sha256(data).hexdigest()).write_bytes(data)
        entries.append(
            {
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": sha256(content),
                "size": len(content),
                "annotations": {"org.opencontainers.image.ref.name": tag},
            }
        )
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": entries}))
    return f"oci-layout://{folder}"


def out(arguments: list[str], capsys: pytest.CaptureFixture[str], code: int = 0) -> str:
    assert main(["image", *arguments]) == code
    said = capsys.readouterr()
    return said.out if code == 0 else said.err


def test_the_tables_name_what_takes_the_space(registry: HttpRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    history = [
        {"created_by": "ADD rootfs.tar.gz / # buildkit"},
        {"created_by": "ENV A=1", "empty_layer": True},
        {"created_by": "RUN /bin/sh -c pip install numpy # buildkit"},
    ]
    said = out([push(registry, "v1", DPKG, [*NUMPY, file("lib/.wh.none")], history=history)], capsys)
    assert re.search(r"2 +\d+ B +1\.\d+ kB  RUN pip install numpy\n", said)
    assert "ENV A=1" not in said
    assert re.search(r"1\.50 kB +2 files  /usr/lib/python3/site-packages/numpy\n", said)
    assert re.search(r"1\.56 kB +4 files  numpy 2\.1\.0\n", said)
    assert re.search(r"2\.00 kB +1 file  libc6 2\.36-9\n", said)
    assert "efficiency 100.0 %" in said


def test_an_image_of_a_plan_file_is_the_one_that_its_files_give_now(
    registry: HttpRegistry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_tree(tmp_path, TREE)
    keys = write_plan(tmp_path, url=registry.url)
    plan = ["--plan", str(tmp_path / PLAN), "--image", "alone"]
    assert "is not in its registry" in out(plan, capsys, 2)
    push(registry, f"key-{keys['alone'][:40]}", NUMPY)
    assert "numpy 2.1.0" in out(plan, capsys)
    assert "There is no image 'none'" in out([*plan[:3], "none"], capsys, 2)


def test_two_images_side_by_side(registry: HttpRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    before, after = push(registry, "v1", DPKG), push(registry, "v2", DPKG, NUMPY)
    said = out([after, "--against", before], capsys)
    assert re.search(r"\+1\.56 kB  new  numpy 2\.1\.0", said)
    assert "layers that both have: 1 of 2" in said
    assert "libc6" not in said


def test_every_line_fits_eighty_columns_and_moves_no_cursor(
    registry: HttpRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    history = [{"created_by": "RUN " + "x" * 300}]
    reference = push(registry, "v1", HOSTILE, history=history)
    said = out([reference], capsys)
    tables = [line for line in said.splitlines() if line.startswith("  ")]
    assert max(len(line) for line in tables) <= 80
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e\ud800-\udfff]", said)
    assert not re.search(r"^\s*::error", said, re.MULTILINE)


def test_the_json_document_has_the_fields_that_its_page_lists(
    registry: HttpRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    before = push(registry, "v1", DPKG, [file("usr/lib/.wh.libc.so.6")])
    after = push(registry, "v2", DPKG, NUMPY)
    document = json.loads(out([before, "--against", after, "--json"], capsys))
    assert document["waste"]["deleted_bytes"] == 2000
    described = set(re.findall(r"`([a-z_]+)`", DOCS.read_text(encoding="utf-8")))
    assert keys(document) - described == set()


def keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*(keys(one) for one in value.values()))
    return set().union(*(keys(one) for one in value)) if isinstance(value, list) else set()


def test_a_layout_on_disk_is_read_as_a_registry_is(
    registry: HttpRegistry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = image([zipped(NUMPY)]), image([zipped(DPKG)])
    one = layout(tmp_path / "one", ("v1", *first))
    both = layout(tmp_path / "both", ("v1", *first), ("v2", *second))
    by_registry = json.loads(out([push(registry, "v1", NUMPY), "--json"], capsys))
    for reference in (one, f"{one}:v1", f"{both}:v1", f"{both}@{sha256(first[0])}"):
        document = json.loads(out([reference, "--json"], capsys))
        assert document.pop("image").endswith(sha256(first[0]))
        assert document == {name: value for name, value in by_registry.items() if name != "image"}
    assert main(["check-image", f"{both}:v2", "--fail-on", "never"]) == 0


def test_a_layout_with_a_flaw_is_an_error(
    registry: HttpRegistry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, blobs = image([zipped(NUMPY)])
    one = layout(tmp_path / "one", ("v1", content, blobs))
    place = tmp_path / "one" / "blobs" / "sha256" / sha256(zipped(NUMPY)).partition(":")[2]
    place.write_bytes(place.read_bytes() + b"more")
    assert "does not fit its digest" in out([one], capsys, 2)
    place.unlink()
    assert "cannot be read" in out([one], capsys, 2)
    assert "There is no image v2" in out([f"{one}:v2"], capsys, 2)
    assert "index.json" in out([f"oci-layout://{tmp_path}"], capsys, 2)
    layout(tmp_path / "empty")
    assert "holds no image" in out([f"oci-layout://{tmp_path / 'empty'}"], capsys, 2)


def test_the_page_is_written(registry: HttpRegistry, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "page.html"
    assert "kB" in out([push(registry, "v1", NUMPY), "--html", str(place)], capsys)
    assert place.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    said = out([f"{registry.url}:v1", "--html", str(tmp_path / "none" / "page.html")], capsys, 2)
    assert "--html" in said


def test_layers_that_cannot_be_read_are_an_error(registry: HttpRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    content, blobs = image([zipped(NUMPY)[:-30]])
    registry.blobs |= blobs
    assert "gzip data ends early" in out([f"{registry.url}@{registry.push(content)}"], capsys, 2)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "REF"),
        (["UPPER"], "REF"),
        (["a", "--plan", "x", "--image", "y"], "REF"),
        (["--plan", "x"], "REF"),
        (["a", "--platform", "moon"], "--platform"),
        (["127.0.0.1:1/a@sha256:0", "--against", "UPPER"], "REF"),
    ],
)
def test_bad_input_is_one_message_that_names_the_flag(
    arguments: list[str], named: str, registry: HttpRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    said = out(arguments, capsys, 2)
    assert said.startswith("fast-container: ")
    assert named in said


def test_a_bad_reference_of_the_other_image_names_its_flag(
    registry: HttpRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "--against" in out([push(registry, "v1", NUMPY), "--against", "UPPER"], capsys, 2)
