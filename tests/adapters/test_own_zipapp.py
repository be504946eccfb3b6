"""The bundle's program is small, the same every time, and runs with nothing installed beside it."""

from __future__ import annotations

import ast
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from fast_container.adapters.own_zipapp import zip_bytes, zipapp_bytes
from fast_container.core.build_lines import FAILED, read_line


@pytest.fixture(scope="module")
def zipapp() -> bytes:
    return zipapp_bytes()


def test_it_has_the_same_bytes_every_time_and_is_small(zipapp: bytes) -> None:
    assert zipapp == zipapp_bytes()
    assert len(zipapp) < 100_000


def test_members_have_constant_times_and_modes() -> None:
    one, two = zip_bytes({"b": b"1", "a": b"2"}), zip_bytes({"a": b"2", "b": b"1"})
    assert one == two
    assert {info.date_time for info in zipfile.ZipFile(io.BytesIO(one)).infolist()} == {(1980, 1, 2, 0, 0, 0)}


def test_nothing_in_it_imports_pulumi_or_what_does_not_travel(zipapp: bytes) -> None:
    archive = zipfile.ZipFile(io.BytesIO(zipapp))
    there = {name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in archive.namelist()}
    allowed = {"boto3", "botocore", "fast_container"} | sys.stdlib_module_names
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


def test_it_runs_on_its_own_and_refuses_a_damaged_plan_in_one_line(zipapp: bytes, tmp_path: Path) -> None:
    (tmp_path / "fast_container.pyz").write_bytes(zipapp)
    (tmp_path / "plan.json").write_text("{")
    done = subprocess.run(
        [sys.executable, "fast_container.pyz"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    (line,) = done.stdout.splitlines()
    kind, content = read_line(line) or ("", {})
    assert kind == FAILED
    assert content["what"] == "The build's plan cannot be read."
    assert done.stderr == ""
