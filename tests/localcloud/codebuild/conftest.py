"""AWS of this process: moto behind our handlers, without registry and BuildKit, so that most tests need no cloud."""

from __future__ import annotations

import io
import json
import os
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from localcloud.api_calls import ApiCalls
from localcloud.aws_api import AwsApi
from localcloud.codebuild.api import CodeBuildApi
from localcloud.codebuild.control import CallControl, CodeBuildControl
from localcloud.iam_api import IamApi
from localcloud.moto_server import AwsServer, make_moto
from localcloud.processes import spawn
from localcloud.s3_api import S3Api
from localcloud.state import ACCOUNT_ID

REGION = "us-east-1"
BUCKET = "sources"
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/builder"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "codebuild.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
MAY_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


SLEEP = f"sleep 61.{os.getpid()}"
"""A command that no other test run starts."""


def asleep() -> bool:
    """Whether a build of this test run sleeps."""
    return subprocess.run(["pgrep", "-fx", SLEEP], check=False, capture_output=True).returncode == 0


class Aws:
    """Clients of the emulator, and what tests do again and again with CodeBuild."""

    def __init__(self, endpoint: str, control: Callable[[str, bytes], Any]) -> None:
        self.endpoint = endpoint
        self.control = CodeBuildControl(control)
        self.calls = CallControl(control)
        self.codebuild, self.s3, self.iam = self.client("codebuild"), self.client("s3"), self.client("iam")
        self.logs = self.client("logs")

    def client(
        self, service: str, *, region: str = REGION, attempts: int = 1, keys: dict[str, str] | None = None
    ) -> Any:
        keys = keys or {"AccessKeyId": "deployer", "SecretAccessKey": "deployer"}
        config = Config(retries={"mode": "standard", "total_max_attempts": attempts}, s3={"addressing_style": "path"})
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys.get("SessionToken"),
            config=config,
        )

    def project(self, name: str, *commands: str, **settings: Any) -> dict[str, Any]:
        """A project whose buildspec runs the commands in its build phase."""
        spec = settings.pop("buildspec", None) or buildspec(build=commands)
        request = {
            "name": name,
            "source": {"type": "NO_SOURCE", "buildspec": spec},
            "artifacts": {"type": "NO_ARTIFACTS"},
            "environment": {
                "type": "LINUX_CONTAINER",
                "computeType": "BUILD_GENERAL1_SMALL",
                "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
            },
            "serviceRole": ROLE,
        }
        return self.codebuild.create_project(**{**request, **settings})["project"]

    def start(self, name: str, **overrides: Any) -> dict[str, Any]:
        return self.codebuild.start_build(projectName=name, **overrides)["build"]

    def look(self, build: dict[str, Any]) -> dict[str, Any]:
        return self.codebuild.batch_get_builds(ids=[build["id"]])["builds"][0]

    def wait(
        self, build: dict[str, Any], until: Callable[[dict[str, Any]], bool] = lambda one: one["buildComplete"]
    ) -> dict[str, Any]:
        deadline = time.monotonic() + 20
        while not until(shown := self.look(build)):
            assert time.monotonic() < deadline, shown["phases"]
            time.sleep(0.02)
        return shown

    def run(self, name: str, **overrides: Any) -> dict[str, Any]:
        return self.wait(self.start(name, **overrides))

    def log(self, build: dict[str, Any]) -> str:
        place = self.look(build)["logs"]
        events = self.logs.get_log_events(
            logGroupName=place["groupName"], logStreamName=place["streamName"], startFromHead=True
        )
        return "".join(event["message"] for event in events["events"])

    def upload(self, key: str, files: dict[str, bytes | str]) -> str:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=archive(files))
        return f"{BUCKET}/{key}"


def archive(files: dict[str, bytes | str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as opened:
        for name, data in files.items():
            opened.writestr(zipfile.ZipInfo(name), data)
    return content.getvalue()


def buildspec(**phases: Any) -> str:
    """A buildspec as JSON, which is YAML too."""
    blocks = {name: {"commands": list(commands)} for name, commands in phases.items()}
    return json.dumps({"version": "0.2", "phases": blocks}, indent=1)


def statuses(build: dict[str, Any]) -> dict[str, str]:
    """Phase to status; the last has none."""
    return {phase["phaseType"]: phase.get("phaseStatus", "") for phase in build["phases"]}


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Callable[[str, bytes], Any]]]:
    s3, iam = S3Api(), IamApi()
    calls, services, control = ApiCalls(ACCOUNT_ID), {"s3": s3, "iam": iam}, {}
    server = AwsServer(AwsApi(make_moto(), services, control, "token", calls.refusal))
    codebuild = CodeBuildApi(
        tmp_path_factory.mktemp("codebuild"), Path("/nowhere"), "unix:///nowhere", lambda: server.endpoint, spawn
    )
    services["codebuild"] = codebuild
    calls.may, calls.is_build, calls.absent = codebuild.refusal, codebuild.is_build, codebuild.absent
    s3.may = codebuild.refusal
    iam.delay_s = lambda: codebuild.faults.limits.iam_delay_s
    codebuild.faults.documents = iam.documents
    routes = {**calls.control_routes(), **codebuild.control_routes()}
    server.start()
    yield server.endpoint, lambda route, body: routes[route](body)
    codebuild.stop()


@pytest.fixture(scope="session")
def shared_aws(endpoint: tuple[str, Callable[[str, bytes], Any]]) -> Aws:
    aws = Aws(*endpoint)
    aws.iam.create_role(RoleName="builder", AssumeRolePolicyDocument=json.dumps(TRUST))
    aws.iam.put_role_policy(RoleName="builder", PolicyName="all", PolicyDocument=json.dumps(MAY_ALL))
    aws.s3.create_bucket(Bucket=BUCKET)
    return aws


@pytest.fixture
def aws(shared_aws: Aws) -> Iterator[Aws]:
    # Builds of a role whose policy was just put do not race with it; who tests the delay sets it.
    shared_aws.control.limits(iam_delay_s=0.0)
    yield shared_aws
    shared_aws.control.reset()
    shared_aws.calls.reset()
