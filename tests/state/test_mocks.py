"""A user's own unit tests with Pulumi's mocks work on our components, and touch neither Docker nor network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FAILING_TEST = """
import asyncio
import pulumi
from fast_container import FastContainerImage
from tests.state.mocked_program import run

async def program():
    image = FastContainerImage("api", repository="r.example/shop/images", context="api")
    raise AttributeError("what the test is about")

for _ in range(3):
    try:
        run(program, preview=True)
    except AttributeError as error:
        print(error)
"""
ROOT = Path(__file__).parents[2]
USERS_TESTS = Path(__file__).with_name("unit_tests_of_a_user.py")


@pytest.mark.parametrize("mode", ["preview", "up"])
def test_a_users_unit_tests_run_without_docker_and_network(mode: str, tmp_path: Path) -> None:
    """In a process of its own: mocks are global, and so is the audit hook that refuses whatever reaches outside."""
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PULUMI_", "DOCKER_"))}
    environment = {**kept, "PATH": "", "HOME": str(tmp_path), "FAST_CONTAINER_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, USERS_TESTS, mode], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Ran 3 tests" in done.stderr
    # Pulumi's mocks make event loops in their threads and close none; at exit Python may say so.
    said = done.stderr.partition("Exception ignored in: <function BaseEventLoop.__del__")[0]
    assert "Traceback" not in said, said


def test_a_unit_test_that_fails_while_images_are_prepared_says_so_itself(tmp_path: Path) -> None:
    """The SDK stops its callback server, which starts at that moment, and the process ended with a SIGSEGV."""
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    path = os.pathsep.join([str(ROOT / "components"), str(ROOT)])
    environment = {**os.environ, "FAST_CONTAINER_CACHE": str(tmp_path / "cache"), "PYTHONPATH": path}
    run = [sys.executable, "-c", FAILING_TEST]
    done = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, 3 * "what the test is about\n"), done.stderr
