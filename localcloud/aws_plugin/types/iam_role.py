"""``aws:iam/role:Role``: after terraform-provider-aws ``internal/service/iam/role.go``.

``inlinePolicies`` and ``managedPolicyArns`` are read back only where the program manages them here; the real provider
shows them always, which makes every refresh after an attachment a change.
"""

from __future__ import annotations

from typing import Any

from localcloud.aws_plugin import tagging
from localcloud.aws_plugin.policy import to_text
from localcloud.aws_plugin.schema import Autoname, Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws

_CONFLICT_S = 5.0


def _create(aws: Aws, inputs: Values) -> str:
    request: dict[str, Any] = {
        "RoleName": inputs["name"],
        "AssumeRolePolicyDocument": to_text(inputs["assumeRolePolicy"]),
        "Path": inputs["path"],
        "MaxSessionDuration": inputs["maxSessionDuration"],
    }
    if inputs["tagsAll"]:
        request["Tags"] = tagging.as_list(inputs["tagsAll"])
    if inputs.get("description"):
        request["Description"] = inputs["description"]
    if inputs.get("permissionsBoundary"):
        request["PermissionsBoundary"] = inputs["permissionsBoundary"]
    name = aws.client("iam").create_role(**request)["Role"]["RoleName"]
    _put_policies(aws, name, {}, inputs)
    return name


def _inline(values: Values) -> dict[str, str]:
    return {block["name"]: to_text(block["policy"]) for block in values.get("inlinePolicies") or []}


def _put_policies(aws: Aws, name: str, old: Values, new: Values) -> None:
    iam = aws.client("iam")
    before, after = set(old.get("managedPolicyArns") or []), set(new.get("managedPolicyArns") or [])
    for arn in sorted(after - before):
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    for arn in sorted(before - after):
        iam.detach_role_policy(RoleName=name, PolicyArn=arn)
    for policy, document in _inline(new).items():
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=document)
    for policy in _inline(old).keys() - _inline(new).keys():
        iam.delete_role_policy(RoleName=name, PolicyName=policy)


def _read(aws: Aws, resource_id: str, prior: Values) -> Values:
    iam = aws.client("iam")
    role = iam.get_role(RoleName=resource_id)["Role"]
    found: Values = {
        "name": role["RoleName"],
        "arn": role["Arn"],
        "uniqueId": role["RoleId"],
        "createDate": f"{role['CreateDate']:%Y-%m-%dT%H:%M:%SZ}",
        "assumeRolePolicy": to_text(role["AssumeRolePolicyDocument"]),
        "path": role["Path"],
        "description": role.get("Description"),
        "maxSessionDuration": role.get("MaxSessionDuration", 3600),
        "permissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        "tagsAll": tagging.as_map(role.get("Tags", [])),
    }
    if prior.get("managedPolicyArns"):
        found["managedPolicyArns"] = attached_policies(iam, resource_id)
    if prior.get("inlinePolicies"):
        found["inlinePolicies"] = [
            {"name": name, "policy": to_text(_inline_policy(iam, resource_id, name))}
            for name in inline_policy_names(iam, resource_id)
        ]
    return found


def attached_policies(iam: Any, role: str) -> list[str]:
    """ARNs of the managed policies of a role, sorted."""
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
    return sorted(policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"])


def inline_policy_names(iam: Any, role: str) -> list[str]:
    """Names of the inline policies of a role, sorted."""
    pages = iam.get_paginator("list_role_policies").paginate(RoleName=role)
    return sorted(name for page in pages for name in page["PolicyNames"])


def _inline_policy(iam: Any, role: str, name: str) -> Any:
    return iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]


def _update(aws: Aws, resource_id: str, old: Values, new: Values, changed: set[str]) -> None:
    iam = aws.client("iam")
    if "assumeRolePolicy" in changed:
        iam.update_assume_role_policy(RoleName=resource_id, PolicyDocument=to_text(new["assumeRolePolicy"]))
    if changed & {"description", "maxSessionDuration"}:
        iam.update_role(
            RoleName=resource_id,
            Description=new.get("description", ""),
            MaxSessionDuration=new["maxSessionDuration"],
        )
    if "permissionsBoundary" in changed:
        if new.get("permissionsBoundary"):
            iam.put_role_permissions_boundary(RoleName=resource_id, PermissionsBoundary=new["permissionsBoundary"])
        else:
            iam.delete_role_permissions_boundary(RoleName=resource_id)
    if changed & {"inlinePolicies", "managedPolicyArns"}:
        _put_policies(aws, resource_id, old, new)
    to_set, to_remove = tagging.delta(old.get("tagsAll") or {}, new["tagsAll"])
    if to_remove:
        iam.untag_role(RoleName=resource_id, TagKeys=to_remove)
    if to_set:
        iam.tag_role(RoleName=resource_id, Tags=tagging.as_list(to_set))


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    iam = aws.client("iam")
    force = state.get("forceDetachPolicies", False)
    if force or state.get("managedPolicyArns"):
        for arn in attached_policies(iam, resource_id):
            iam.detach_role_policy(RoleName=resource_id, PolicyArn=arn)
    if force or state.get("inlinePolicies"):
        for name in inline_policy_names(iam, resource_id):
            iam.delete_role_policy(RoleName=resource_id, PolicyName=name)
    aws.retry(
        lambda: iam.delete_role(RoleName=resource_id),
        refusals={"DeleteConflict": ("",)},
        longest_s=_CONFLICT_S,
        waiting_for="the role's policies to be detached",
    )


RESOURCE_TYPE = ResourceType(
    token="aws:iam/role:Role",
    inputs={
        "name": Property(replaces=True),
        "assumeRolePolicy": Property(kind="json", required=True),
        "description": Property(maximum=1000),
        "forceDetachPolicies": Property(kind="boolean", write_only=True, default=False),
        "inlinePolicies": Property(
            kind="set",
            computed=True,
            items=Property(
                kind="object",
                fields={"name": Property(required=True), "policy": Property(kind="json", required=True)},
            ),
        ),
        "managedPolicyArns": Property(kind="set", computed=True),
        "maxSessionDuration": Property(kind="integer", default=3600, minimum=3600, maximum=43200),
        "path": Property(default="/", replaces=True),
        "permissionsBoundary": Property(),
    },
    outputs=("arn", "createDate", "uniqueId"),
    regional=False,
    tagged=True,
    autoname=Autoname(maximum=64),
    unsupported=frozenset({"namePrefix"}),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    missing_codes=frozenset({"NoSuchEntity"}),
)
