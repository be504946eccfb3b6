"""``aws:cloudwatch/eventTarget:EventTarget``: a target of a rule. Its id is ``rule-target``."""

from __future__ import annotations

import secrets
from typing import Any

from localcloud.aws_plugin.errors import PluginError
from localcloud.aws_plugin.schema import Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws


def _put(aws: Aws, inputs: Values, target: str) -> None:
    request: dict[str, Any] = {"Id": target, "Arn": inputs["arn"]}
    shown = inputs.get("inputTransformer")
    if shown:
        request["InputTransformer"] = {
            "InputPathsMap": shown.get("inputPaths") or {},
            "InputTemplate": shown["inputTemplate"],
        }
    answer = aws.client("events").put_targets(Rule=inputs["rule"], Targets=[request])
    if answer["FailedEntryCount"]:
        raise PluginError(f"PutTargets: {answer['FailedEntries']}")


def _create(aws: Aws, inputs: Values) -> str:
    target = inputs.get("targetId") or f"target-{secrets.token_hex(8)}"
    _put(aws, inputs, target)
    return f"{inputs['rule']}-{target}"


def _read(aws: Aws, resource_id: str, prior: Values) -> Values | None:
    rule = prior["rule"]
    targets = aws.client("events").list_targets_by_rule(Rule=rule)["Targets"]
    found = next((one for one in targets if f"{rule}-{one['Id']}" == resource_id), None)
    if found is None:
        return None
    shown = found.get("InputTransformer")
    return {
        "rule": rule,
        "arn": found["Arn"],
        "targetId": found["Id"],
        "inputTransformer": shown
        and {"inputPaths": shown.get("InputPathsMap"), "inputTemplate": shown["InputTemplate"]},
    }


def _update(aws: Aws, resource_id: str, old: Values, new: Values, changed: set[str]) -> None:
    _put(aws, new, old["targetId"])


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    aws.client("events").remove_targets(Rule=state["rule"], Ids=[state["targetId"]])


RESOURCE_TYPE = ResourceType(
    token="aws:cloudwatch/eventTarget:EventTarget",
    inputs={
        "arn": Property(required=True),
        "inputTransformer": Property(
            kind="object",
            fields={
                "inputPaths": Property(kind="map", maximum=100),
                "inputTemplate": Property(required=True, maximum=8192),
            },
        ),
        "rule": Property(required=True, replaces=True),
        "targetId": Property(computed=True, replaces=True, pattern=r"[.\-_A-Za-z0-9]{1,64}"),
    },
    outputs=(),
    unsupported=frozenset(
        {
            *("appsyncTarget", "batchTarget", "deadLetterConfig", "ecsTarget", "eventBusName", "forceDestroy"),
            *("httpTarget", "input", "inputPath", "kinesisTarget", "redshiftTarget", "retryPolicy", "roleArn"),
            *("runCommandTargets", "sagemakerPipelineTarget", "sqsTarget"),
        }
    ),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    missing_codes=frozenset({"ResourceNotFoundException"}),
)
