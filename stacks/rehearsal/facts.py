"""What really happened, asked from the parts that did it.

Builds are counted in BuildKit's own history, images in the registry (through ECR's API), answers come from invoked
functions. Nothing here is read from what a program printed.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

from stacks.rehearsal.checkout import DemoFailed


@dataclass(frozen=True)
class Build:
    """One build in BuildKit's history; times in seconds since the epoch."""

    reference: str
    started: float
    ended: float
    steps: int
    steps_cached: int
    failed: bool


class Facts:
    """Asks BuildKit, ECR and Lambda of a running local cloud."""

    def __init__(self, aws_endpoint: str, region: str, buildkit_address: str, environment: Mapping[str, str]) -> None:
        self._buildkit_address = buildkit_address
        self._environment = environment
        session = boto3.Session(
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=environment.get("AWS_SESSION_TOKEN"),
            region_name=region,
        )
        self.ecr = session.client("ecr", endpoint_url=aws_endpoint)
        self.functions = session.client("lambda", endpoint_url=aws_endpoint)
        self.iam = session.client("iam", endpoint_url=aws_endpoint)

    def builds(self) -> dict[str, Build]:
        """Every build that BuildKit has run, by its reference."""
        command = ["buildctl", "--addr", self._buildkit_address, "debug", "histories", "--format", "{{json .}}"]
        done = subprocess.run(command, env=dict(self._environment), capture_output=True, text=True, check=False)
        if done.returncode:
            raise DemoFailed(f"BuildKit's history could not be read: {done.stderr.strip()}")
        found = [read_build(json.loads(line)["record"]) for line in done.stdout.splitlines() if line]
        return {build.reference: build for build in found}

    def key_tags(self, repository: str) -> dict[str, str]:
        """Key tag → digest of every image of a repository."""
        pages = self.ecr.get_paginator("describe_images").paginate(repositoryName=repository)
        return {
            tag: image["imageDigest"]
            for page in pages
            for image in page["imageDetails"]
            for tag in image.get("imageTags", [])
            if tag.startswith("key-")
        }

    def delete_image(self, repository: str, digest: str) -> None:
        """BatchDeleteImage of one image with all its tags."""
        answer = self.ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageDigest": digest}])
        if answer.get("failures"):
            raise DemoFailed(f"ECR did not delete the image: {answer['failures']}")

    def function_names(self) -> list[str]:
        """All functions of the account."""
        pages = self.functions.get_paginator("list_functions").paginate()
        return [function["FunctionName"] for page in pages for function in page["Functions"]]

    def role_names(self) -> list[str]:
        """All roles of the account."""
        return [role["RoleName"] for page in self.iam.get_paginator("list_roles").paginate() for role in page["Roles"]]

    def invoke(self, function: str, event: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON answer of a function, once it is active."""
        self.functions.get_waiter("function_active_v2").wait(FunctionName=function)
        self.functions.get_waiter("function_updated_v2").wait(FunctionName=function)
        try:
            answer = self.functions.invoke(FunctionName=function, Payload=json.dumps(event).encode())
        except ClientError as error:
            raise DemoFailed(f"function {function} could not be invoked: {error}") from None
        payload = answer["Payload"].read().decode()
        if "FunctionError" in answer:
            raise DemoFailed(f"function {function} failed: {payload}")
        return json.loads(payload)


def at_once(builds: list[Build]) -> int:
    """How many of these builds ran at the same time at most."""
    moments = sorted([(build.started, 1) for build in builds] + [(build.ended, -1) for build in builds])
    running = most = 0
    for _, step in moments:
        running += step
        most = max(most, running)
    return most


def read_build(record: Mapping[str, Any]) -> Build:
    return Build(
        reference=record["Ref"],
        started=_seconds(record.get("CreatedAt")),
        ended=_seconds(record.get("CompletedAt")),
        steps=int(record.get("numTotalSteps") or 0),
        steps_cached=int(record.get("numCachedSteps") or 0),
        failed=bool(record.get("error")),
    )


def _seconds(timestamp: Mapping[str, int] | None) -> float:
    return (timestamp or {}).get("seconds", 0) + (timestamp or {}).get("nanos", 0) / 1e9
