"""The command line: a stable interface for others, one clear message for bad input."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from fast_container.cli import main
from fast_container.core.recipe import recipe_of
from tests.trees import key, write_tree

CASES = json.loads((Path(__file__).parents[1] / "semantics" / "ignore_cases.json").read_text())["cases"]

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run in this process: exit code, output, errors."""
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path / "cache"))

    def run(*arguments: str | Path, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = main([str(argument) for argument in arguments])
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        return code, out.decode("utf-8", "surrogateescape"), err.decode()

    return run


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_tree(
        tmp_path / "tree",
        {
            "Dockerfile": "FROM alpine AS one\nARG A\nCOPY src /src\nFROM one\n",
            "src/main.py": "print()",
            "src/run.sh": "#!/bin/sh",
            "src/lib": ("link", "../lib"),
            "lib/a.py": "1",
            "big.bin": b"\0" * 5000,
            "node_modules/x/y.js": b"\0" * 3000,
            ".dockerignore": "node_modules\n",
        },
    )


def inspect(run: Run, root: Path, *more: str | Path) -> dict[str, Any]:
    code, out, err = run("inspect", "--context", root, "--json", *more)
    assert (code, err) == (0, "")
    return json.loads(out)


def test_version_is_the_packages(run: Run) -> None:
    assert run("--version") == (0, f"fast-container {version('fast-container')}\n", "")


def test_inspect_prints_one_object(run: Run, root: Path) -> None:
    (root / "src/run.sh").chmod(0o775)
    found = inspect(run, root)
    entries = found["contexts"]["context"].pop("entries")
    assert [(e["path"], e["type"], e["mode"], e["size"]) for e in entries] == [
        ("src", "dir", "755", 0),
        ("src/lib", "symlink", "777", 6),
        ("src/main.py", "file", "644", 7),
        ("src/run.sh", "file", "755", 9),
    ]
    assert found["build_key"] == key(root)
    assert found["tag"] == "key-" + found["build_key"][:40]
    assert found["contexts"] == {"context": {"whole": False, "reasons": [], "total_bytes": 16}}
    assert found["stages"] == ["one", "1"]
    assert found["external_images"] == ["alpine"]
    assert isinstance(found["warnings"], list)


def test_flags_mean_what_the_component_means(run: Run, root: Path, tmp_path: Path) -> None:
    other = write_tree(tmp_path / "other", {"Dockerfile.x": "FROM scratch\nCOPY --from=named a /\n", "ign": "*.md\n"})
    named = write_tree(tmp_path / "named", {"a": "a"})
    plain = inspect(run, root)["build_key"]
    assert inspect(run, root, "--build-arg", "A=1")["build_key"] == key(root, build_args={"A": "1"}) != plain
    assert inspect(run, root, "--platform", "linux/arm64")["build_key"] == key(root, platform="linux/arm64")
    assert inspect(run, root, "--target", "one")["stages"] == ["one"]
    assert "src/main.py" not in str(inspect(run, root, "--ignore", "**/*.py"))
    assert inspect(run, root, "--no-dockerignore")["build_key"] == plain
    assert inspect(run, root, "--dockerignore", other / "ign")["build_key"] == plain
    found = inspect(run, root, "--dockerfile", other / "Dockerfile.x", "--build-context", f"named={named}")
    assert list(found["contexts"]) == ["named"]
    found = inspect(run, root, "--build-context", "alpine=docker-image://busybox")
    assert found["named_images"] == {"alpine": "docker-image://busybox"}


def test_inspect_counts_the_options_of_the_steps_as_the_component_does(run: Run, root: Path) -> None:
    flags = ("--network", "none", "--add-host", "db:10.0.0.5", "--shm-size", "1g", "--ulimit", "nofile=1024")
    given = {"network": "none", "add_hosts": {"db": "10.0.0.5"}, "shm_size": 2**30, "ulimits": {"nofile": 1024}}
    found = inspect(run, root, *flags)
    assert found["build_key"] == key(root, recipe=recipe_of(given))
    assert {f"option:{name}" for name in given} <= found["parts"].keys()
    code, _, err = run("inspect", "--context", root, "--ulimit", "files=1")
    assert (code, "--ulimit" in err) == (2, True)


def test_inspect_is_the_same_from_a_warm_cache(run: Run, root: Path) -> None:
    for path in root.rglob("*"):
        os.utime(path, (1, 1), follow_symlinks=False)
    assert inspect(run, root) == inspect(run, root) == inspect(run, root, "--no-cache")


def test_inspect_tells_people_what_is_saved(run: Run, root: Path) -> None:
    code, out, _ = run("inspect", "--context", root)
    assert code == 0
    assert "context: 3 files, 16 B" in out
    assert "ignore rules save          1 file      2.9 KiB" in out
    assert "the Dockerfile saves       4 files" in out
    assert "16 B  src" in out


def test_names_that_are_no_text_survive_json(run: Run, tmp_path: Path) -> None:
    root = write_tree(tmp_path / "odd", {"Dockerfile": "FROM scratch\nCOPY . /\n"})
    (root / "\udcff\n").write_text("")
    assert [e["path"] for e in inspect(run, root)["contexts"]["context"]["entries"]] == ["Dockerfile", "\udcff\n"]
    assert run("inspect", "--context", root)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--context", "nowhere"], "--context"),
        (["--context", ".", "--dockerfile", "nowhere"], "nowhere"),
        (["--context", ".", "--target", "nowhere"], "nowhere"),
        (["--context", ".", "--platform", "x"], "--platform"),
        (["--context", ".", "--build-arg", "novalue"], "K=V"),
        (["--context", ".", "--build-context", "x=nowhere"], "--build-context x"),
        (["--context", ".", "--ignore", "["], "where: --ignore"),
        (["--context", ".", "--dockerfile", "bad"], "bad:2"),
        (["--context", ".", "--dockerfile", "missing"], "missing:3"),
        (["--context", ".", "--dockerignore", "badignore"], "badignore:2"),
        ([], "--context"),
        (["--context", ".", "--unknown"], "--unknown"),
    ],
)
def test_bad_input_gives_one_message_and_exit_code_2(
    run: Run, root: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(root)
    (root / "bad").write_text("FROM alpine\nCOPYY a b\n")
    (root / "missing").write_text("FROM alpine\n\nCOPY nope /x\n")
    (root / "badignore").write_text("# fine\n[\n")
    code, out, err = run("inspect", "--json", *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def askable() -> list[Any]:
    """Patterns of these cases are parsed already; what the lines of a file would make of them cannot be asked."""
    return [
        pytest.param(case, id=case["id"])
        for case in CASES
        if case["kind"] == "match"
        and all(p == p.strip() and "\n" not in p and not p.startswith("#") and clean(p) for p in case["patterns"])
    ]


def clean(pattern: str) -> bool:
    bare = pattern.removeprefix("!")
    return bare == os.path.normpath(bare) and not bare.startswith("/") and bare != "."


@pytest.mark.parametrize("case", askable())
def test_ignored_answers_as_a_walk_does(run: Run, tmp_path: Path, case: dict[str, Any]) -> None:
    file = tmp_path / "ignore"
    file.write_text("".join(f"{pattern}\n" for pattern in case["patterns"]))
    parts = case["path"].split("/")
    asked = ["/".join(parts[:depth]) + "/" for depth in range(1, len(parts))] + [case["path"]]
    code, out, _ = run("ignored", "--dockerignore", file, stdin="".join(f"{p}\n" for p in asked).encode())
    if case.get("error"):
        assert code == 2
        return
    assert code == 0
    assert out.splitlines()[-1] == f"{'ignored' if case['ignored'] else 'kept'}\t{case['path']}"


def test_ignored_refuses_what_moby_refuses(run: Run, tmp_path: Path) -> None:
    (tmp_path / "ignore").write_text("a\n[z-a]\n")
    code, out, err = run("ignored", "--dockerignore", tmp_path / "ignore", stdin=b"")
    assert (code, out) == (2, "")
    assert f"{tmp_path}/ignore:2" in err
    assert run("ignored", "--dockerignore", tmp_path / "nowhere")[0] == 2


def test_explain_names_files_and_parts(run: Run, root: Path, tmp_path: Path) -> None:
    def kept(name: str, *more: str) -> Path:
        (tmp_path / name).write_text(json.dumps(inspect(run, root, *more)))
        return tmp_path / name

    one = kept("one.json")
    assert run("explain", one, one) == (0, "the build keys are equal\n", "")
    (root / "src/main.py").write_text("edited")
    (root / "src/run.sh").chmod(0o755)
    (root / "src/new.py").write_text("")
    code, out, _ = run("explain", one, kept("two.json", "--build-arg", "A=1"))
    assert code == 0
    assert out.splitlines() == [
        "added: build arg A",
        "changed: context/src/main.py",
        "added: context/src/new.py",
        "changed: context/src/run.sh (mode 644 → 755)",
    ]
    two, host = kept("two.json"), kept("host.json", "--network", "host")
    assert run("explain", two, host) == (0, "added: build option network\n", "")
    (tmp_path / "no.json").write_text("[]")
    assert run("explain", one, tmp_path / "no.json")[0] == 2


def test_the_command_line_imports_neither_pulumi_nor_an_sdk(root: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from fast_container.cli import main; "
        f"code = main(['inspect', '--context', {str(root)!r}, '--json']); "
        "sys.exit(code or bool({'pulumi', 'boto3', 'botocore', 'asyncio'} & set(sys.modules)))"
    )
    environment = {**os.environ, "FAST_CONTAINER_CACHE": str(tmp_path / "cache")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_what_is_said_of_an_image_does_not_depend_on_pythons_hash_seed(root: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fast_container.cli", "inspect", "--context", str(root), "--json"]
    command += ["--build-arg", "A=1", "--build-arg", "B=2", "--build-arg", "C=3"]
    environment = {**os.environ, "FAST_CONTAINER_CACHE": str(tmp_path / "cache")}
    said = {
        subprocess.run(command, env={**environment, "PYTHONHASHSEED": seed}, capture_output=True, check=True).stdout
        for seed in ("1", "2", "3")
    }
    assert len(said) == 1


def test_output_that_nobody_reads_is_no_error(root: Path, tmp_path: Path) -> None:
    command = f"{sys.executable} -m fast_container.cli inspect --context {root} --json | true"
    environment = {**os.environ, "FAST_CONTAINER_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(["/bin/sh", "-c", command], env=environment, capture_output=True, check=False)
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ([], "it is not an object"),
        ("text", "it is not an object"),
        ({"build_key": 5}, "build_key is not a string"),
        ({"build_key": None, "contexts": {}}, "build_key is not a string"),
        ({"build_key": "a"}, "contexts is not an object"),
        ({"build_key": "a", "contexts": []}, "contexts is not an object"),
        ({"build_key": "a", "contexts": {}, "parts": []}, "parts is not an object"),
        ({"build_key": "a", "contexts": {"context": 1}}, "contexts.context.entries is not a list"),
        ({"build_key": "a", "contexts": {"context": {"entries": {}}}}, "contexts.context.entries is not a list"),
        ({"build_key": "a", "contexts": {"context": {"entries": [1]}}}, "contexts.context.entries[0] is not an entry"),
        ({"build_key": "a", "contexts": {"context": {"entries": [{"path": 1}]}}}, "entries[0] is not an entry"),
    ],
)
def test_explain_refuses_what_is_no_output_of_inspect(run: Run, tmp_path: Path, document: Any, why: str) -> None:
    right = {"build_key": "a", "contexts": {"context": {"entries": [{"path": "x", "type": "file"}]}}}
    (tmp_path / "right.json").write_text(json.dumps(right))
    (tmp_path / "wrong.json").write_text(json.dumps(document))
    code, _, err = run("explain", tmp_path / "right.json", tmp_path / "wrong.json")
    assert code == 2
    assert "is not an output of inspect" in err
    assert why in err


def test_explain_takes_entries_of_another_version(run: Run, tmp_path: Path) -> None:
    for name, entry in (("a", {"path": "x", "type": "file"}), ("b", {"path": "x", "mode": "755"})):
        (tmp_path / name).write_text(json.dumps({"build_key": name, "contexts": {"context": {"entries": [entry]}}}))
    assert run("explain", tmp_path / "a", tmp_path / "b") == (0, "changed: context/x (type file → None)\n", "")


def test_a_dockerfile_that_is_in_the_context_alone_is_pointed_to(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(tmp_path, {"app/Dockerfile": "FROM scratch\n", "app/deploy/Dockerfile": "FROM scratch\n"})
    monkeypatch.chdir(tmp_path)
    for given in ("Dockerfile", "deploy/Dockerfile"):
        code, _, err = run("inspect", "--context", "app", "--dockerfile", given)
        assert code == 2
        assert f"'app/{given}'" in err
    code, _, err = run("inspect", "--context", "app", "--dockerfile", "other")
    assert code == 2
    assert "There is one" not in err
