"""The build key: equal where the image would be, different where it would not, and known to other programs."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fast_container.core.declared import InlineDockerfile
from fast_container.core.entry import Entry
from fast_container.core.key import KeyInputs, build_key, entries_digest
from fast_container.core.recipe import Recipe, recipe_of
from fast_container.core.select import SelectedImage
from tests.trees import Tree, key, select, write_tree

DOCKERFILE = """\
# syntax=docker/dockerfile:1
FROM alpine AS base
FROM base AS unused
COPY docs /docs
FROM base
ARG VERSION
COPY src run.sh /app/
"""
TREE: Tree = {
    "Dockerfile": DOCKERFILE,
    "src/main.py": "print()",
    "src/empty": None,
    "src/link": ("link", "main.py"),
    "run.sh": "#!/bin/sh",
    "docs/guide.md": "read me",
    "other.txt": "nothing reads this",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "tree", TREE)


def test_mtimes_do_not_change_the_key(root: Path) -> None:
    before = key(root)
    for path in root.rglob("*"):
        os.utime(path, (1, 1), follow_symlinks=False)
    assert key(root) == before


def test_bits_that_git_does_not_keep_do_not_change_the_key(root: Path) -> None:
    before = key(root)
    (root / "run.sh").chmod(0o664)
    (root / "src").chmod(0o700)
    assert key(root) == before


def test_a_checkout_elsewhere_has_the_same_key(root: Path, tmp_path: Path) -> None:
    copy = tmp_path / ".hidden" / "node_modules" / "checkout"
    shutil.copytree(root, copy, symlinks=True)
    assert key(copy) == key(root)


def test_comments_and_blank_lines_do_not_change_the_key(root: Path) -> None:
    before = key(root)
    (root / "Dockerfile").write_text(DOCKERFILE.replace("ARG", "# why\n\nARG").replace("COPY src run", "COPY src  run"))
    assert key(root) == before


def test_files_that_no_stage_reads_do_not_change_the_key(root: Path) -> None:
    before = key(root)
    (root / "other.txt").write_text("edited")
    (root / "another.txt").write_text("new")
    assert key(root) == before


def test_an_unused_stage_does_not_change_the_key(root: Path) -> None:
    before = key(root)
    (root / "docs" / "guide.md").write_text("edited")
    (root / "Dockerfile").write_text(DOCKERFILE.replace("/docs\n", "/elsewhere\n"))
    assert key(root) == before
    assert key(root, target="unused") != before


def test_a_build_arg_that_nothing_declares_does_not_change_the_key(root: Path) -> None:
    assert key(root, build_args={"OTHER": "1"}) == key(root)
    assert key(root, build_args={"VERSION": "1"}) != key(root)


def test_a_volatile_build_arg_does_not_change_the_key(root: Path) -> None:
    volatile = frozenset({"VERSION"})
    keys = {key(root, build_args={"VERSION": value}, volatile_build_args=volatile) for value in "123"}
    assert len(keys) == 1


def test_buildkits_own_build_args_change_the_key_undeclared(root: Path) -> None:
    assert key(root, build_args={"SOURCE_DATE_EPOCH": "0"}) != key(root)


@pytest.mark.parametrize(
    "changes",
    [
        {"platform": "linux/arm64"},
        {"target": "base"},
        {"labels": {"a": "b"}},
        {"secret_ids": ("token",)},
        {"triggers": {"a": "b"}},
        {"base_keys": {"deps": "0" * 64}},
        {"recipe": recipe_of({"network": "none"})},
        {"recipe": recipe_of({"add_hosts": ["db:10.0.0.5"]})},
        {"recipe": recipe_of({"shm_size": "1g"})},
        {"recipe": recipe_of({"ulimits": ["nofile=1024"]})},
        {"image_pins": {"alpine": "sha256:" + "0" * 64}},
    ],
    ids=str,
)
def test_what_is_declared_changes_the_key(root: Path, changes: dict[str, Any]) -> None:
    assert key(root, **changes) != key(root)


def test_options_of_the_steps_that_are_the_default_leave_the_key_as_it_was_without_them(root: Path) -> None:
    inputs = KeyInputs(("FROM scratch",), "linux/amd64")
    assert build_key(inputs).hex == "c2336da8a39760866d9495f9b92f81b2ff744f2d13895b7768694e092fefdf92"
    assert set(build_key(inputs).parts) == {"dockerfile", "platform", "target"}
    assert key(root, recipe=recipe_of({"network": "default", "add_hosts": [], "ulimits": {}})) == key(root)
    assert Recipe().given == {}


def test_one_option_of_the_steps_in_other_words_is_the_same_key(root: Path) -> None:
    words = {"add_hosts": {"db": "10.0.0.5"}, "shm_size": 256 * 1024**2, "ulimits": {"nofile": 9, "core": "0:-1"}}
    other = {"add_hosts": ["db=10.0.0.5"], "shm_size": "256MB", "ulimits": ["core=0:-1", "nofile=9:9"]}
    assert key(root, recipe=recipe_of(words)) == key(root, recipe=recipe_of(other))


def test_the_order_of_arguments_does_not_change_the_key(root: Path) -> None:
    assert key(root, secret_ids=("a", "b"), labels={"a": "1", "b": "2"}) == key(
        root, secret_ids=("b", "a", "b"), labels={"b": "2", "a": "1"}
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "src/main.py").write_text("print(1)"),
        lambda root: (root / "src/main.py").rename(root / "src/renamed.py"),
        lambda root: (root / "src/new.json").write_text("{}"),
        lambda root: (root / "src/empty").rmdir(),
        lambda root: (root / "src/empty2").mkdir(),
        lambda root: (root / "run.sh").chmod(0o755),
        lambda root: ((root / "src/link").unlink(), (root / "src/link").symlink_to("./main.py")),
        lambda root: ((root / "src/link").unlink(), (root / "src/link").write_text("print()")),
        lambda root: (root / "Dockerfile").write_text(DOCKERFILE + "ENV A=1\n"),
    ],
    ids=["content", "rename", "new asset", "empty directory gone", "empty directory new", "executable bit",
         "link text", "link becomes file", "instruction"],
)  # fmt: skip
def test_what_is_read_changes_the_key(root: Path, change: Callable[[Path], object]) -> None:
    before = key(root)
    change(root)
    assert key(root) != before


def test_an_inline_dockerfile_has_the_key_of_the_same_file(root: Path) -> None:
    assert key(root, dockerfile=InlineDockerfile(DOCKERFILE)) == key(root)


def test_no_two_trees_share_a_digest_by_gluing_names_and_contents() -> None:
    def tree(*files: tuple[str, str]) -> str:
        return entries_digest(Entry(path, "file", 0o644, 1, "sha256:" + digest) for path, digest in files)

    assert tree(("a", "x"), ("b", "y")) != tree(("a", "xb"), ("", "y")) != tree(("ab", "x"), ("", "y"))
    assert tree(("a", "x")) != tree(("a4:file", "x"))


def test_parts_for_explaining_do_not_enter_the_key() -> None:
    inputs = KeyInputs(instructions=("FROM scratch",), platform="linux/amd64")
    explained = build_key(inputs, {"source:context:src": "ab" * 32})
    assert explained == build_key(inputs)
    assert explained.parts["source:context:src"] == "ab" * 8


def test_parts_name_each_source(root: Path) -> None:
    before = select(root).key.parts
    (root / "src/main.py").write_text("edited")
    after = select(root).key.parts
    assert {name for name in before if before[name] != after[name]} == {"context:context", "source:context:src"}


def independent_key(selected: SelectedImage) -> str:
    """The encoding once more, after its description and without the code that makes keys."""

    def frames(*values: str | bytes) -> bytes:
        data = [v.encode("utf-8", "surrogateescape") if isinstance(v, str) else v for v in values]
        return b"".join(str(len(d)).encode() + b":" + d for d in data)

    def sha256(data: bytes) -> str:
        return hashlib.sha256(data).hexdigest()

    image = selected.declared
    parts = {
        "dockerfile": sha256(frames(*selected.reads.instructions)),
        "platform": sha256(frames(image.recipe.platform)),
        "target": sha256(frames(image.recipe.target)),
        "image:alpine": sha256(frames("alpine", "alpine")),
        "arg:VERSION": sha256(frames("VERSION", image.recipe.build_args["VERSION"])),
        "label:team": sha256(frames("team", "shop")),
        "secret:token": sha256(frames("token")),
        "context:context": sha256(
            b"".join(
                frames(e.path, e.type, f"{e.mode:o}", e.target, e.digest) for e in selected.contexts["context"].entries
            )
        ),
    }
    ordered = sorted(parts.items(), key=lambda part: part[0].encode())
    return sha256(frames("fast-container", "2", *(text for part in ordered for text in part)))


def test_the_key_of_a_fixed_tree_is_known(root: Path) -> None:
    selected = select(root, build_args={"VERSION": "1.0"}, labels={"team": "shop"}, secret_ids=("token",))
    assert selected.key.hex == independent_key(selected)
    assert selected.key.tag == "key-" + selected.key.hex[:40]
    assert selected.key.hex == "77743ab9213f733c7258aa4ca26443584de0dee162b00d6a75e6f5c70a04d517"
