"""Which task definitions ECS takes on Fargate, and whether a task of one could start.

Decides the refusals of ``RegisterTaskDefinition`` that moto does not know, and what keeps a task from starting: an
image that is not in the registry or is built for another architecture, an execution role that may not pull or log, a
log group that is not there. No task is run: one that could start counts as running and healthy.
"""

from __future__ import annotations

import json
import re
from typing import Any

from localcloud.aws_api import ApiError
from localcloud.codebuild.role import allows, trusts
from localcloud.ecr_images import ImageStore
from localcloud.ecr_repositories import find_repository
from localcloud.state import ACCOUNT_ID

Json = dict[str, Any]

_IMAGE = re.compile(r"(?P<repository>[^:@]+)(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?")
_PULL_ACTIONS = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
_LOG_ACTIONS = ("logs:CreateLogStream", "logs:PutLogEvents")
_PLATFORM = {"X86_64": "amd64", "ARM64": "arm64"}
_GIB = 1024
# CPU units to memory in MiB: least, most, step (AWS, "Task CPU and memory"). 256 units have a list of their own.
_FARGATE = {
    512: (1 * _GIB, 4 * _GIB, _GIB),
    1024: (2 * _GIB, 8 * _GIB, _GIB),
    2048: (4 * _GIB, 16 * _GIB, _GIB),
    4096: (8 * _GIB, 30 * _GIB, _GIB),
    8192: (16 * _GIB, 60 * _GIB, 4 * _GIB),
    16384: (32 * _GIB, 120 * _GIB, 8 * _GIB),
}
_FARGATE_256 = (512, 1 * _GIB, 2 * _GIB)


def check_registration(body: Json, registry_host: str) -> None:
    """Refuses a task definition that Fargate could not run.

    Raises:
        ApiError: ``ClientException``, with ECS's words.
    """
    if "FARGATE" not in (body.get("requiresCompatibilities") or []):
        return
    if body.get("networkMode") != "awsvpc":
        raise ApiError("ClientException", "Fargate only supports network mode ‘awsvpc’.")
    if not _is_fargate_size(str(body.get("cpu", "")), str(body.get("memory", ""))):
        raise ApiError("ClientException", "No Fargate configuration exists for given values.")
    containers = body.get("containerDefinitions") or []
    ours = any(str(container.get("image", "")).startswith(f"{registry_host}/") for container in containers)
    if ours and not body.get("executionRoleArn"):
        text = "Fargate requires task definition to have execution role ARN to support ECR images."
        raise ApiError("ClientException", text)


def _is_fargate_size(cpu: str, memory: str) -> bool:
    if not (cpu.isdecimal() and memory.isdecimal()):
        return False
    if int(cpu) == 256:
        return int(memory) in _FARGATE_256
    least, most, step = _FARGATE.get(int(cpu), (1, 0, 1))
    return least <= int(memory) <= most and int(memory) % step == 0


class TaskStarts:
    """Looks whether tasks could start."""

    def __init__(self, store: ImageStore, registry_host: str) -> None:
        self._store = store
        self._host = registry_host

    def failure(self, task_definition: Any, region: str) -> str:
        """Why tasks of moto's task definition cannot start, "" when they can."""
        role = getattr(task_definition, "execution_role_arn", None) or ""
        platform = task_definition.runtime_platform or {}
        architecture = _PLATFORM.get(platform.get("cpuArchitecture", "X86_64"), "amd64")
        for container in task_definition.container_definitions:
            image = str(container["image"])
            failure = _log_failure(container.get("logConfiguration") or {}, role, region)
            if not failure and image.startswith(f"{self._host}/"):
                failure = self._pull_failure(image, role, region, architecture)
            if failure:
                return failure
        return ""

    def _pull_failure(self, image: str, role: str, region: str, architecture: str) -> str:
        match = _IMAGE.fullmatch(image.removeprefix(f"{self._host}/"))
        if match is None:
            return f"CannotPullContainerError: invalid reference format: {image}"
        name = match["repository"]
        arn = f"arn:aws:ecr:{region}:{ACCOUNT_ID}:repository/{name}"
        failure = _assume_failure(role, region) or _denied(role, ("ecr:GetAuthorizationToken",), "*")
        failure = failure or _denied(role, _PULL_ACTIONS, arn)
        if failure:
            return failure
        there = find_repository(name, region) is not None
        digest = match["digest"] or self._store.tag(name, match["tag"] or "latest")
        manifest = self._store.manifest(name, digest) if there and digest else None
        if manifest is None:
            return f"CannotPullContainerError: failed to resolve ref {image}: {image}: not found"
        if architecture not in self._architectures(manifest.document):
            platform = f"linux/{architecture}"
            return (
                f"CannotPullContainerError: image Manifest does not contain descriptor matching platform '{platform}'"
            )
        return ""

    def _architectures(self, document: Json) -> set[str]:
        if "manifests" in document:
            return {str(child.get("platform", {}).get("architecture")) for child in document["manifests"]}
        configuration = self._store.read_blob(str(document["config"]["digest"]))
        return {str(json.loads(configuration).get("architecture"))} if configuration else set()


def _assume_failure(role: str, region: str) -> str:
    facts = {"aws:SourceAccount": ACCOUNT_ID, "aws:SourceArn": f"arn:aws:ecs:{region}:{ACCOUNT_ID}:*"}
    if trusts(role, "ecs-tasks.amazonaws.com", facts):
        return ""
    return f"ECS was unable to assume the role '{role}' that was provided for this task."


def _denied(role: str, actions: tuple[str, ...], resource: str) -> str:
    denied = next((action for action in actions if not allows(role, action, resource)), "")
    if not denied:
        return ""
    return (
        f"ResourceInitializationError: AccessDeniedException: {role} is not authorized to perform: {denied} on "
        f"resource: {resource} because no identity-based policy allows the {denied} action"
    )


def _log_failure(configuration: Json, role: str, region: str) -> str:
    if configuration.get("logDriver") != "awslogs":
        return ""
    from moto.logs.models import logs_backends  # noqa: PLC0415 - slow to import

    group = str((configuration.get("options") or {}).get("awslogs-group", ""))
    if group not in logs_backends[ACCOUNT_ID][region].groups:
        return f"ResourceInitializationError: failed to validate logger args: The log group {group} does not exist"
    return _denied(role, _LOG_ACTIONS, f"arn:aws:logs:{region}:{ACCOUNT_ID}:log-group:{group}:log-stream:task")
