"""``fast-container certify``, on the local cloud: the whole story, its report, and what is left of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3
import pytest

from localcloud import LocalCloud

COMMAND = [sys.executable, "-m", "fast_container.cli", "certify"]


def command_of(cloud: LocalCloud, *words: str) -> list[str]:
    pairs = [word for key, value in cloud.stack_config().items() for word in ("--config", f"{key}={value}")]
    return [*COMMAND, *pairs, *words]


def environment_of(cloud: LocalCloud) -> dict[str, str]:
    return {**cloud.environment(), "PYTHONPATH": str(Path("components").absolute())}


def certify(cloud: LocalCloud, folder: Path, *words: str, **kwargs: Any) -> subprocess.CompletedProcess[str]:
    environment = {**environment_of(cloud), **kwargs.pop("environment", {})}
    return subprocess.run(
        command_of(cloud, *words),
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
        **kwargs,
    )


def repositories(cloud: LocalCloud) -> list[str]:
    ecr: Any = boto3.client(
        "ecr",
        endpoint_url=cloud.aws_endpoint,
        region_name=cloud.region,
        aws_access_key_id="localcloud",
        aws_secret_access_key="localcloud",
    )
    return [found["repositoryName"] for found in ecr.describe_repositories()["repositories"]]


@pytest.fixture(scope="module")
def certified(
    cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory, warm_environment: dict[str, str]
) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("certify")
    done = certify(cloud, folder, "--yes", environment=warm_environment)
    report = folder / "fast-container-certify.md"
    assert done.returncode == 0, done.stdout + done.stderr + (report.read_text() if report.exists() else "")
    return folder, done.stdout


def test_every_step_of_the_story_shows_what_it_has_to(certified: tuple[Path, str]) -> None:
    folder, said = certified
    report = (folder / "fast-container-certify.md").read_text()
    assert "every step met its expectations" in report
    assert said.count("\nok  ") == 7


def test_the_report_says_which_call_answered_what_and_holds_no_secret(certified: tuple[Path, str]) -> None:
    report = (certified[0] / "fast-container-certify.md").read_text()
    for row in ("| codebuild:StartBuild | 200 |", "| ecr:BatchGetImage | 200 |", "| s3:PutObject | 200 |"):
        assert row in report
    assert "secretKey" not in report
    assert "123456789012" not in report


def test_nothing_is_left_but_the_report(cloud: LocalCloud, certified: tuple[Path, str]) -> None:
    assert [path.name for path in certified[0].iterdir()] == ["fast-container-certify.md"]
    assert not [name for name in repositories(cloud) if name.startswith("fc-certify-")]


def test_it_says_what_it_makes_and_asks(cloud: LocalCloud, tmp_path: Path) -> None:
    done = certify(cloud, tmp_path)
    assert done.returncode == 2
    assert "an ECR repository with two images" in done.stdout
    assert "USD" in done.stdout
    assert "Add --yes." in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_one_has_left_is_removed_by_clean(cloud: LocalCloud, tmp_path: Path) -> None:
    process = subprocess.Popen(
        command_of(cloud, "--yes", "--no-local"),
        cwd=tmp_path,
        env=environment_of(cloud),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    )
    deadline = time.monotonic() + 60
    while not any(name.startswith("fc-certify-") for name in repositories(cloud)):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    refused = certify(cloud, tmp_path, "--yes")
    assert refused.returncode == 2
    assert "--clean" in refused.stderr
    cleaned = certify(cloud, tmp_path, "--clean")
    assert cleaned.returncode == 0, cleaned.stdout + cleaned.stderr
    assert not [name for name in repositories(cloud) if name.startswith("fc-certify-")]
    assert list(tmp_path.iterdir()) == []


def test_nonsense_is_refused_in_one_message(cloud: LocalCloud, tmp_path: Path) -> None:
    for words, said in (
        (["--config", "nonsense"], "'nonsense' is not KEY=VALUE."),
        (["--profile", "no-such"], "The AWS profile does not exist."),
        (["--yes", "--folder", "."], "An earlier certification has left resources."),
    ):
        done = certify(cloud, tmp_path, *words)
        assert done.returncode == 2
        assert said in done.stderr
        assert "Traceback" not in done.stderr


def test_without_pulumi_it_says_what_to_install(cloud: LocalCloud, tmp_path: Path) -> None:
    done = certify(cloud, tmp_path, "--yes", environment={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 2
    assert "The Pulumi CLI was not found." in done.stderr
