"""``fast-container lint --fix``: what is shown, asked for, written and refused."""

from __future__ import annotations

import io
import os
import subprocess
from pathlib import Path

import pytest

from fast_container.cli import main
from fast_container.cli.text_diff import unified_diff
from fast_container.core.declared import DeclaredImage, InlineDockerfile
from fast_container.core.program_file import PlannedEntry, write_plan_file
from tests.trees import write_tree

DOCKERFILE = "FROM python:3.12-slim\r\nCOPY . /app\r\nRUN pip install x"
MOUNT = "--mount=type=cache,target=/root/.cache/pip"
FIXED = f"FROM python:3.12-slim\r\nCOPY . /app\r\nRUN {MOUNT} pip install x"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_tree(tmp_path, {"app/data.txt": "x", "app/.mypy_cache/x": "y" * 2_000_000})
    (tmp_path / "app/Dockerfile").write_bytes(DOCKERFILE.encode())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", "/nowhere")
    return tmp_path


def run(capsysbinary: pytest.CaptureFixture[bytes], *arguments: str) -> tuple[int, str, str]:
    code = main(["lint", "--context", "app", "--fix", *arguments])
    captured = capsysbinary.readouterr()
    return code, captured.out.decode("utf-8", "surrogateescape"), captured.err.decode()


