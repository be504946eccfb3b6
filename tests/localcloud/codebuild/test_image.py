"""What a build finds, and what it does not."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest

from localcloud.codebuild import docker
from tests.localcloud.codebuild.conftest import Aws, buildspec

HAVE = ("import boto3, botocore, json, ssl, sqlite3",)
HAVE_NOT = ("import pulumi", "import fast_container", "import localcloud", "import yaml", "import moto", "import pip")


def run(aws: Aws, name: str, *commands: str, privileged: bool = False) -> str:
    aws.codebuild.delete_project(name=name)
    aws.project(name, "true")
    build = aws.run(name, buildspecOverride=buildspec(build=commands), privilegedModeOverride=privileged)
    return f"{build['buildStatus']}\n{aws.log(build)}"


def test_python_has_boto3_and_neither_pulumi_nor_this_project(aws: Aws) -> None:
    commands = [f"python3 -c '{line}'" for line in HAVE]
    commands += [f"if python3 -c '{line}' 2>/dev/null; then exit 9; fi" for line in HAVE_NOT]
    assert run(aws, "python", *commands).startswith("SUCCEEDED")


def test_only_the_images_own_commands_are_there(aws: Aws) -> None:
    assert run(
        aws, "commands", "git --version && tar --version && bash --version", "! command -v pulumi", "! command -v uv"
    ).startswith("SUCCEEDED")


def test_docker_has_no_engine_without_privileged_mode(aws: Aws) -> None:
    log = run(aws, "plain", "docker --version", "docker buildx ls")
    assert log.startswith("FAILED")
    assert "Docker version 28" in log
    assert "Cannot connect to the Docker daemon" in log
    assert run(aws, "engine", "docker info", privileged=True).startswith("SUCCEEDED")


def test_a_login_is_kept_in_the_builds_own_home(tmp_path: Path) -> None:
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"privileged": False, "buildx": "", "buildkit": ""}))
    words = [sys.executable, docker.__file__, settings, "login", "--username", "AWS", "--password-stdin", "host:1"]
    environment = {"HOME": str(tmp_path), "PATH": ""}
    done = subprocess.run(words, input="pass\n", text=True, env=environment, check=True, capture_output=True)
    assert done.stdout == "Login Succeeded\n"
    config = tmp_path / ".docker/config.json"
    assert config.stat().st_mode & 0o777 == 0o600
    auth = json.loads(config.read_text())["auths"]["host:1"]["auth"]
    assert base64.b64decode(auth) == b"AWS:pass"


@pytest.mark.parametrize(
    ("given", "made"),
    [
        (["--name", "b"], ["--name=b", "--driver=remote", "unix:///k"]),
        (
            ["--driver=docker-container", "--driver-opt", "image=i", "--driver-opt=network=host", "--use"],
            ["--use", "--driver=remote", "unix:///k"],
        ),
        (
            ["--buildkitd-flags", "--debug", "--name=b", "--bootstrap", "--node", "n"],
            ["--name=b", "--bootstrap", "--node=n", "--driver=remote", "unix:///k"],
        ),
        (["--driver", "remote", "tcp://other"], ["--driver", "remote", "tcp://other"]),
    ],
)
def test_a_builder_in_a_container_becomes_one_on_this_clouds_buildkit(given: list[str], made: list[str]) -> None:
    assert docker.as_remote(given, "unix:///k") == made


def test_another_builder_driver_is_refused() -> None:
    with pytest.raises(SystemExit):
        docker.as_remote(["--driver", "kubernetes"], "unix:///k")
