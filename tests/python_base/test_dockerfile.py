"""The generated Dockerfile of a base image: stable, readable, and only what declarations ask for."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fast_container.cli import main
from fast_container.core.dockerfile.read import read_dockerfile
from fast_container.errors import ArgsError
from fast_container.python_base.bytecode_program import BYTECODE_PROGRAM
from fast_container.python_base.dependencies import declared_dependencies
from fast_container.python_base.dockerfile import GeneratedBase, generate_base
from fast_container.python_base.spec import BaseSpec
from tests.trees import write_tree

PROJECT = '[project]\nname = "{}"\nversion = "1"\ndependencies = ["httpx==1"]\n'


def generate(root: Path, package: str = "pkg", **more: Any) -> GeneratedBase:
    write_tree(root, {f"{package}/pyproject.toml": PROJECT.format("pkg"), f"{package}/pkg/__init__.py": ""})
    inputs = {name: more.pop(name) for name in ("constraints", "requirements") if name in more}
    found = declared_dependencies([package], root=str(root), **inputs)
    return generate_base(BaseSpec(**{"parent": "python:3.12-slim", "dependencies": found, **more}), root=str(root))


def stages(base: GeneratedBase) -> list[list[str]]:
    """The first two words of each stage's instructions."""
    found: list[list[str]] = []
    for line in base.dockerfile.splitlines():
        if line.startswith("FROM "):
            found.append([])
        elif line and line[0] not in "# ":
            found[-1].append(line.split(" ")[0])
    return found


def test_dependencies_need_no_source_and_the_text_is_not_in_the_dockerfile(tmp_path: Path) -> None:
    base = generate(tmp_path)
    assert (base.needs_source, base.ignore) == (False, ())
    assert base.files["requirements.txt"] == b"httpx==1\n"
    assert "httpx" not in base.dockerfile
    assert stages(base) == [["RUN", "RUN", "RUN"]]


def test_the_dockerfile_is_one_that_our_own_parser_understands(tmp_path: Path) -> None:
    base = generate(tmp_path, "my packages/pkg", install="packages", installer="uv", runs_on="ecs", secrets=["netrc"])
    reads = read_dockerfile(
        base.dockerfile.encode(),
        file="x",
        target="",
        build_args={},
        platform="linux/amd64",
        named_contexts=("generated",),
    )
    assert set(reads.contexts) == {"context", "generated"}
    assert set(reads.stages) >= {"installer", "wheel-pkg"}
    assert 'COPY ["my packages/pkg", "/src/"]' in base.dockerfile


def test_only_ecs_gets_a_user_and_it_is_the_last_word(tmp_path: Path) -> None:
    last = {
        name: generate(tmp_path, runs_on=name).dockerfile.splitlines()[-1] for name in ("ecs", "lambda", "anywhere")
    }
    assert last["ecs"] == "USER 65532:65532"
    assert "USER" not in generate(tmp_path, runs_on="lambda").dockerfile
    assert last["lambda"] == last["anywhere"]


@pytest.mark.parametrize("runs_on", ["lambda", "ecs"])
def test_on_a_parent_that_is_not_root_every_stage_installs_as_root_and_the_image_is_the_parents_user(
    tmp_path: Path, runs_on: str
) -> None:
    base = generate(tmp_path, parent_user="app:app", runs_on=runs_on, install="packages", installer="uv")
    lines = base.dockerfile.splitlines()
    starts = [lines[number + 1] for number, line in enumerate(lines) if line.startswith("FROM python")]
    users = [line for line in lines if line.startswith("USER ")]
    assert len(starts) == 3
    assert users == ["USER 0:0"] * 3 + ["USER app:app"]
    assert lines[-1] == "USER app:app"


def test_a_parent_of_whose_user_nothing_is_known_is_asked_before_anything_is_installed(tmp_path: Path) -> None:
    dockerfile = generate(tmp_path).dockerfile
    assert dockerfile.index('test "$(id -u)" = 0') < dockerfile.index("pip install")
    assert "id -u" not in generate(tmp_path, parent_user="app").dockerfile


def test_constraints_secrets_and_build_backends_are_mounted_and_not_copied(tmp_path: Path) -> None:
    write_tree(tmp_path, {"limits.txt": "anyio<5\n"})
    base = generate(
        tmp_path, constraints="limits.txt", secrets=["netrc"], install="packages", build_requirements="flit-core==3\n"
    )
    assert sorted(base.files) == [
        *("build-requirements.txt", "compile_bytecode.py", "constraints.txt", "requirements.txt"),
    ]
    assert "-c /run/fast-container/constraints.txt" in base.dockerfile
    assert "--mount=type=secret,id=netrc,target=/root/.netrc,required=true" in base.dockerfile
    assert "--no-build-isolation" in base.dockerfile
    assert [line for line in base.dockerfile.splitlines() if line.startswith(("COPY", "ADD"))] == ["COPY pkg /src/"]


