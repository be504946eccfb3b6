"""What an image reads: the cases in which other tools ship stale images, and what is refused."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fast_container.core.declared import InlineDockerfile
from fast_container.core.select import SharedWalks, check_declared, select_image
from fast_container.errors import ArgsError, ContextError, DockerfileError, FastContainerError
from tests.trees import Tree, declare, key, paths, select, write_tree

WHOLE = "FROM scratch\nCOPY . /\n"


def made(tmp_path: Path, tree: Tree, dockerfile: str = WHOLE) -> Path:
    return write_tree(tmp_path / "tree", {"Dockerfile": dockerfile, **tree})


# --- stale images of other tools ---


def test_a_dangling_link_does_not_hide_its_siblings(tmp_path: Path) -> None:
    root = made(tmp_path, {"l": ("link", "/nowhere/bin/python"), "z": "z", "zz/deep": "z"})
    before = key(root)
    (root / "zz/deep").write_text("edited")
    assert key(root) != before
    assert paths(select(root)) == ["Dockerfile", "l", "z", "zz/", "zz/deep"]


def test_a_named_context_has_its_own_ignore_file(tmp_path: Path) -> None:
    root = made(tmp_path, {".dockerignore": "*.py\n"}, "FROM scratch\nCOPY --from=shared . /\n")
    shared = write_tree(tmp_path / "shared", {"lib.py": "1", "notes.md": "2", ".dockerignore": "*.md\n.dockerignore"})
    (tmp_path / "tree/Dockerfile.dockerignore").write_text("lib.py\n")
    named = {"shared": str(shared)}
    assert paths(select(root, named_contexts=named), "shared") == ["lib.py"]
    before = key(root, named_contexts=named)
    (shared / "notes.md").write_text("edited")
    assert key(root, named_contexts=named) == before
    (shared / "lib.py").write_text("edited")
    assert key(root, named_contexts=named) != before


def test_an_inline_dockerfile_reads_no_ignore_file_of_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = write_tree(tmp_path / "cwd", {".dockerignore": "*\n", "Dockerfile.dockerignore": "*\n"})
    monkeypatch.chdir(elsewhere)
    root = made(tmp_path, {"a": "a", "b": "b", ".dockerignore": "b\n.dockerignore\nDockerfile*\n"})
    (root / "Dockerfile.dockerignore").write_text("*\n")
    assert paths(select(root, dockerfile=InlineDockerfile(WHOLE), dockerfile_name="inline")) == ["a"]


def test_a_link_that_is_retargeted_to_the_same_content_changes_the_key(tmp_path: Path) -> None:
    root = made(tmp_path, {"one": "same", "two": "same", "link": ("link", "one")})
    before = key(root)
    (root / "link").unlink()
    (root / "link").symlink_to("two")
    assert key(root) != before


def test_a_link_to_a_directory_counts(tmp_path: Path) -> None:
    root = made(tmp_path, {"one/a": "a", "two/a": "a"})
    keys = {key(root)}
    (root / "link").symlink_to("one")
    keys.add(key(root))
    (root / "link").unlink()
    (root / "link").symlink_to("two")
    keys.add(key(root))
    assert len(keys) == 3


def test_an_empty_directory_counts(tmp_path: Path) -> None:
    root = made(tmp_path, {"a": "a"})
    before = key(root)
    (root / "empty/deeper").mkdir(parents=True)
    assert key(root) != before
    assert paths(select(root)) == ["Dockerfile", "a", "empty/", "empty/deeper/"]


def test_a_renamed_file_changes_the_key(tmp_path: Path) -> None:
    root = made(tmp_path, {"a.py": "a"}, "FROM scratch\nCOPY *.py /\n")
    before = key(root)
    (root / "a.py").rename(root / "b.py")
    assert key(root) != before


def test_names_and_contents_cannot_be_mistaken_for_each_other(tmp_path: Path) -> None:
    one = write_tree(tmp_path / "one", {"Dockerfile": WHOLE, "a": "x", "b": "y"})
    two = write_tree(tmp_path / "two", {"Dockerfile": WHOLE, "b": "xa-rw-r--r--y"})
    assert key(one) != key(two)


def test_a_checkout_under_a_dot_directory_is_read_like_any_other(tmp_path: Path) -> None:
    root = write_tree(tmp_path / ".worktrees" / "one", {"Dockerfile": WHOLE, "app/handler.py": "1"})
    before = key(root)
    (root / "app/handler.py").write_text("2")
    assert key(root) != before


def test_an_asset_that_is_no_source_code_counts(tmp_path: Path) -> None:
    root = made(tmp_path, {"pkg/assets/ladder.json": "{}", "pkg/font.ttf": b"\0"}, "FROM scratch\nCOPY pkg /pkg\n")
    before = key(root)
    (root / "pkg/assets/ladder.json").write_text("[]")
    assert key(root) != before


def test_the_executable_bit_counts(tmp_path: Path) -> None:
    root = made(tmp_path, {"run.sh": "#!/bin/sh"})
    before = key(root)
    (root / "run.sh").chmod(0o755)
    assert key(root) != before


def test_an_edit_that_keeps_size_and_mtime_changes_the_key(tmp_path: Path) -> None:
    root = made(tmp_path, {"a": "one"})
    os.utime(root / "a", (1, 1))
    before = key(root)
    (root / "a").write_text("two")
    os.utime(root / "a", (1, 1))
    assert key(root) != before


@contextmanager
def without_rights() -> Iterator[None]:
    """Root reads everything; be nobody for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def let_everybody_in(place: Path) -> None:
    for folder in [place, *place.parents]:
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)


