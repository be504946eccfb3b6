"""What builds is small, the same every time, and runs with nothing installed beside it."""

from __future__ import annotations

import ast
import hashlib
import io
import json
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from fast_container.adapters.codebuild.own_zipapp import launcher_bytes, program_bytes, zip_bytes
from fast_container.core.remote.log_lines import CHUNKS_UNUSABLE, FAILED, read_line


@pytest.fixture(scope="module")
def program() -> bytes:
    return program_bytes()


def test_it_has_the_same_bytes_every_time_and_is_small(program: bytes) -> None:
    assert program == program_bytes()
    assert len(program) < 240_000
    assert len(launcher_bytes()) < 2_000


def test_each_module_is_looked_for_once_however_many_import_it(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_for: list[Path] = []
    is_file = Path.is_file

    def counted(path: Path) -> bool:
        looked_for.append(path)
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", counted)
    program_bytes()
    assert len(looked_for) == len(set(looked_for)) > 50


def test_members_have_constant_times_and_modes() -> None:
    one, two = zip_bytes({"b": b"1", "a": b"2"}), zip_bytes({"a": b"2", "b": b"1"})
    assert one == two
    assert {info.date_time for info in zipfile.ZipFile(io.BytesIO(one)).infolist()} == {(1980, 1, 2, 0, 0, 0)}


def test_nothing_in_it_imports_pulumi_or_what_does_not_travel(program: bytes) -> None:
    archive = zipfile.ZipFile(io.BytesIO(zlib.decompress(program)))
    there = {name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in archive.namelist()}
    allowed = {"boto3", "botocore", "fast_container", "urllib3"} | sys.stdlib_module_names
    for name in archive.namelist():
        for node in ast.walk(ast.parse(archive.read(name))):
            if isinstance(node, ast.ImportFrom) and node.module:
                modules = [node.module]
            elif isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            else:
                continue
            for module in modules:
                assert module.partition(".")[0] in allowed, (name, module)
                if module.startswith("fast_container"):
                    assert module in there or name == "fast_container/__init__.py", (name, module)


def test_it_runs_on_its_own_and_refuses_a_damaged_plan_in_one_line(program: bytes, tmp_path: Path) -> None:
    zipfile.ZipFile(io.BytesIO(zlib.decompress(program))).extractall(tmp_path)
    (tmp_path / "plan.json").write_text("{")
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from fast_container.remote.main import main; sys.exit(main())"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1, done.stderr
    (line,) = done.stdout.splitlines()
    kind, content = read_line(line) or ("", {})
    assert kind == FAILED
    assert content["what"] == "The build's plan cannot be read."
    assert done.stderr == ""


def test_the_launcher_fetches_the_program_checks_it_and_runs_it(
    program: bytes, aws_endpoint: str, tmp_path: Path
) -> None:
    (tmp_path / "fast_container.pyz").write_bytes(launcher_bytes())
    done = launched(program, hashlib.sha256(program).hexdigest(), aws_endpoint, tmp_path)
    # The plan of this test has no version: the program has read it.
    assert (done.returncode, "plan cannot be read" in done.stdout) == (1, True), done.stderr
    done = launched(program, "0" * 64, aws_endpoint, tmp_path)
    assert "differs from the one in the plan" in done.stderr
    assert done.returncode == 3
    assert read_line(done.stdout) == (CHUNKS_UNUSABLE, {"absent": [], "damaged": ["program"]})
    done = launched(None, "0" * 64, aws_endpoint, tmp_path)
    assert done.returncode == 3
    assert read_line(done.stdout) == (CHUNKS_UNUSABLE, {"absent": ["program"], "damaged": []})


@pytest.fixture(scope="module")
def aws_endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def launched(program: bytes | None, digest: str, endpoint: str, folder: Path) -> subprocess.CompletedProcess[str]:
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
    s3: Any = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **keys)
    s3.create_bucket(Bucket="sources")
    s3.delete_object(Bucket="sources", Key="p")
    if program:
        s3.put_object(Bucket="sources", Key="p", Body=program)
    plan = {"bucket": "sources", "program_key": "p", "program": digest}
    (folder / "plan.json").write_text(json.dumps(plan))
    return subprocess.run(
        [sys.executable, "fast_container.pyz"],
        cwd=folder,
        env={
            "PATH": "/usr/bin:/bin",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_DEFAULT_REGION": "us-east-1",
            **{name.upper(): value for name, value in keys.items()},
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
