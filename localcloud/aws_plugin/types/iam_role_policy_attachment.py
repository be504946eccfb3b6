"""``aws:iam/rolePolicyAttachment:RolePolicyAttachment``: a managed policy on a role. Its id is ``<role>/<ARN>``."""

from __future__ import annotations

from localcloud.aws_plugin.schema import Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws
from localcloud.aws_plugin.types.iam_role import attached_policies


def _create(aws: Aws, inputs: Values) -> str:
    aws.client("iam").attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
    return f"{inputs['role']}/{inputs['policyArn']}"


def _read(aws: Aws, resource_id: str, prior: Values) -> Values | None:
    role, _, arn = resource_id.partition("/")
    if arn not in attached_policies(aws.client("iam"), role):
        return None
    return {"role": role, "policyArn": arn}


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    role, _, arn = resource_id.partition("/")
    aws.client("iam").detach_role_policy(RoleName=role, PolicyArn=arn)


RESOURCE_TYPE = ResourceType(
    token="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    inputs={
        "policyArn": Property(required=True, replaces=True, pattern=r"arn:.*"),
        "role": Property(required=True, replaces=True),
    },
    outputs=(),
    regional=False,
    create=_create,
    read=_read,
    delete=_delete,
    delete_before_replace=True,
    missing_codes=frozenset({"NoSuchEntity"}),
)
