"""``fast-container init-ignore``: what is proposed, and that every image reads the same with it."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fast_container.adapters.digests.walks import open_walks
from fast_container.cli import main
from fast_container.core.declared import DeclaredImage
from fast_container.core.entry import Entry
from fast_container.core.recipe import Recipe
from fast_container.core.select import select_image
from fast_container.errors import FastContainerError
from tests.trees import write_tree


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path / "cache"))
    return tmp_path


def run(capsysbinary: pytest.CaptureFixture[bytes], *arguments: str) -> tuple[int, str]:
    code = main(["init-ignore", "--context", "app", *arguments])
    return code, capsysbinary.readouterr().out.decode()


def entries(folder: str, dockerfile: str = "Dockerfile", target: str = "") -> dict[str, Entry]:
    image = DeclaredImage("x", folder, f"{folder}/{dockerfile}", dockerfile, recipe=Recipe(target=target))
    context = select_image(image, open_walks(None)).selected.get("context")
    return {entry.path: entry for entry in context.selection.entries} if context else {}


def test_it_proposes_what_is_there_and_is_not_read(place: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    files: dict[str, Any] = {
        "Dockerfile": "FROM python:3.12\nCOPY src /src\nRUN --mount=source=uv.lock,target=uv.lock pip install x\n",
        "uv.lock": "",
        "src/a.py": "",
        "src/__pycache__/a.pyc": "x",
        "docs/big.bin": "x" * 3_000_000,
        "notes [1].txt": "x",
        "#odd": "x",
        ".git/HEAD": "x",
        "web/node_modules/x.js": "y" * 2_000_000,
        "web/index.js": "y",
    }
    write_tree(place / "app", files)
    code, out = run(capsysbinary)
    assert code == 1
    assert not (place / "app/.dockerignore").exists()
    assert "before: 10 files, 5.0 MB\n" in out
    assert "after:  3 files, 0.1 MB\n" in out
    code, _ = run(capsysbinary, "--yes")
    assert code == 0
    lines = (place / "app/.dockerignore").read_text().splitlines()
    assert {"docs", "\\#odd", "notes \\[1\\].txt", "web", "**/.git", "**/node_modules", "**/__pycache__"} <= set(lines)
    assert set(entries(str(place / "app"))) == {"uv.lock", "src", "src/a.py"}
    code, out = run(capsysbinary, "--yes")
    assert (code, out.partition(":")[0]) == (0, "nothing to add")
    ignored = main(["inspect", "--context", "app", "--json"])
    assert ignored == 0
    assert json.loads(capsysbinary.readouterr().out)["warnings"] == []


def test_where_most_is_not_read_the_exceptions_are_said(
    place: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    files = {f"file{number}": "x" for number in range(12)}
    write_tree(place / "app", {**files, "Dockerfile": "FROM scratch\nCOPY file3 a/b/ /\n", "a/b/c": "", "a/d": ""})
    assert run(capsysbinary, "--yes")[0] == 0
    assert (place / "app/.dockerignore").read_text() == "*\n!Dockerfile\n!a\n!file3\na/d\n"
    assert set(entries(str(place / "app"))) == {"a", "a/b", "a/b/c", "file3"}


def test_a_copy_of_everything_loses_folders_of_tools_only(
    place: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    tree = {"a.py": "", ".mypy_cache/x": "", "sub/.venv/x": "", "node_modules/x": "", "unread.txt": ""}
    write_tree(place / "app", {**tree, "Dockerfile": "FROM scratch\nCOPY . /\n", ".dockerignore": "unread.txt"})
    code, out = run(capsysbinary, "--yes")
    assert code == 0
    assert (place / "app/.dockerignore").read_text() == "unread.txt\n**/.mypy_cache\n"
    assert "left: node_modules: app/Dockerfile installs none itself\n" in out


def test_every_stage_of_every_dockerfile_counts(place: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    write_tree(
        place / "app",
        {
            "one": "FROM scratch AS test\nCOPY tests /t\nFROM scratch\nCOPY a /\n",
            "two": "FROM scratch\nCOPY b /\n",
            **{name: "x" for name in ("a", "b", "c", "tests/x")},
        },
    )
    assert run(capsysbinary, "--yes", "--dockerfile", "app/one", "--dockerfile", "app/two")[0] == 0
    assert (place / "app/.dockerignore").read_text() == "c\n"


def test_dockerfiles_with_several_ignore_files_are_refused(
    place: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    write_tree(place / "app", {"one": "FROM scratch\n", "two": "FROM scratch\n", "two.dockerignore": ""})
    assert run(capsysbinary, "--dockerfile", "app/one", "--dockerfile", "app/two")[0] == 2
    assert run(capsysbinary, "--yes", "--dockerfile", "app/two")[0] == 0
    assert (place / "app/two.dockerignore").read_text() == "one\n"


PARTS = ["a", "b.py", "docs", "x y", "[z]", "!n", ".git", "node_modules", "*"]
PATHS = st.lists(st.sampled_from(PARTS), min_size=1, max_size=3).map("/".join)
SOURCES = st.one_of(st.sampled_from([".", "*", "a*", "docs/*"]), PATHS)
STEPS = st.one_of(
    SOURCES.map(lambda path: f"COPY {json.dumps([path, '/x/'])}"),
    SOURCES.map(lambda path: f"ADD {json.dumps([path, '/x/'])}"),
    PATHS.map(lambda path: f"RUN --mount=type=bind,source={path.replace(' ', '')},target=/y ls"),
    st.just("COPY --parents a/docs /x/"),
    st.just("FROM scratch AS next"),
)
IGNORED = st.lists(st.sampled_from(["docs", "!docs/a", "*", "!a", "**/b.py", "# x"]), max_size=2)


@example({"docs/a"}, [], ["docs", "!docs/a"])
@settings(max_examples=40, deadline=None)
@given(st.sets(PATHS, min_size=1, max_size=14), st.lists(STEPS, max_size=4), IGNORED)
def test_what_an_image_reads_is_the_same_before_and_after(
    paths: set[str], steps: list[str], ignored: list[str]
) -> None:
    folder = tempfile.mkdtemp()
    try:
        for path in sorted(paths):
            target = Path(folder, path)
            if not any(parent.is_file() for parent in target.parents) and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(path)
        Path(folder, "Dockerfile").write_text("\n".join(["FROM scratch AS one", *steps]) + "\n")
        Path(folder, ".dockerignore").write_text("".join(f"{line}\n" for line in ignored))
        os.environ["FAST_CONTAINER_CACHE"] = f"{folder}.cache"
        before: dict[str, dict[str, Entry]] = {}
        try:
            targets = ["", "one", *(["next"] if "FROM scratch AS next" in steps else [])]
            before = {target: entries(folder, target=target) for target in targets}
        except FastContainerError:
            return
        assert main(["init-ignore", "--context", folder, "--yes"]) == 0
        for target, known in before.items():
            after = entries(folder, target=target)
            gone = known.keys() - after.keys()
            assert after.keys() <= known.keys()
            assert all({".git", "node_modules"} & set(path.split("/")) for path in gone)
            assert all(known[path] == entry for path, entry in after.items() if path != ".dockerignore")
        text = Path(folder, ".dockerignore").read_text()
        assert main(["init-ignore", "--context", folder, "--yes"]) == 0
        assert Path(folder, ".dockerignore").read_text() == text
    finally:
        del os.environ["FAST_CONTAINER_CACHE"]
        shutil.rmtree(folder)
        shutil.rmtree(f"{folder}.cache", ignore_errors=True)
