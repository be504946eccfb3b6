"""``aws.get_caller_identity``, ``aws.get_region``, ``aws.get_partition``."""

from __future__ import annotations

from localcloud.aws_plugin.errors import PluginError
from localcloud.aws_plugin.schema import Function, Property, Values
from localcloud.aws_plugin.session import Aws


def _caller_identity(aws: Aws, arguments: Values) -> Values:
    identity = aws.identity
    account = identity["Account"]
    return {"accountId": account, "arn": identity["Arn"], "userId": identity["UserId"], "id": account}


def _region(aws: Aws, arguments: Values) -> Values:
    region = arguments.get("region") or arguments.get("name") or aws.region
    endpoint = f"ec2.{region}.{aws.dns_suffix}"
    if arguments.get("endpoint", endpoint) != endpoint:
        raise PluginError(f"no region has the endpoint {arguments['endpoint']}; looked at {region} only")
    # Descriptions are botocore's data: half a megabyte for a string that no program depends on.
    return {"region": region, "name": region, "id": region, "description": region, "endpoint": endpoint}


def _partition(aws: Aws, arguments: Values) -> Values:
    reverse = ".".join(reversed(aws.dns_suffix.split(".")))
    return {
        "partition": aws.partition,
        "id": aws.partition,
        "dnsSuffix": aws.dns_suffix,
        "reverseDnsPrefix": reverse,
    }


FUNCTIONS = {
    declared.token: declared
    for declared in (
        Function(
            token="aws:index/getCallerIdentity:getCallerIdentity",
            arguments={"id": Property()},
            call=_caller_identity,
            regional=False,
        ),
        Function(
            token="aws:index/getRegion:getRegion",
            arguments={"endpoint": Property(), "id": Property(), "name": Property()},
            call=_region,
        ),
        Function(
            token="aws:index/getPartition:getPartition",
            arguments={"id": Property()},
            call=_partition,
            regional=False,
        ),
    )
}