@pytest.mark.parametrize("what", ["file", "directory"])
def test_what_cannot_be_read_is_an_error_and_not_left_out(tmp_path: Path, what: str) -> None:
    root = made(tmp_path, {"a": "a", "dir/secret": "s"})
    let_everybody_in(root)
    secret = root / ("dir/secret" if what == "file" else "dir")
    secret.chmod(0)
    with without_rights(), pytest.raises(ContextError) as refusal:
        select(root)
    assert refusal.value.path == str(secret.relative_to(root))
    (root / ".dockerignore").write_text("dir\n")
    with without_rights():
        assert "a" in paths(select(root))
    secret.chmod(0o755)


# --- what is not a file, and files that move ---


def bind(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        here = os.getcwd()
        os.chdir(place.parent)
        bound.bind(place.name)
        os.chdir(here)


@pytest.mark.parametrize("make", [os.mkfifo, bind], ids=["pipe", "socket"])
def test_a_pipe_or_socket_is_refused_unless_it_is_ignored(tmp_path: Path, make: Callable[[Path], object]) -> None:
    root = made(tmp_path, {"a": "a"})
    make(root / "odd")
    with pytest.raises(ContextError) as refusal:
        select(root)
    assert refusal.value.path == "odd"
    (root / ".dockerignore").write_text("odd\n")
    assert paths(select(root)) == [".dockerignore", "Dockerfile", "a"]


def test_a_file_that_changes_while_it_is_hashed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = made(tmp_path, {"growing": "a" * 5000})
    read = os.read

    def write_too(descriptor: int, size: int) -> bytes:
        data = read(descriptor, size)
        if data.startswith(b"aaa"):
            with (root / "growing").open("a") as file:
                file.write("more")
        return data

    monkeypatch.setattr(os, "read", write_too)
    with pytest.raises(ContextError, match="changed while it was read") as refusal:
        select(root)
    assert refusal.value.path == "growing"


def test_links_that_form_a_cycle_end(tmp_path: Path) -> None:
    tree: Tree = {"one": ("link", "two"), "two": ("link", "one"), "self": ("link", "."), "d/up": ("link", "../d")}
    assert paths(select(made(tmp_path, tree))) == ["Dockerfile", "d/", "d/up", "one", "self", "two"]
    with pytest.raises(DockerfileError, match="cycle") as refusal:
        select(made(tmp_path, {}, "FROM scratch\n\nCOPY one /x\n"))
    assert refusal.value.line == 3


def test_names_with_spaces_newlines_and_bytes_that_are_no_text_count(tmp_path: Path) -> None:
    root = made(tmp_path, {})
    keys = {key(root)}
    for name in (b"sp ace", b"new\nline", b"\xff\xfe", b"\\", "é".encode()):
        with open(os.path.join(os.fsencode(root), name), "wb") as file:
            file.write(b"1")
        keys.add(key(root))
    assert len(keys) == 6
    entries = select(root).contexts["context"].entries
    assert [e.path_bytes for e in entries] == sorted(e.path_bytes for e in entries)


def test_directories_may_be_very_deep(tmp_path: Path) -> None:
    root = made(tmp_path, {"/".join(["d"] * 150) + "/f": "x", ".dockerignore": "d\n!**/f\n"})
    assert paths(select(root))[-1].endswith("d/f")


# --- what is read of a context ---

PICKED: Tree = {
    "src/main.py": "1",
    "src/lib/a.py": "2",
    "src/lib/a.txt": "3",
    "docs/guide.md": "4",
    "docs/img/logo.png": "5",
    "current": ("link", "src/lib"),
    "data/latest": ("link", "v1"),
    "data/v1/x.json": "6",
    "data/v2/x.json": "7",
    "empty": None,
}


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("COPY src/main.py /", ["src/", "src/main.py"]),
        ("COPY ../../src/main.py /", ["src/", "src/main.py"]),
        ("COPY docs /", ["docs/", "docs/guide.md", "docs/img/", "docs/img/logo.png"]),
        ("COPY d*/*.md /", ["docs/", "docs/guide.md"]),
        ("COPY s*c/l?b /", ["src/", "src/lib/", "src/lib/a.py", "src/lib/a.txt"]),
        ("COPY em* no* /", ["empty/"]),
        ("COPY current/a.py /", ["current", "src/", "src/lib/", "src/lib/a.py"]),
        ("COPY current/*.txt /", ["current", "src/", "src/lib/", "src/lib/a.txt"]),
        ("COPY data/latest /", ["data/", "data/latest", "data/v1/", "data/v1/x.json"]),
        ("COPY --exclude=*.txt src/lib /", ["src/", "src/lib/", "src/lib/a.py"]),
        ("COPY --parents src/lib/./*.py docs/img /", ["docs/", "docs/img/", "docs/img/logo.png", "src/", "src/lib/",
                                                    "src/lib/a.py"]),
        ("COPY --parents **/*.json /", ["data/", "data/v1/", "data/v1/x.json", "data/v2/", "data/v2/x.json"]),
        ("RUN --mount=source=data/latest,target=/d true", ["data/", "data/latest", "data/v1/", "data/v1/x.json"]),
        ("ADD docs/img https://example.com/x /", ["docs/", "docs/img/", "docs/img/logo.png"]),
        ('COPY ["docs/guide.md", "/x y"]', ["docs/", "docs/guide.md"]),
    ],
)  # fmt: skip
def test_an_instruction_reads_exactly_this(tmp_path: Path, instruction: str, expected: list[str]) -> None:
    root = made(tmp_path, PICKED, f"# syntax=docker/dockerfile:1\nFROM alpine\n{instruction}\n")
    assert paths(select(root)) == expected


