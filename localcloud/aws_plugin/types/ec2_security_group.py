"""``aws:ec2/securityGroup:SecurityGroup`` with inline rules: after terraform-provider-aws ``vpc_security_group.go``.

As there, the rule that AWS gives a new group (everything may go out) is removed at once: a group lets through what the
program says, and nothing else. Where the program says nothing about a direction, its rules are somebody else's.
"""

from __future__ import annotations

from typing import Any

from localcloud.aws_plugin import tagging
from localcloud.aws_plugin.schema import Autoname, Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws

_IN_USE_S = 600.0
_ALL = "-1"
_SOURCES = {
    # of a rule: of EC2's answer, key of one entry
    "cidrBlocks": ("IpRanges", "CidrIp"),
    "ipv6CidrBlocks": ("Ipv6Ranges", "CidrIpv6"),
    "prefixListIds": ("PrefixListIds", "PrefixListId"),
    "securityGroups": ("UserIdGroupPairs", "GroupId"),
}


def _create(aws: Aws, inputs: Values) -> str:
    ec2 = aws.client("ec2")
    request: dict[str, Any] = {"GroupName": inputs["name"], "Description": inputs["description"]}
    if inputs.get("vpcId"):
        request["VpcId"] = inputs["vpcId"]
    if inputs["tagsAll"]:
        tags = tagging.as_list(inputs["tagsAll"])
        request["TagSpecifications"] = [{"ResourceType": "security-group", "Tags": tags}]
    group = ec2.create_security_group(**request)["GroupId"]
    _revoke(ec2, "egress", group, _group(ec2, group)["IpPermissionsEgress"])
    for direction in ("ingress", "egress"):
        _authorize(ec2, direction, group, inputs.get(direction) or [])
    return group


def _group(ec2: Any, group: str) -> Any:
    return ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]


def _authorize(ec2: Any, direction: str, group: str, rules: list[Values]) -> None:
    if rules:
        call = getattr(ec2, f"authorize_security_group_{direction}")
        call(GroupId=group, IpPermissions=[_permission(rule, group) for rule in rules])


def _revoke(ec2: Any, direction: str, group: str, permissions: list[Any]) -> None:
    if permissions:
        getattr(ec2, f"revoke_security_group_{direction}")(GroupId=group, IpPermissions=permissions)


def _permission(rule: Values, group: str) -> dict[str, Any]:
    permission: dict[str, Any] = {"IpProtocol": rule["protocol"]}
    if rule["protocol"] != _ALL:
        permission |= {"FromPort": rule["fromPort"], "ToPort": rule["toPort"]}
    said = {"Description": rule["description"]} if rule.get("description") else {}
    for name, (parameter, key) in _SOURCES.items():
        values = list(rule.get(name) or [])
        if name == "securityGroups" and rule.get("self"):
            values.append(group)
        if values:
            permission[parameter] = [{key: value, **said} for value in values]
    return permission


def _rules(permissions: list[Any], group: str) -> list[Values]:
    """EC2's permissions as rules: one for each protocol, ports and description."""
    rules: dict[tuple[Any, ...], Values] = {}
    for permission in permissions:
        ports = permission.get("FromPort", 0), permission.get("ToPort", 0)
        for name, (parameter, key) in _SOURCES.items():
            for entry in permission.get(parameter) or []:
                said = entry.get("Description", "")
                rule = rules.setdefault(
                    (permission["IpProtocol"], *ports, said),
                    {
                        "protocol": permission["IpProtocol"],
                        "fromPort": ports[0],
                        "toPort": ports[1],
                        "self": False,
                        **({"description": said} if said else {}),
                    },
                )
                if name == "securityGroups" and entry[key] == group:
                    rule["self"] = True
                else:
                    rule.setdefault(name, []).append(entry[key])
    return list(rules.values())


def _read(aws: Aws, resource_id: str, prior: Values) -> Values:
    found = _group(aws.client("ec2"), resource_id)
    owner = found["OwnerId"]
    return {
        "name": found["GroupName"],
        "description": found["Description"],
        "vpcId": found.get("VpcId"),
        "ingress": _rules(found["IpPermissions"], resource_id),
        "egress": _rules(found["IpPermissionsEgress"], resource_id),
        "arn": f"arn:{aws.partition}:ec2:{aws.region}:{owner}:security-group/{resource_id}",
        "ownerId": owner,
        "tagsAll": tagging.as_map(found.get("Tags", [])),
    }


def _update(aws: Aws, resource_id: str, old: Values, new: Values, changed: set[str]) -> None:
    ec2 = aws.client("ec2")
    found = _group(ec2, resource_id)
    for direction, member in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
        if direction in changed:
            _revoke(ec2, direction, resource_id, found[member])
            _authorize(ec2, direction, resource_id, new.get(direction) or [])
    to_set, to_remove = tagging.delta(old.get("tagsAll") or {}, new["tagsAll"])
    if to_remove:
        ec2.delete_tags(Resources=[resource_id], Tags=[{"Key": key} for key in to_remove])
    if to_set:
        ec2.create_tags(Resources=[resource_id], Tags=tagging.as_list(to_set))


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    ec2 = aws.client("ec2")
    aws.retry(
        lambda: ec2.delete_security_group(GroupId=resource_id),
        refusals={"DependencyViolation": ("",), "InvalidGroup.InUse": ("",)},
        longest_s=_IN_USE_S,
        waiting_for="what uses the security group",
    )


_RULES = Property(
    kind="set",
    computed=True,
    items=Property(
        kind="object",
        fields={
            "protocol": Property(required=True),
            "fromPort": Property(kind="integer", required=True),
            "toPort": Property(kind="integer", required=True),
            "description": Property(maximum=255),
            "self": Property(kind="boolean", default=False),
            **{name: Property(kind="set") for name in _SOURCES},
        },
    ),
)

RESOURCE_TYPE = ResourceType(
    token="aws:ec2/securityGroup:SecurityGroup",
    inputs={
        "name": Property(replaces=True, maximum=255),
        "description": Property(default="Managed by Pulumi", replaces=True, minimum=1, maximum=255),
        "egress": _RULES,
        "ingress": _RULES,
        "revokeRulesOnDelete": Property(kind="boolean", default=False, write_only=True),
        "vpcId": Property(computed=True, replaces=True),
    },
    outputs=("arn", "ownerId"),
    tagged=True,
    autoname=Autoname(),
    unsupported=frozenset({"namePrefix"}),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    missing_codes=frozenset({"InvalidGroup.NotFound", "InvalidGroupId.Malformed"}),
)