def test_another_index_is_used_by_uv_as_pip_uses_it(tmp_path: Path) -> None:
    write_tree(tmp_path, {"r.txt": "--extra-index-url https://i.example/simple\n"})
    base = generate(tmp_path, requirements=["r.txt"], installer="uv")
    assert "--index-strategy=unsafe-best-match" in base.dockerfile
    assert base.files["requirements.txt"].startswith(b"--extra-index-url https://i.example/simple\n")


def test_open_versions_are_said(tmp_path: Path) -> None:
    write_tree(tmp_path, {"r.txt": "a\nb>1\nc\nd==1\ne\n"})
    assert "4 distributions are open (a, b, c …)" in generate(tmp_path, requirements=["r.txt"]).notes[0]
    assert "a rebuild may get others" in generate(tmp_path, requirements=["r.txt"]).notes[0]
    assert generate(tmp_path).notes == ()


@pytest.mark.parametrize(
    ("argument", "value", "path"),
    [
        ("install", "all", "install"),
        ("parent_user", "app group", "parent_user"),
        ("parent_user", "0:0", "parent_user"),
        ("installer", "poetry", "installer"),
        ("runs_on", "fargate", "runs_on"),
        ("secrets", ["token"], "secrets"),
        ("parent", "", "parent"),
        ("parent", "python 3", "parent"),
    ],
)
def test_a_wrong_argument_is_refused_with_its_property(tmp_path: Path, argument: str, value: Any, path: str) -> None:
    with pytest.raises(ArgsError) as caught:
        generate(tmp_path, **{argument: value})
    assert caught.value.property_path == path


def test_nothing_to_install_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgsError, match="nothing to install"):
        generate_base(BaseSpec("x", declared_dependencies([], root=str(tmp_path))), root=str(tmp_path))


def test_the_bytecode_program_compiles_once_and_leaves_broken_files_alone(tmp_path: Path) -> None:
    library = tmp_path / "library"
    write_tree(library, {"good.py": "x = 1\n", "bad.py": "x = \n", "deep/er.py": "y = 2\n"})
    program = tmp_path / "program.py"
    # Only our own folder, and not the interpreter that runs the tests.
    program.write_text(BYTECODE_PROGRAM.replace("def folders():", f"def folders():\n    return [{str(library)!r}]\n"))
    run = [sys.executable, "-I", str(program)]
    said = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    assert "3 files" in said
    assert f"left as it is: {library}/bad.py: PyCompileError" in said
    compiled = {path: path.stat().st_mtime_ns for path in library.rglob("*.pyc")}
    assert sorted(path.name.partition(".")[0] for path in compiled) == ["er", "good"]
    for path in compiled:
        assert path.read_bytes()[:8] == importlib.util.MAGIC_NUMBER + b"\1\0\0\0"
    (library / "good.py").write_text("x = 3\n")
    subprocess.run(run, capture_output=True, check=True)
    again = {
        path.name.partition(".")[0] for path in library.rglob("*.pyc") if path.stat().st_mtime_ns != compiled[path]
    }
    assert again == {"good"}


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    base = generate(tmp_path)
    assert base.dockerfile

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["show-dockerfile", "--root", str(tmp_path), *arguments])
        return code, *capsys.readouterr()

    return run


def test_show_dockerfile_prints_what_would_be_built(show: Run, tmp_path: Path) -> None:
    expected = generate(tmp_path).dockerfile
    assert show("--package", "pkg", "--parent", "python:3.12-slim") == (0, expected, "")
    code, out, _ = show("--package", "pkg", "--files", "--runs-on", "ecs")
    assert code == 0
    assert "\n# --- generated/requirements.txt\nhttpx==1\n" in out
    assert "USER 65532:65532" in out


def test_show_dockerfile_writes_what_docker_can_build(show: Run, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    code, out, _ = show(
        "--package", "pkg", "--install", "packages", "--platform", "linux/arm64", "--write", str(folder)
    )
    assert code == 0
    assert out == (
        f"docker buildx build --platform linux/arm64 --file {folder}/Dockerfile "
        f"--build-context generated={folder}/generated {tmp_path}\n"
    )
    assert (folder / "generated" / "requirements.txt").read_text() == "httpx==1\n"
    assert "!pkg\n" in (folder / "Dockerfile.dockerignore").read_text()


@pytest.mark.parametrize("more", [["--package", "gone"], [], ["--package", "pkg", "--extra", "a=b", "--extra", "c"]])
def test_show_dockerfile_has_one_message_for_bad_input(show: Run, more: list[str]) -> None:
    code, out, err = show(*more)
    assert (code, out, err.count("fast-container: ")) == (2, "", 1)
