"""A context is cut so that what images share is one chunk, and nothing is lost or added."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from fast_container.core.entry import Entry
from fast_container.core.key import entries_digest
from fast_container.core.ports import ContextSource
from fast_container.core.staging.chunks import Chunk, cut, joined
from tests.core.staging.test_stage import source
from tests.trees import Tree, write_tree

DOCKERFILE = {"Dockerfile": "FROM scratch\nCOPY . .\n"}
PRICING = {
    "packages/pricing/pyproject.toml": "[project]",
    "packages/pricing/src/shop/rates.py": "RATE = 1",
    "packages/pricing/src/shop/link": ("link", "rates.py"),
}


def chunks(root: Path, tree: Tree) -> dict[str, Chunk]:
    return {chunk.prefix: chunk for chunk in cut(source(write_tree(root, {**DOCKERFILE, **tree})))}


def test_a_shared_package_is_one_part_whatever_else_an_image_reads(tmp_path: Path) -> None:
    orders = chunks(tmp_path / "a", {**PRICING, "orders/handler.py": "1", "packages/one/x": "1", "readme": "1"})
    search = chunks(tmp_path / "b", {**PRICING, "search/handler.py": "2", "packages/two/x": "2"})
    assert orders["packages/pricing"].digest == search["packages/pricing"].digest
    assert orders["packages"].digest != search["packages"].digest


def test_a_shared_package_is_one_part_wherever_the_contexts_root_is(tmp_path: Path) -> None:
    near = chunks(tmp_path / "a", PRICING)
    far = chunks(tmp_path / "b", {f"services/python/{path}": content for path, content in PRICING.items()})
    assert near["packages/pricing"].digest == far["services/python/packages/pricing"].digest


def test_packages_of_third_parties_are_not_cut_out_one_by_one(tmp_path: Path) -> None:
    tree = {f"apps/web/node_modules/p{n}/package.json": "{}" for n in range(20)}
    assert set(chunks(tmp_path, tree)) == {"", "apps", "apps/web"}


def test_an_edit_changes_the_digest_of_its_own_part_only(tmp_path: Path) -> None:
    tree = {**PRICING, "orders/handler.py": "1"}
    before = chunks(tmp_path / "a", tree)
    after = chunks(tmp_path / "b", {**tree, "packages/pricing/src/shop/rates.py": "RATE = 2"})
    assert [prefix for prefix in before if before[prefix].digest != after[prefix].digest] == ["packages/pricing"]


def test_a_parts_digest_does_not_depend_on_the_machine(tmp_path: Path) -> None:
    chunk = chunks(tmp_path, {"a/b/run.sh": "#!/bin/sh", "a/b/empty": None})["a/b"]
    assert chunk.digest == "bca415f70896aac941b7a2d29d9dcb2424b5facd946c314f6712cc5a1d82c7bc"


def test_an_empty_context_has_no_parts() -> None:
    assert cut(ContextSource("/nowhere", ())) == ()


names = st.sampled_from(["a", "b", "packages", "pyproject.toml", "package.json", "node_modules", "é", "a b"])
paths = st.lists(names, min_size=1, max_size=6).map("/".join)


@given(st.sets(paths, max_size=12))
def test_parts_joined_are_exactly_the_context(files: set[str]) -> None:
    folders = {path.rsplit("/", n)[0] for path in files for n in range(1, path.count("/") + 1)}
    entries = [Entry(path, "file", 0o644, 1, "sha256:" + "1" * 64) for path in files - folders]
    entries += [Entry(path, "dir", 0o755, 0, "") for path in folders]
    whole = tuple(sorted(entries, key=lambda entry: entry.path_bytes))
    found = cut(ContextSource("/root", whole))
    assert joined((chunk.prefix, chunk.source.entries) for chunk in found) == whole
    assert entries_digest(joined((chunk.prefix, chunk.source.entries) for chunk in found)) == entries_digest(whole)
    prefixes = [chunk.prefix for chunk in found]
    assert len(prefixes) == len(set(prefixes))
    # Unpacked in this order, a chunk's directory is there before what lies below it.
    for index, chunk in enumerate(found):
        made = {f"{p.prefix}/{e.path}".lstrip("/") for p in found[:index] for e in p.source.entries if e.type == "dir"}
        assert not chunk.prefix or chunk.prefix in made
