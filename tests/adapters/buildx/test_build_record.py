"""BuildKit's own record of a build, exported with the real buildx and BuildKit."""

from __future__ import annotations

import asyncio
import json
import sys
import tarfile
from pathlib import Path

import pytest

from fast_container.adapters.buildx.build_record import export_record
from fast_container.adapters.buildx.builder import Builder
from fast_container.adapters.buildx.executor import BuildxExecutor
from tests.adapters.buildkit_images import Local, make_job


@pytest.mark.buildkit
def test_the_record_of_each_build_is_a_file_for_docker_desktop(local: Local, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "records"
    executor = BuildxExecutor(
        None,
        local.environment,
        local.logs,
        credentials=local.registries.push_credentials,
        export_records=folder,
    )
    job = make_job(local.url, "FROM busybox\nRUN echo exported > /x\n")
    asyncio.run(executor.build(job, local.reporter))
    (file,) = folder.iterdir()
    assert file.name.startswith(f"api-{job.key.hex[:12]}-")
    assert file.suffix == ".dockerbuild"
    with tarfile.open(file) as archive:
        names = archive.getnames()
    assert "index.json" in names
    assert any(name.startswith("blobs/sha256/") for name in names)
    assert not [line for line in local.reporter.notes if "record" in line]


@pytest.mark.parametrize(
    ("program", "timeout_s", "said"),
    [
        ("import sys; sys.exit('ERROR: unknown command: buildx history')", 30.0, "takes buildx 0.23 and BuildKit 0.20"),
        ("import sys; sys.exit('ERROR: no such record')", 30.0, "no such record"),
        ("import time; time.sleep(30)", 0.1, "no end after 0 s"),
        ("pass", 30.0, "buildx ended with 0"),
    ],
)
def test_what_cannot_be_exported_is_one_line(program: str, timeout_s: float, said: str, tmp_path: Path) -> None:
    metadata = tmp_path / "metadata.json"
    metadata.write_text(json.dumps({"buildx.build.ref": "builder/node/abcdefghijkl"}))
    builder = Builder((sys.executable, "-c", program), "b")
    why = asyncio.run(export_record(builder, metadata, tmp_path / "out", "api-0", {}, timeout_s=timeout_s))
    assert said in why
    assert "\n" not in why
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("content", ["{}", "[]", "{", '{"buildx.build.ref": "--output=/etc/x y"}'])
def test_a_build_that_buildx_does_not_name_is_one_line(content: str, tmp_path: Path) -> None:
    (tmp_path / "metadata.json").write_text(content)
    builder = Builder((sys.executable, "-c", "pass"), "b")
    assert asyncio.run(export_record(builder, tmp_path / "metadata.json", tmp_path / "out", "api-0", {}))


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "metadata.json").write_text(json.dumps({"buildx.build.ref": "b/n/abcdefghijkl"}))
    (tmp_path / "file").write_text("")
    builder = Builder((sys.executable, "-c", "pass"), "b")
    assert "file" in asyncio.run(export_record(builder, tmp_path / "metadata.json", tmp_path / "file" / "x", "a", {}))
