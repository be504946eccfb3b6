"""``aws:iam/policy:Policy``: a managed policy. Its id is its ARN; an update makes a new default version."""

from __future__ import annotations

from typing import Any

from localcloud.aws_plugin import tagging
from localcloud.aws_plugin.policy import to_text
from localcloud.aws_plugin.schema import Autoname, Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws

_MOST_VERSIONS = 5


def _create(aws: Aws, inputs: Values) -> str:
    request: dict[str, Any] = {
        "PolicyName": inputs["name"],
        "PolicyDocument": to_text(inputs["policy"]),
        "Path": inputs["path"],
    }
    if inputs.get("description"):
        request["Description"] = inputs["description"]
    if inputs["tagsAll"]:
        request["Tags"] = tagging.as_list(inputs["tagsAll"])
    return aws.client("iam").create_policy(**request)["Policy"]["Arn"]


def _read(aws: Aws, resource_id: str, prior: Values) -> Values:
    iam = aws.client("iam")
    policy = iam.get_policy(PolicyArn=resource_id)["Policy"]
    version = iam.get_policy_version(PolicyArn=resource_id, VersionId=policy["DefaultVersionId"])
    return {
        "name": policy["PolicyName"],
        "arn": policy["Arn"],
        "policyId": policy["PolicyId"],
        "path": policy["Path"],
        "description": policy.get("Description"),
        "attachmentCount": policy.get("AttachmentCount", 0),
        "policy": to_text(version["PolicyVersion"]["Document"]),
        "tagsAll": tagging.as_map(policy.get("Tags", [])),
    }


def _versions(iam: Any, arn: str) -> list[Any]:
    pages = iam.get_paginator("list_policy_versions").paginate(PolicyArn=arn)
    return [version for page in pages for version in page["Versions"]]


def _update(aws: Aws, resource_id: str, old: Values, new: Values, changed: set[str]) -> None:
    iam = aws.client("iam")
    if "policy" in changed:
        versions = [version for version in _versions(iam, resource_id) if not version["IsDefaultVersion"]]
        if len(versions) >= _MOST_VERSIONS - 1:
            oldest = min(versions, key=lambda version: version["CreateDate"])
            iam.delete_policy_version(PolicyArn=resource_id, VersionId=oldest["VersionId"])
        iam.create_policy_version(PolicyArn=resource_id, PolicyDocument=to_text(new["policy"]), SetAsDefault=True)
    to_set, to_remove = tagging.delta(old.get("tagsAll") or {}, new["tagsAll"])
    if to_remove:
        iam.untag_policy(PolicyArn=resource_id, TagKeys=to_remove)
    if to_set:
        iam.tag_policy(PolicyArn=resource_id, Tags=tagging.as_list(to_set))


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    iam = aws.client("iam")
    for version in _versions(iam, resource_id):
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=resource_id, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=resource_id)


RESOURCE_TYPE = ResourceType(
    token="aws:iam/policy:Policy",
    inputs={
        "name": Property(replaces=True),
        "description": Property(replaces=True),
        "path": Property(default="/", replaces=True),
        "policy": Property(kind="json", required=True),
    },
    outputs=("arn", "attachmentCount", "policyId"),
    regional=False,
    tagged=True,
    autoname=Autoname(maximum=128),
    unsupported=frozenset({"namePrefix", "delayAfterPolicyCreationInMs"}),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    missing_codes=frozenset({"NoSuchEntity"}),
)
