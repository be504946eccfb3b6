"""``aws:cloudwatch/logGroup:LogGroup``. Its id is its name; one that exists already is an error, as with AWS."""

from __future__ import annotations

from typing import Any

from localcloud.aws_plugin import tagging
from localcloud.aws_plugin.schema import Autoname, Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws

# PutRetentionPolicy takes these and no others; 0 stands for "never".
_DAYS = (0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
_CLASSES = ("STANDARD", "INFREQUENT_ACCESS", "DELIVERY")


def _create(aws: Aws, inputs: Values) -> str:
    request: dict[str, Any] = {"logGroupName": inputs["name"]}
    if inputs["tagsAll"]:
        request["tags"] = inputs["tagsAll"]
    if inputs.get("kmsKeyId"):
        request["kmsKeyId"] = inputs["kmsKeyId"]
    if inputs.get("logGroupClass"):
        request["logGroupClass"] = inputs["logGroupClass"]
    logs = aws.client("logs")
    logs.create_log_group(**request)
    if inputs["retentionInDays"]:
        logs.put_retention_policy(logGroupName=inputs["name"], retentionInDays=inputs["retentionInDays"])
    return inputs["name"]


def _read(aws: Aws, resource_id: str, prior: Values) -> Values | None:
    logs = aws.client("logs")
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=resource_id)
    groups = (group for page in pages for group in page["logGroups"])
    group = next((group for group in groups if group["logGroupName"] == resource_id), None)
    if group is None:
        return None
    arn = group["arn"].removesuffix(":*")
    return {
        "name": resource_id,
        "arn": arn,
        "retentionInDays": group.get("retentionInDays", 0),
        "kmsKeyId": group.get("kmsKeyId"),
        "logGroupClass": group.get("logGroupClass", prior.get("logGroupClass") or "STANDARD"),
        "tagsAll": logs.list_tags_for_resource(resourceArn=arn).get("tags", {}),
    }


def _update(aws: Aws, resource_id: str, old: Values, new: Values, changed: set[str]) -> None:
    logs = aws.client("logs")
    if "retentionInDays" in changed:
        if new["retentionInDays"]:
            logs.put_retention_policy(logGroupName=resource_id, retentionInDays=new["retentionInDays"])
        else:
            logs.delete_retention_policy(logGroupName=resource_id)
    if "kmsKeyId" in changed:
        if new.get("kmsKeyId"):
            logs.associate_kms_key(logGroupName=resource_id, kmsKeyId=new["kmsKeyId"])
        else:
            logs.disassociate_kms_key(logGroupName=resource_id)
    to_set, to_remove = tagging.delta(old.get("tagsAll") or {}, new["tagsAll"])
    if to_remove:
        logs.untag_resource(resourceArn=old["arn"], tagKeys=to_remove)
    if to_set:
        logs.tag_resource(resourceArn=old["arn"], tags=to_set)


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    if not state.get("skipDestroy"):
        aws.client("logs").delete_log_group(logGroupName=resource_id)


def _validate(inputs: Values) -> list[tuple[str, str]]:
    days = inputs["retentionInDays"]
    if isinstance(days, int) and days not in _DAYS:
        return [("retentionInDays", f"expected one of {', '.join(map(str, _DAYS))}, got {days}")]
    return []


RESOURCE_TYPE = ResourceType(
    token="aws:cloudwatch/logGroup:LogGroup",
    inputs={
        "name": Property(replaces=True, pattern=r"[A-Za-z0-9\-_/.#]{1,512}"),
        "kmsKeyId": Property(),
        "logGroupClass": Property(computed=True, replaces=True, choices=_CLASSES),
        "retentionInDays": Property(kind="integer", default=0),
        "skipDestroy": Property(kind="boolean", default=False, write_only=True),
    },
    outputs=("arn",),
    tagged=True,
    autoname=Autoname(),
    unsupported=frozenset({"namePrefix", "deletionProtectionEnabled"}),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    validate=_validate,
    missing_codes=frozenset({"ResourceNotFoundException"}),
)
