"""Laws of build keys and staged contexts over random trees, ignore files and Dockerfiles."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fast_container.core.key import entries_digest
from fast_container.core.select import SelectedImage, SharedWalks, select_image
from fast_container.core.staging.archive import extract_archive, write_archive
from fast_container.core.staging.stage import stage
from fast_container.errors import DockerfileError, FastContainerError
from tests.trees import LaterCaches, Tree, declare, select, write_tree

QUICK = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)

NAMES = st.sampled_from(["a", "b", "c.py", "d.md", "e f", "é", "\udcff"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
TARGETS = st.sampled_from(["a", "../a", "b/c.py", ".", "/a/b", "nowhere", "../../../a"])
CONTENTS = st.one_of(st.text("xy", max_size=3), st.none(), TARGETS.map(lambda target: ("link", target)))
SOURCES = st.sampled_from(
    ["a", "b", "*", "a/*", "*/*.py", "c.py", ".", "a/b", "[ab]", "*/a", "?", "a/../b", "--exclude=*.py a",
     "--exclude=a --exclude=!a/b .", "--parents a/b", "--parents **/c.py", "--parents a/./b", "--parents */./a"]
)  # fmt: skip
RULES = st.lists(
    st.sampled_from(["a", "*.py", "!a/b", "**/c.py", "b/*", "*", "!b", "!**/d.md", "a/b", "!*/a"]), max_size=4
)


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    tree: dict[str, str | bytes | tuple[str, str] | None] = {}
    for path in draw(st.lists(PATHS, max_size=8)):
        inside = any(path.startswith(f"{other}/") for other, content in tree.items() if content is not None)
        above = any(other.startswith(f"{path}/") for other in tree)
        if path not in tree and not inside and not above:
            tree[path] = draw(CONTENTS)
    return tree


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def laid_out(root: Path, tree: Tree, sources: list[str], rules: list[str]) -> Path:
    lines = ["# syntax=docker/dockerfile:1", "FROM scratch", *(f"COPY {source} /x/" for source in sources)]
    write_tree(root, tree)
    (root / "Dockerfile").write_text("\n".join(lines) + "\n")
    (root / "Dockerfile.dockerignore").write_text("\n".join([*rules, "Dockerfile*", ""]))
    return root


def selected_or_refused(root: Path) -> SelectedImage:
    """Most random Dockerfiles ask for what is not there; those say nothing here."""
    try:
        return select(root)
    except DockerfileError:
        assume(False)
        raise


@QUICK
@given(trees(), st.lists(SOURCES, min_size=1, max_size=3), RULES)
def test_what_is_staged_is_enough(tree: Tree, sources: list[str], rules: list[str]) -> None:
    """BuildKit sees only what was staged, without ignore rules: it must find exactly the same there."""
    with folder() as place:
        selected = selected_or_refused(laid_out(place / "tree", tree, sources, rules))
        for source in selected.contexts.values():
            stage(source, str(place / "staged"))
            shutil.copy(place / "tree/Dockerfile", place / "staged/Dockerfile")
            (place / "staged/Dockerfile.dockerignore").write_text("Dockerfile*\n")
            assert select(place / "staged").contexts["context"].entries == source.entries


@QUICK
@given(trees(), st.lists(SOURCES, min_size=1, max_size=3), RULES)
def test_a_change_of_a_file_changes_the_key_exactly_when_it_is_read(
    tree: Tree, sources: list[str], rules: list[str]
) -> None:
    with folder() as place:
        root = laid_out(place / "tree", tree, sources, rules)
        selected = selected_or_refused(root)
        read = {entry.path for source in selected.contexts.values() for entry in source.entries}
        for path, content in tree.items():
            if isinstance(content, str):
                (root / path).write_text(content + "more")
                assert (select(root).key != selected.key) == (path in read)
                (root / path).write_text(content)
        assert select(root).key == selected.key


@QUICK
@given(trees(), RULES, st.randoms())
def test_the_order_and_time_of_creation_do_not_matter(tree: Tree, rules: list[str], random: object) -> None:
    with folder() as place:
        one = laid_out(place / "one", tree, ["."], rules)
        turned = list(tree.items())
        random.shuffle(turned)  # type: ignore[attr-defined]
        two = laid_out(place / "two", dict(turned), ["."], rules)
        for path in two.rglob("*"):
            os.utime(path, (1, 1), follow_symlinks=False)
        assert select(one).key == select(two).key


@QUICK
@given(trees(), RULES)
def test_an_archive_gives_back_what_went_in(tree: Tree, rules: list[str]) -> None:
    with folder() as place:
        selected = select(laid_out(place / "tree", tree, ["."], rules))
        source = selected.contexts["context"]
        archive = io.BytesIO()
        digest = write_archive(source, archive)
        archive.seek(0)
        entries = extract_archive(archive, str(place / "unpacked"))
        assert entries == source.entries
        assert entries_digest(entries) == selected.selected["context"].selection.digest
        again = io.BytesIO()
        assert write_archive(type(source)(str(place / "unpacked"), entries), again) == digest


@QUICK
@given(trees(), st.lists(SOURCES, min_size=1, max_size=3), RULES)
def test_every_parent_of_an_entry_is_an_entry_before_it(tree: Tree, sources: list[str], rules: list[str]) -> None:
    with folder() as place:
        selected = selected_or_refused(laid_out(place / "tree", tree, sources, rules))
        for source in selected.contexts.values():
            seen = {""}
            for entry in source.entries:
                assert entry.path.rpartition("/")[0] in seen
                seen.add(entry.path)
            assert [e.path_bytes for e in source.entries] == sorted({e.path_bytes for e in source.entries})


@QUICK
@given(trees(), trees(), st.lists(st.tuples(st.lists(SOURCES, min_size=1, max_size=3), RULES), min_size=2, max_size=3))
def test_what_is_remembered_never_changes_an_answer(
    before: Tree, after: Tree, images: list[tuple[list[str], list[str]]]
) -> None:
    def answers(root: Path, walks: SharedWalks) -> list[object]:
        found: list[object] = []
        for number in range(len(images)):
            image = declare(root, dockerfile=str(root / f"Dockerfile.{number}"))
            try:
                selected = select_image(image, walks)
                found.append((selected.key, dict(selected.key.parts), selected.contexts["context"].entries))
            except FastContainerError as error:
                found.append(str(error))
        walks.save()
        return found

    with folder() as root, folder() as cache:
        for tree in (before, after, {}):
            for path in root.iterdir():
                if path.name not in tree or path.is_symlink():
                    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
            write_tree(root, {path: content for path, content in tree.items() if fits(root, path, content)})
            for number, (sources, rules) in enumerate(images):
                lines = ["# syntax=docker/dockerfile:1", "FROM scratch", *(f"COPY {source} /x/" for source in sources)]
                (root / f"Dockerfile.{number}").write_text("\n".join(lines) + "\n")
                (root / f"Dockerfile.{number}.dockerignore").write_text("\n".join([*rules, "Dockerfile*", ""]))
            fresh = answers(root, SharedWalks())
            for _ in range(2):
                assert answers(root, SharedWalks(LaterCaches(str(cache)))) == fresh


def fits(root: Path, path: str, content: object) -> bool:
    """Whether an entry of another tree can be written beside or over what is there."""
    place = root / path
    above = [parent for parent in place.parents if parent != root and parent.is_relative_to(root)]
    if any(parent.is_symlink() or parent.is_file() for parent in above):
        return False
    return not os.path.lexists(place) or (isinstance(content, str) and place.is_file() and not place.is_symlink())
