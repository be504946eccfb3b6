"""Docker Hub's limit on pulls without a login: what counts, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from localcloud.codebuild.docker_hub import DockerHub, mirrors_docker_hub, pulled_images

DOCKERFILE = """\
# syntax=docker/dockerfile:1
FROM --platform=linux/amd64 python:3.12 AS build
FROM public.ecr.aws/lambda/python:3.12 as second
from build
FROM docker.io/library/busybox:1
FROM scratch
FROM ${BASE}
FROM 127.0.0.1:5000/own/base
"""


@pytest.fixture
def build(tmp_path: Path) -> list[str]:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    return ["build", "--file", str(tmp_path / "Dockerfile"), "."]


def test_what_comes_from_docker_hub_counts_once_and_nothing_else_does(build: list[str]) -> None:
    assert pulled_images([*build, f"-f={build[2]}"], {}) == ["python:3.12", "docker.io/library/busybox:1"]


def test_a_pin_stands_for_the_image_that_it_pins(build: list[str]) -> None:
    pin = f"--build-context=python:3.12=docker-image://docker.io/library/python@sha256:{'0' * 64}"
    assert pulled_images([*build, pin], {})[0].startswith("docker.io/library/python@sha256:")
    assert len(pulled_images([*build, pin], {})) == 2


def test_who_is_logged_in_is_not_counted(build: list[str]) -> None:
    assert pulled_images(build, {"auths": {"https://index.docker.io/v1/": {"auth": "eA=="}}}) == []


def test_all_builds_share_the_limit(tmp_path: Path) -> None:
    hub = DockerHub(tmp_path / "hub")
    assert not hub.refusal(["python:3.12"])
    hub.allow(2)
    assert not hub.refusal(["python:3.12"])
    assert "python:3.13" not in hub.refusal(["busybox", "golang", "python:3.13"])
    assert "golang: failed to resolve source metadata" in DockerHub(tmp_path / "hub").refusal(["golang"])
    hub.allow(None)
    assert not hub.refusal(["python:3.12", "busybox", "golang"])


def test_only_a_mirror_for_docker_hub_is_one() -> None:
    assert mirrors_docker_hub('[registry."docker.io"]\nmirrors = ["mirror.gcr.io"]\n')
    assert not mirrors_docker_hub('[registry."quay.io"]\nmirrors = ["mirror.gcr.io"]\n')
    assert not mirrors_docker_hub("")
