"""``aws:ecs/taskDefinition:TaskDefinition``: after terraform-provider-aws ``internal/service/ecs/task_definition.go``.

A task definition never changes: all but its tags replaces it, which registers the family's next revision and
deregisters the old one. Its id is the family, so the state's ARN says which revision it is. It is imported by ARN.
"""

from __future__ import annotations

import json
from typing import Any

from localcloud.aws_plugin import tagging
from localcloud.aws_plugin.schema import Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws
from localcloud.aws_plugin.types.ecs_container_definitions import canonical, failures

_SENT = (
    *("cpu", "memory", "executionRoleArn", "taskRoleArn", "networkMode", "ipcMode", "pidMode"),
    *("requiresCompatibilities", "runtimePlatform", "enableFaultInjection"),
)


def _create(aws: Aws, inputs: Values) -> str:
    request: dict[str, Any] = {
        "family": inputs["family"],
        "containerDefinitions": json.loads(inputs["containerDefinitions"]),
        **{name: inputs[name] for name in _SENT if inputs.get(name) not in (None, "", [], {})},
    }
    if inputs.get("ephemeralStorage"):
        request["ephemeralStorage"] = {"sizeInGiB": inputs["ephemeralStorage"]["sizeInGib"]}
    if inputs["tagsAll"]:
        request["tags"] = tagging.as_ecs_list(inputs["tagsAll"])
    # The first read follows at once; by the family alone it would find a revision that somebody else adds meanwhile.
    inputs["arn"] = aws.client("ecs").register_task_definition(**request)["taskDefinition"]["taskDefinitionArn"]
    return inputs["family"]


def _read(aws: Aws, resource_id: str, prior: Values) -> Values | None:
    name = resource_id if prior.get("trackLatest") else prior.get("arn") or resource_id
    answer = aws.client("ecs").describe_task_definition(taskDefinition=name, include=["TAGS"])
    found = answer["taskDefinition"]
    if found.get("status") == "INACTIVE":
        return None
    arn = found["taskDefinitionArn"]
    storage = found.get("ephemeralStorage")
    return {
        **{name: found.get(name) for name in _SENT},
        # Emulators may not show it.
        "enableFaultInjection": found.get("enableFaultInjection", prior.get("enableFaultInjection") or False),
        "ephemeralStorage": {"sizeInGib": storage["sizeInGiB"]} if storage else None,
        "family": found["family"],
        "containerDefinitions": json.dumps(found["containerDefinitions"], separators=(",", ":")),
        "arn": arn,
        "arnWithoutRevision": arn.rpartition(":")[0],
        "revision": found["revision"],
        "tagsAll": tagging.from_ecs_list(answer.get("tags", [])),
    }


def _update(aws: Aws, resource_id: str, old: Values, new: Values, changed: set[str]) -> None:
    tagging.put_on_ecs(aws.client("ecs"), old["arn"], old.get("tagsAll") or {}, new["tagsAll"])
    new["arn"] = old["arn"]


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    if not state.get("skipDestroy"):
        aws.client("ecs").deregister_task_definition(taskDefinition=state["arn"])


def _validate(inputs: Values) -> list[tuple[str, str]]:
    text = inputs["containerDefinitions"]
    return [("containerDefinitions", reason) for reason in failures(text)] if isinstance(text, str) else []


def _fixed(**how: Any) -> Property:
    return Property(replaces=True, **how)


RESOURCE_TYPE = ResourceType(
    token="aws:ecs/taskDefinition:TaskDefinition",
    inputs={
        "containerDefinitions": _fixed(required=True, canonical=canonical),
        "cpu": _fixed(),
        "enableFaultInjection": _fixed(kind="boolean", computed=True),
        "ephemeralStorage": _fixed(
            kind="object", fields={"sizeInGib": Property(kind="integer", required=True, minimum=21, maximum=200)}
        ),
        "executionRoleArn": _fixed(pattern=r"arn:.*"),
        "family": _fixed(required=True, pattern=r"[A-Za-z0-9\-_]{1,255}"),
        "ipcMode": _fixed(choices=("host", "none", "task")),
        "memory": _fixed(),
        "networkMode": _fixed(computed=True, choices=("awsvpc", "bridge", "host", "none")),
        "pidMode": _fixed(choices=("host", "task")),
        "requiresCompatibilities": _fixed(
            kind="set", items=Property(choices=("EC2", "EXTERNAL", "FARGATE", "MANAGED_INSTANCES"))
        ),
        "runtimePlatform": _fixed(
            kind="object",
            fields={"cpuArchitecture": Property(choices=("ARM64", "X86_64")), "operatingSystemFamily": Property()},
        ),
        "skipDestroy": Property(kind="boolean", default=False, write_only=True),
        "taskRoleArn": _fixed(pattern=r"arn:.*"),
        "trackLatest": Property(kind="boolean", default=False, write_only=True),
    },
    outputs=("arn", "arnWithoutRevision", "revision"),
    tagged=True,
    unsupported=frozenset({"placementConstraints", "proxyConfiguration", "volumes"}),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    validate=_validate,
    missing_codes=frozenset({"ClientException"}),
)