def content(place: Path) -> str:
    return (place / "app/Dockerfile").read_bytes().decode()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_without_a_terminal_only_the_diff_is_shown(place: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    code, out, error = run(capsysbinary)
    assert code == 1
    assert content(place) == DOCKERFILE
    assert not (place / "app/.dockerignore").exists()
    assert "+**/.mypy_cache\n" in out
    assert f"-RUN pip install x\n\\ No newline at end of file\n+RUN {MOUNT} pip install x\n\\ No newline" in out
    assert "can be fixed: FI004 1, FI005 1, FI009 1; 3 findings now" in out
    assert "Give --yes" in error


def test_with_yes_it_is_written_and_a_second_run_has_nothing_to_do(
    place: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    (place / "app/Dockerfile").chmod(0o640)
    code, out, _ = run(capsysbinary, "--yes", "--fail-on", "info")
    assert (code, content(place)) == (0, FIXED)
    assert out.endswith("fixed: FI004 1, FI005 1, FI009 1; 0 findings left\n")
    assert (place / "app/.dockerignore").read_bytes() == b"**/.mypy_cache\n"
    assert (place / "app/Dockerfile").stat().st_mode & 0o777 == 0o640
    assert run(capsysbinary, "--yes") == (0, "nothing to fix; 0 findings left\n", "")
    assert sorted(path.name for path in (place / "app").iterdir()) == [
        *(".dockerignore", ".mypy_cache", "Dockerfile", "data.txt"),
    ]


@pytest.mark.parametrize(("answer", "written"), [("y\n", True), ("YES\n", True), ("n\n", False), ("", False)])
def test_on_a_terminal_it_asks(
    place: Path,
    capsysbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    written: bool,
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    code, _, error = run(capsysbinary)
    assert code == (0 if written else 1)
    assert (content(place) == FIXED) is written
    assert "Write these changes of 2 files? [y/N]" in error


def test_the_diff_is_one_that_other_programs_apply(place: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    _, out, _ = run(capsysbinary)
    diff = "".join(line for line in out.splitlines(keepends=True) if not line.startswith(("left:", "can be")))
    environment = {**os.environ, "PATH": "/usr/bin:/bin"}
    subprocess.run(
        ["git", "apply", "-p0", "--whitespace=nowarn", "-"],
        input=diff.encode(),
        cwd=place,
        env=environment,
        check=True,
        capture_output=True,
    )
    assert content(place) == FIXED
    assert (place / "app/.dockerignore").exists()


def test_a_file_that_changed_meanwhile_is_left_alone(
    place: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Editor(Terminal):
        def readline(self, *_: object) -> str:
            (place / "app/Dockerfile").write_text("FROM busybox\n")
            return "y\n"

    monkeypatch.setattr("sys.stdin", Editor())
    code, _, error = run(capsysbinary)
    assert (code, content(place)) == (2, "FROM busybox\n")
    assert "changed while it was looked at" in error
    assert not (place / "app/.dockerignore").exists()


def test_a_file_that_is_read_only_is_left_alone(place: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    (place / "app/Dockerfile").chmod(0o444)
    code, _, error = run(capsysbinary, "--yes")
    assert (code, content(place)) == (2, DOCKERFILE)
    assert "app/Dockerfile is read-only" in error


def test_a_link_stays_a_link(place: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    (place / "shared").mkdir()
    (place / "app/Dockerfile").rename(place / "shared/Dockerfile")
    (place / "app/Dockerfile").symlink_to("../shared/Dockerfile")
    code, out, _ = run(capsysbinary, "--yes")
    assert code == 0
    assert (place / "app/Dockerfile").is_symlink()
    assert content(place) == FIXED
    assert "+++ shared/Dockerfile\n" in out


def test_the_ignore_file_of_a_dockerfile_gets_the_entries(
    place: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    (place / "app/Dockerfile.dockerignore").write_bytes(b"*.log\r\nx")
    assert run(capsysbinary, "--yes")[0] == 0
    assert (place / "app/Dockerfile.dockerignore").read_bytes() == b"*.log\r\nx\r\n**/.mypy_cache\r\n"


def test_a_folder_that_another_image_names_is_not_ignored(
    place: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    (place / "app/Second").write_text("FROM busybox\nCOPY .mypy_cache /x\n")
    code, out, _ = run(capsysbinary, "--yes", "--dockerfile", "app/Dockerfile", "--dockerfile", "app/Second")
    assert code == 0
    assert not (place / "app/.dockerignore").exists()
    assert "left: app/Dockerfile:2: FI009: .mypy_cache: app/Second:2 names it\n" in out


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
@pytest.mark.usefixtures("place")
def test_standard_input_is_refused(capsysbinary: pytest.CaptureFixture[bytes], name: str) -> None:
    code, _, error = run(capsysbinary, "--yes", "--dockerfile", name)
    assert code == 2
    assert "A Dockerfile from standard input cannot be fixed." in error


@pytest.mark.parametrize("option", [["--format", "json"], ["--buildkit"]])
@pytest.mark.usefixtures("place")
def test_what_has_no_use_beside_it_is_refused(capsysbinary: pytest.CaptureFixture[bytes], option: list[str]) -> None:
    code, _, error = run(capsysbinary, *option)
    assert code == 2
    assert "cannot be combined with --fix" in error


def test_text_in_a_program_is_refused_and_the_others_are_fixed(
    place: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    def plan(**dockerfiles: str | InlineDockerfile) -> None:
        entries = [
            PlannedEntry(DeclaredImage(name, str(place / "app"), dockerfile, name), "", "anywhere", "0" * 64, {})
            for name, dockerfile in dockerfiles.items()
        ]
        (place / "plan.json").write_text(write_plan_file(entries, str(place)))

    inline = InlineDockerfile("FROM python:3.12-slim\nRUN pip install x\n")
    plan(a=inline)
    assert main(["lint", "--plan", "plan.json", "--fix", "--yes"]) == 2
    assert b"The Dockerfile of a is text in the program" in capsysbinary.readouterr().err
    plan(a=inline, b=str(place / "app/Dockerfile"))
    assert main(["lint", "--plan", "plan.json", "--fix", "--yes"]) == 0
    assert content(place) == FIXED
    assert b"note: the Dockerfile of a is text in the program" in capsysbinary.readouterr().out


def test_a_large_diff_takes_no_longer_than_its_lines() -> None:
    before = "".join(f"RUN pip install p{number}\n# {number}\n" for number in range(50_000))
    lines = list(unified_diff(before, before.replace("RUN", f"RUN {MOUNT}"), "x"))
    assert len(lines) > 100_000
    assert list(unified_diff("a\n", "a\n", "x")) == []


@pytest.mark.parametrize("size", [10_000_000, 17_000_000])
def test_a_huge_dockerfile_ends_well(place: Path, capsysbinary: pytest.CaptureFixture[bytes], size: int) -> None:
    comment = b"# \0 " + b"x" * 92 + b"\n"
    (place / "app/Dockerfile").write_bytes(DOCKERFILE.encode() + b"\n" + comment * (size // len(comment)))
    code, out, error = run(capsysbinary)
    assert code == (1 if size < 16 << 20 else 2)
    assert len(out) < 2_000
    assert "Traceback" not in error
