"""``aws:cloudwatch/eventRule:EventRule``: a rule on the default event bus. Its id is its name."""

from __future__ import annotations

import json
from typing import Any

from localcloud.aws_plugin import tagging
from localcloud.aws_plugin.schema import Autoname, Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws

_STATES = ("ENABLED", "DISABLED")


def _put(aws: Aws, inputs: Values) -> str:
    request: dict[str, Any] = {"Name": inputs["name"], "State": inputs["state"]}
    for ours, theirs in (("eventPattern", "EventPattern"), ("description", "Description")):
        if inputs.get(ours):
            request[theirs] = inputs[ours]
    events = aws.client("events")
    arn = events.put_rule(**request)["RuleArn"]
    if inputs.get("tagsAll"):
        events.tag_resource(ResourceARN=arn, Tags=tagging.as_list(inputs["tagsAll"]))
    return inputs["name"]


def _read(aws: Aws, resource_id: str, prior: Values) -> Values:
    events = aws.client("events")
    found = events.describe_rule(Name=resource_id)
    return {
        "name": found["Name"],
        "arn": found["Arn"],
        "eventPattern": found.get("EventPattern"),
        "description": found.get("Description"),
        "state": found["State"],
        "tagsAll": tagging.as_map(events.list_tags_for_resource(ResourceARN=found["Arn"])["Tags"]),
    }


def _update(aws: Aws, resource_id: str, old: Values, new: Values, changed: set[str]) -> None:
    _put(aws, new)
    _, to_remove = tagging.delta(old.get("tagsAll") or {}, new["tagsAll"])
    if to_remove:
        aws.client("events").untag_resource(ResourceARN=old["arn"], TagKeys=to_remove)


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    aws.client("events").delete_rule(Name=resource_id)


RESOURCE_TYPE = ResourceType(
    token="aws:cloudwatch/eventRule:EventRule",
    inputs={
        "description": Property(maximum=512),
        "eventPattern": Property(kind="json", required=True, maximum=4096, canonical=json.loads),
        "name": Property(replaces=True, pattern=r"[.\-_A-Za-z0-9]{1,64}"),
        "state": Property(default="ENABLED", choices=_STATES),
    },
    outputs=("arn",),
    tagged=True,
    autoname=Autoname(maximum=64),
    unsupported=frozenset({"eventBusName", "forceDestroy", "isEnabled", "namePrefix", "roleArn", "scheduleExpression"}),
    create=_put,
    read=_read,
    update=_update,
    delete=_delete,
    missing_codes=frozenset({"ResourceNotFoundException"}),
)
