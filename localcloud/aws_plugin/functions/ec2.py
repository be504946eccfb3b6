"""``aws.ec2.get_vpc`` and ``get_subnets``."""

from __future__ import annotations

from typing import Any

from localcloud.aws_plugin import tagging
from localcloud.aws_plugin.errors import PluginError
from localcloud.aws_plugin.schema import Function, Property, Values
from localcloud.aws_plugin.session import Aws


def _filters(arguments: Values, own: dict[str, str]) -> list[dict[str, Any]]:
    filters = [{"Name": name, "Values": [arguments[key]]} for key, name in own.items() if arguments.get(key)]
    filters += [{"Name": f"tag:{key}", "Values": [value]} for key, value in (arguments.get("tags") or {}).items()]
    return filters + [{"Name": block["name"], "Values": block["values"]} for block in arguments.get("filters") or []]


def _vpc(aws: Aws, arguments: Values) -> Values:
    filters = _filters(arguments, {"cidrBlock": "cidr", "dhcpOptionsId": "dhcp-options-id", "state": "state"})
    if arguments.get("default"):
        filters.append({"Name": "is-default", "Values": ["true"]})
    request: dict[str, Any] = {"Filters": filters}
    if arguments.get("id"):
        request["VpcIds"] = [arguments["id"]]
    found = aws.client("ec2").describe_vpcs(**request)["Vpcs"]
    if len(found) != 1:
        raise PluginError("no matching EC2 VPC found" if not found else "multiple EC2 VPCs matched; use more filters")
    vpc, owner = found[0], found[0].get("OwnerId") or aws.identity["Account"]
    return {
        "id": vpc["VpcId"],
        "arn": f"arn:{aws.partition}:ec2:{aws.region}:{owner}:vpc/{vpc['VpcId']}",
        "cidrBlock": vpc["CidrBlock"],
        "default": vpc.get("IsDefault", False),
        "dhcpOptionsId": vpc.get("DhcpOptionsId", ""),
        "instanceTenancy": vpc.get("InstanceTenancy", "default"),
        "ownerId": owner,
        "region": aws.region,
        "state": vpc.get("State", "available"),
        "tags": aws.tags(tagging.as_map(vpc.get("Tags", []))),
    }


def _subnets(aws: Aws, arguments: Values) -> Values:
    pages = aws.client("ec2").get_paginator("describe_subnets").paginate(Filters=_filters(arguments, {}))
    return {
        "id": aws.region,
        "ids": [subnet["SubnetId"] for page in pages for subnet in page["Subnets"]],
        "region": aws.region,
        "tags": arguments.get("tags") or {},
    }


_FILTERS = Property(
    kind="set",
    items=Property(
        kind="object", fields={"name": Property(required=True), "values": Property(kind="set", required=True)}
    ),
)

FUNCTIONS = {
    declared.token: declared
    for declared in (
        Function(
            token="aws:ec2/getVpc:getVpc",
            arguments={
                **{name: Property() for name in ("cidrBlock", "dhcpOptionsId", "id", "state")},
                "default": Property(kind="boolean"),
                "filters": _FILTERS,
                "tags": Property(kind="map"),
            },
            call=_vpc,
        ),
        Function(
            token="aws:ec2/getSubnets:getSubnets",
            arguments={"filters": _FILTERS, "tags": Property(kind="map")},
            call=_subnets,
        ),
    )
}
