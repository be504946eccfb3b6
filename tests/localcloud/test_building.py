"""Ordinary Dockerfiles build unmodified on the local cloud and end up in its ECR."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from localcloud import LocalCloud
from tests.localcloud.registry_client import client

pytestmark = pytest.mark.buildkit

PIP = """\
FROM python:3.12-slim AS build
RUN --mount=type=cache,target=/root/.cache/pip pip install six==1.17.0
FROM python:3.12-slim
COPY --from=build /usr/local/lib/python3.12/site-packages /usr/local/lib/python3.12/site-packages
RUN python -c "import six, pathlib; assert list(pathlib.Path(six.__file__).parent.glob('__pycache__/six*.pyc'))"
"""


def build(cloud: LocalCloud, context: Path, dockerfile: str, *options: str) -> subprocess.CompletedProcess[str]:
    (context / "Dockerfile").write_text(dockerfile)
    command = ["buildx", "build", "--progress=plain", "--provenance=false", *options, str(context)]
    return subprocess.run(command, env=cloud.environment(), capture_output=True, text=True, check=False)


def test_pip_works_in_a_build_and_leaves_bytecode(cloud: LocalCloud, tmp_path: Path) -> None:
    result = build(cloud, tmp_path, PIP)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("image", ["busybox", "alpine:latest", "public.ecr.aws/lambda/python:3.12"])
def test_the_real_names_lead_to_the_stand_ins(cloud: LocalCloud, tmp_path: Path, image: str) -> None:
    result = build(cloud, tmp_path, f"FROM {image}\nRUN echo made > /made\n")
    assert result.returncode == 0, result.stderr


def test_debians_stand_in_makes_accounts_and_says_that_it_installs_nothing(cloud: LocalCloud, tmp_path: Path) -> None:
    accounts = (
        "FROM python:3.12-slim\nRUN groupadd --system app && useradd --gid app --create-home app && ls /home/app\n"
    )
    result = build(cloud, tmp_path, f"{accounts}USER app\nRUN test $(id -un) = app\n")
    assert result.returncode == 0, result.stderr
    result = build(cloud, tmp_path, "FROM python:3.12-slim\nRUN apt-get update && apt-get install -y git\n")
    assert "apt-get: this is not the real base image but the local cloud's stand-in" in result.stderr
    assert "exit code: 100" in result.stderr


def test_lambdas_stand_in_says_that_it_installs_nothing(cloud: LocalCloud, tmp_path: Path) -> None:
    result = build(cloud, tmp_path, "FROM public.ecr.aws/lambda/python:3.12\nRUN dnf install -y git\n")
    assert "dnf: this is not the real base image but the local cloud's stand-in" in result.stderr


def test_an_image_that_nobody_serves_is_not_found_at_once(cloud: LocalCloud, tmp_path: Path) -> None:
    began = time.monotonic()
    result = build(cloud, tmp_path, "FROM nobody/has:this\n")
    assert result.returncode != 0
    assert "not found" in result.stderr
    assert time.monotonic() - began < 30


def test_a_push_by_digest_is_an_untagged_image_of_ecr(cloud: LocalCloud, tmp_path: Path, repository: str) -> None:
    ecr = client(cloud, "ecr")
    name = f"{cloud.registry_host}/{repository}"
    output = f"type=image,name={name},push=true,push-by-digest=true,name-canonical=true"
    metadata = tmp_path / "metadata.json"
    context = tmp_path / "context"
    context.mkdir()
    options = (f"--output={output}", f"--metadata-file={metadata}")
    refused = build(cloud, context, "FROM busybox\nCOPY Dockerfile /\n", *options)
    assert "401 Unauthorized" in refused.stderr
    log_in(cloud, ecr, tmp_path)
    (context / "Dockerfile").write_text("FROM busybox\nCOPY Dockerfile /\n")
    environment = {**cloud.environment(), "DOCKER_CONFIG": str(tmp_path)}
    command = ["buildx", "build", "--provenance=false", *options, str(context)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    (details,) = ecr.describe_images(repositoryName=repository)["imageDetails"]
    assert details["imageDigest"] == json.loads(metadata.read_text())["containerimage.digest"]
    assert "imageTags" not in details


def log_in(cloud: LocalCloud, ecr: Any, folder: Path) -> None:
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    (folder / "config.json").write_text(json.dumps({"auths": {cloud.registry_host: {"auth": token}}}))


def test_a_killed_buildkit_takes_its_steps_along(cloud: LocalCloud, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM busybox\nRUN sleep 98765\n")
    command = ["buildx", "build", "--progress=plain", str(tmp_path)]
    building = subprocess.Popen(command, env=cloud.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while not sleeping():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        cloud.kill_buildkit()
        assert not sleeping()
        assert building.wait(timeout=20) != 0
    finally:
        building.kill()
        building.wait()
        cloud.start_buildkit()
    assert build(cloud, tmp_path, "FROM busybox\nRUN echo again\n").returncode == 0


def sleeping() -> list[str]:
    found: list[str] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "cmdline").read_bytes() == b"sleep\x0098765\x00":
                found.append(folder.name)
        except OSError:
            continue
    return found
