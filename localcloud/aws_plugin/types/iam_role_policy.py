"""``aws:iam/rolePolicy:RolePolicy``: one inline policy of a role. Its id is ``<role>:<name>``."""

from __future__ import annotations

from localcloud.aws_plugin.policy import to_text
from localcloud.aws_plugin.schema import Autoname, Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws


def _put(aws: Aws, inputs: Values) -> None:
    aws.client("iam").put_role_policy(
        RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=to_text(inputs["policy"])
    )


def _create(aws: Aws, inputs: Values) -> str:
    _put(aws, inputs)
    return f"{inputs['role']}:{inputs['name']}"


def _read(aws: Aws, resource_id: str, prior: Values) -> Values:
    role, _, name = resource_id.partition(":")
    found = aws.client("iam").get_role_policy(RoleName=role, PolicyName=name)
    return {"name": found["PolicyName"], "role": found["RoleName"], "policy": to_text(found["PolicyDocument"])}


def _update(aws: Aws, resource_id: str, old: Values, new: Values, changed: set[str]) -> None:
    _put(aws, new)


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    role, _, name = resource_id.partition(":")
    aws.client("iam").delete_role_policy(RoleName=role, PolicyName=name)


RESOURCE_TYPE = ResourceType(
    token="aws:iam/rolePolicy:RolePolicy",
    inputs={
        "name": Property(replaces=True),
        "policy": Property(kind="json", required=True),
        "role": Property(required=True, replaces=True),
    },
    outputs=(),
    regional=False,
    autoname=Autoname(maximum=128),
    unsupported=frozenset({"namePrefix"}),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    missing_codes=frozenset({"NoSuchEntity"}),
)
