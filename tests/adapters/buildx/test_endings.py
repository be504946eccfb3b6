"""How builds end that do not end well, and what they leave."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from fast_container.build.pipeline import publish
from fast_container.errors import BuilderError, BuildFailed, ContextError, LocalSystemError
from tests.adapters.buildkit_images import Local
from tests.build.fakes import StepClock

pytestmark = pytest.mark.buildkit

SCRATCH = "FROM scratch\nCOPY . /app/\n"


def test_a_failing_step_is_told_with_exit_code_and_last_lines(local: Local) -> None:
    escapes = r"printf 'be\033[2Jfore\033[0m\n::error::forged\b\n'"
    dockerfile = f"FROM busybox\nRUN --mount=type=secret,id=s {escapes}; cat /run/secrets/s; exit 7\n"
    job = local.job(dockerfile, secrets={"s": b"hunter2-secret\n"})
    with pytest.raises(BuildFailed) as caught:
        local.build(job)
    error = caught.value
    assert "2/2] RUN --mount=type=secret" in error.step
    # Nothing that a step prints moves the terminal's cursor or is taken for a command of a CI system.
    assert (error.exit_code, error.last_lines) == (7, ("before", r"\x3a:error::forged\x08", "***"))
    assert "\x1b" not in str(error) + Path(error.log_path).read_text()
    assert Path(error.log_path).read_text().count("***") == 1
    assert "hunter2" not in str(error) + Path(error.log_path).read_text()


def test_a_dockerfile_that_cannot_be_parsed_is_told_with_its_lines(local: Local) -> None:
    with pytest.raises(BuildFailed, match=r"unknown instruction: RUNX") as caught:
        local.build(local.job("FROM busybox\nRUNX\n"))
    assert any(">>> RUNX" in line for line in caught.value.last_lines)


def test_a_file_that_changed_since_it_was_hashed_stops_the_build(local: Local, tree: Path) -> None:
    (tree / "f").write_text("before")
    job = local.job(SCRATCH, tree)
    (tree / "f").write_text("after!")
    with pytest.raises(ContextError):
        local.build(job)


def test_a_build_goes_on_without_a_log_and_says_so(local: Local, tree: Path) -> None:
    (tree / "f").write_text("no log")
    local.logs.write_text("a file where the folder should be")
    built = local.build(local.job(SCRATCH, tree))
    assert built.log_path == ""
    assert any("log could not be written" in line for line in local.reporter.notes)


def test_no_room_for_what_is_staged_is_told_with_the_image_and_what_helps(
    local: Local, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(local.folder / "gone"))
    with pytest.raises(LocalSystemError, match="build of api could not be prepared") as caught:
        local.build(local.job(SCRATCH, tree))
    assert "TMPDIR" in str(caught.value)
    assert str(local.folder / "gone") in caught.value.where


def test_what_takes_too_long_is_stopped_and_leaves_nothing(local: Local) -> None:
    job = local.job("FROM busybox\nRUN sleep 61\n", timeout_s=1.0)
    with pytest.raises(BuildFailed, match="stopped after 1 s"):
        local.build(job)
    assert local.running() == []


def test_a_cancelled_build_leaves_no_process_and_no_tag(local: Local) -> None:
    job = local.job("FROM busybox\nRUN sleep 62\n")

    async def scenario() -> None:
        registry = local.registry
        task = asyncio.create_task(publish(job, registry, local.executor(), local.reporter, StepClock()))
        while not any("sleep 62" in line for line in local.reporter.progressed):
            await asyncio.wait([task], timeout=0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await registry.find([job.key.tag]) == {}

    asyncio.run(scenario())
    assert local.running() == []


def test_a_push_that_is_refused_is_told_apart_from_a_failed_build(local: Local) -> None:
    job = replace(local.job("FROM busybox\n"), repository_url=f"{local.cloud.registry_host}/missing")
    with pytest.raises(BuildFailed, match="could not be pushed") as caught:
        local.build(job)
    assert "'missing' does not exist" in caught.value.why
    assert "repository exists" in caught.value.next_step


def test_a_builder_that_is_not_there_is_one_clear_error(local: Local, tree: Path) -> None:
    with pytest.raises(BuilderError, match="nosuch-builder cannot be used"):
        asyncio.run(local.executor("nosuch-builder").build(local.job(SCRATCH), local.reporter))


def test_a_killed_buildkit_is_one_clear_error_and_the_next_build_works(local: Local) -> None:
    job = local.job("FROM busybox\nRUN sleep 3\n")

    async def scenario() -> None:
        executor = local.executor()
        task = asyncio.create_task(executor.build(job, local.reporter))
        while not any("sleep 3" in line for line in local.reporter.progressed):
            await asyncio.wait([task], timeout=0.05)
        await asyncio.to_thread(local.cloud.kill_buildkit)
        with pytest.raises(BuildFailed, match="lost the connection to BuildKit"):
            await task
        with pytest.raises(BuilderError, match="cannot be reached"):
            await executor.build(job, local.reporter)
        await asyncio.to_thread(local.cloud.start_buildkit)
        await executor.build(local.job("FROM busybox\nRUN echo again\n"), local.reporter)

    try:
        asyncio.run(scenario())
    finally:
        local.cloud.start_buildkit()
    assert local.running() == []


PROGRAM = """
import asyncio, json, sys
sys.path[:0] = json.loads(sys.argv[1])
import os
from fast_container.adapters.buildx.executor import BuildxExecutor
from fast_container.adapters.process.shared_guard import SharedGuard
from tests.adapters.buildkit_images import make_job
from tests.build.fakes import ListReporter
class Reporter(ListReporter):
    def progress(self, line):
        print(line, flush=True)
job = make_job(sys.argv[2], "FROM busybox\\nRUN sleep 64\\n", secrets={"s": b"hunter4-secret"})
asyncio.run(BuildxExecutor(None, os.environ, sys.argv[3], guard=SharedGuard()).build(job, Reporter()))
"""


def test_a_killed_program_leaves_no_process_no_tag_and_no_secret(local: Local) -> None:
    root = Path(__file__).parents[3]
    temporary = local.folder / "tmp"
    arguments = [json.dumps([str(root), str(root / "components")]), local.url, str(local.logs)]
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        env={**local.environment, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        for line in program.stdout:
            if "sleep 64" in line:
                break
        assert len(local.running()) >= 2
        program.send_signal(signal.SIGKILL)
    end = time.monotonic() + 10
    while (local.running() or any(temporary.iterdir())) and time.monotonic() < end:
        time.sleep(0.05)
    assert local.running() == []
    assert list(temporary.iterdir()) == []
