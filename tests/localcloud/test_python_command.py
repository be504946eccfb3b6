"""The interpreter of a local cloud answers as the project's own, also where it does not ask pip."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from localcloud.python_command import write_python_command


@pytest.fixture
def command(tmp_path: Path) -> Path:
    return write_python_command(tmp_path / "a folder")


def output(*argv: str | Path) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def test_the_language_host_learns_of_the_same_packages_as_from_pip(command: Path) -> None:
    question = ("-m", "pip", "list", "-v", "--format", "json")
    places = [
        {package["name"].lower(): (package["version"], package["location"]) for package in json.loads(answer)}
        for answer in (output(command, *question), output(sys.executable, *question))
    ]
    assert places[0] == places[1]
    assert "pulumi_aws" in places[0]


def test_everything_else_is_the_projects_interpreter(command: Path) -> None:
    script = "import sys; print(sys.executable, sys.argv[1:])"
    assert output(command, "-c", script, "a b", "-m pip list").split(" ", 1) == [
        sys.executable,
        "['a b', '-m pip list']\n",
    ]