def test_a_wildcard_that_matches_nothing_is_built_with_a_warning(tmp_path: Path) -> None:
    root = made(tmp_path, PICKED, "FROM alpine\nCOPY em* no* s*/*.py /x/\nCOPY --parents no*/x src/*.py /y/\n")
    assert [line for line in select(root).warnings if "nothing" in line] == [
        "line 2: COPY no* matches nothing",
        "line 3: COPY no*/x matches nothing",
    ]


def test_a_context_that_nothing_reads_is_not_there(tmp_path: Path) -> None:
    root = made(tmp_path, PICKED, "FROM alpine\nRUN true\n")
    (root / "data").chmod(0)
    try:
        assert select(root).contexts == {}
    finally:
        (root / "data").chmod(0o755)


def test_a_whole_context_says_why(tmp_path: Path) -> None:
    selected = select(made(tmp_path, PICKED, "FROM alpine\nCOPY $NOPE /x\n")).selected["context"]
    assert selected.whole
    assert selected.reasons


def test_directories_that_nothing_reads_are_not_looked_into(tmp_path: Path) -> None:
    root = made(tmp_path, {**PICKED, "locked/x": "1"}, "FROM alpine\nCOPY --parents docs/img/logo.png s*/*.py /x/\n")
    let_everybody_in(root)
    (root / "locked").chmod(0)
    with without_rights():
        assert "src/main.py" in paths(select(root))
    (root / "locked").chmod(0o755)


# --- ignore files ---


def test_the_ignore_file_beside_the_dockerfile_comes_first_even_when_empty(tmp_path: Path) -> None:
    root = made(tmp_path, {"a": "a", ".dockerignore": "a\n"})
    assert "a" not in paths(select(root))
    (root / "Dockerfile.dockerignore").write_text("")
    assert "a" in paths(select(root))
    (root / "Dockerfile.dockerignore").write_text("Dockerfile*\n.d*\n")
    assert paths(select(root)) == ["a"]


def test_an_ignore_file_beside_a_dockerfile_elsewhere_is_not_the_contexts(tmp_path: Path) -> None:
    root = made(tmp_path, {"a": "a", "docker/Dockerfile": WHOLE, "docker/.dockerignore": "*\n"})
    assert "a" in paths(select(root, dockerfile=str(root / "docker/Dockerfile"), dockerfile_name="docker/Dockerfile"))


def test_patterns_and_another_ignore_file_can_be_declared(tmp_path: Path) -> None:
    root = made(tmp_path, {"a": "a", "b": "b", ".dockerignore": "a\n", "other": "b\nother\n"})
    assert "b" in paths(select(root))
    assert "b" not in paths(select(root, ignore=("b",)))
    assert "a" in paths(select(root, ignore=("!a",)))
    assert "a" in paths(select(root, dockerignore=None))
    assert paths(select(root, dockerignore=str(root / "other"))) == [".dockerignore", "Dockerfile", "a"]


# --- what is refused ---


