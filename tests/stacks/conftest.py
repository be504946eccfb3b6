"""Runs an example stack under Pulumi's mocks."""

import runpy
from collections.abc import Callable
from pathlib import Path

import pulumi
import pytest

STACKS = Path(__file__).parents[2] / "stacks"


@pytest.fixture
def run_stack(monkeypatch, tmp_path, mock_loops) -> Callable[..., None]:
    """Runs the program of a folder with mocks and configuration; it finds neither tools nor a cache."""
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))

    def run(folder: str, mocks: pulumi.runtime.Mocks, **configuration: str) -> None:
        monkeypatch.chdir(STACKS / folder)
        project = folder.replace("_", "-")
        pulumi.runtime.set_mocks(mocks, project=project, stack="dev", preview=False)
        pulumi.runtime.set_all_config({f"{project}:{key}": text for key, text in configuration.items()})

        @pulumi.runtime.test
        def program() -> None:
            runpy.run_path("__main__.py", run_name="__main__")

        program()

    return run