@pytest.mark.parametrize(
    ("changes", "property_path"),
    [
        ({"context": "/nowhere"}, "context"),
        ({"context": "FILE"}, "context"),
        ({"dockerfile": "/nowhere/Dockerfile"}, "dockerfile"),
        ({"platform": "linux"}, "platform"),
        ({"platform": "linux/amd64,linux/arm64"}, "platform"),
        ({"platform": "toaster/amd64"}, "platform"),
        ({"build_args": {"not-a-name": "1"}}, 'build_args["not-a-name"]'),
        ({"build_args": {"": "1"}}, 'build_args[""]'),
        ({"named_contexts": {"x": "/nowhere"}}, 'named_contexts["x"]'),
        ({"named_contexts": {"context": "/tmp"}}, 'named_contexts["context"]'),
        ({"dockerignore": "/nowhere"}, "dockerignore"),
    ],
)
def test_a_bad_argument_is_refused_by_its_property(tmp_path: Path, changes: dict[str, Any], property_path: str) -> None:
    root = made(tmp_path, {"file": ""})
    if changes.get("context") == "FILE":
        changes = {"context": str(root / "file")}
    for refuse in (lambda: check_declared(declare(root, **changes)), lambda: select(root, **changes)):
        with pytest.raises(ArgsError) as refusal:
            refuse()
        assert refusal.value.property_path == property_path


@pytest.mark.parametrize(
    ("dockerfile", "changes", "line"),
    [
        ("FROM alpine\nCOPPY a b\n", {}, 2),
        ("FROM alpine AS one\n", {"target": "two"}, 0),
        ("FROM alpine\nCOPY src /x\n", {"ignore": ("[",)}, 0),
    ],
)
def test_what_needs_no_hashing_is_refused_before_it(
    tmp_path: Path, dockerfile: str, changes: dict[str, Any], line: int
) -> None:
    root = made(tmp_path, {"src/a": "1"}, dockerfile)
    with pytest.raises(FastContainerError) as refusal:
        check_declared(declare(root, **changes))
    assert f":{line}" in refusal.value.where if line else refusal.value.where


def test_a_missing_source_is_refused_with_its_line(tmp_path: Path) -> None:
    root = made(tmp_path, {}, "FROM alpine\n\nCOPY src/nope.py /x\n")
    with pytest.raises(DockerfileError) as refusal:
        select(root)
    assert refusal.value.where == "Dockerfile:3"
    assert "src/nope.py" in refusal.value.what


def test_an_ignored_source_is_refused_with_the_rules_line(tmp_path: Path) -> None:
    tree: Tree = {"src/a.py": "1", "link": ("link", "src/a.py"), ".dockerignore": "# no sources\n\nsrc\n"}
    for instruction in ("COPY src/a.py /x", "COPY link /x", "COPY src /x", "COPY --parents src/a.py /x"):
        root = made(tmp_path, tree, f"FROM alpine\nRUN true\n{instruction}\n")
        with pytest.raises(DockerfileError) as refusal:
            select(root)
        assert refusal.value.where == "Dockerfile:3"
        assert ".dockerignore:3" in str(refusal.value)
        (root / "link").unlink()


def test_a_lower_case_dockerfile_is_found(tmp_path: Path) -> None:
    root = made(tmp_path, {"a": "a"})
    (root / "Dockerfile").rename(root / "dockerfile")
    assert paths(select(root)) == ["a", "dockerfile"]


# --- many images ---


def test_images_over_one_root_look_at_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree: dict[str, Any] = {f"pkg{i}/f{j}.py": f"{i} {j}" for i in range(5) for j in range(5)}
    root = made(tmp_path, tree)
    for i in range(5):
        (root / f"Dockerfile.{i}").write_text(f"FROM scratch\nCOPY pkg{i} pkg{(i + 1) % 5} /x/\n")
    listed: list[Any] = []
    opened: list[str] = []
    scandir, open_file = os.scandir, os.open
    monkeypatch.setattr(os, "scandir", lambda place: listed.append(place) or scandir(place))

    def opening(path: Any, *more: Any, **options: Any) -> int:
        opened.append(os.fsdecode(path))
        return open_file(path, *more, **options)

    monkeypatch.setattr(os, "open", opening)
    walks = SharedWalks()
    found: dict[int, str] = {}

    def work(i: int) -> None:
        image = declare(root, dockerfile=str(root / f"Dockerfile.{i}"))
        found[i] = select_image(image, walks).key.hex

    threads = [threading.Thread(target=work, args=(i,)) for i in range(5)] * 1
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found.values())) == 5
    assert len(listed) == 6
    read = [path for path in opened if path.endswith(".py")]
    assert len(read) == len(set(read)) == 25
    assert found == {i: key(root, dockerfile=str(root / f"Dockerfile.{i}")) for i in range(5)}
