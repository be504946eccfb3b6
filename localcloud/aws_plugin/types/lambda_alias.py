"""``aws:lambda/alias:Alias``: a name for a version of a function. Its id is its ARN; imported as ``function/alias``."""

from __future__ import annotations

from typing import Any

from localcloud.aws_plugin.schema import Autoname, Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws


def _routing(inputs: Values) -> dict[str, Any]:
    weights = (inputs.get("routingConfig") or {}).get("additionalVersionWeights") or {}
    return {"AdditionalVersionWeights": {version: float(weight) for version, weight in weights.items()}}


def _create(aws: Aws, inputs: Values) -> str:
    created = aws.client("lambda").create_alias(
        FunctionName=inputs["functionName"],
        Name=inputs["name"],
        FunctionVersion=inputs["functionVersion"],
        Description=inputs.get("description", ""),
        RoutingConfig=_routing(inputs),
    )
    return created["AliasArn"]


def _names(resource_id: str, prior: Values) -> tuple[str, str]:
    if resource_id.startswith("arn:"):
        function, name = resource_id.split(":")[-2:]
    else:
        function, _, name = resource_id.partition("/")
    return prior.get("functionName") or function, name


def _read(aws: Aws, resource_id: str, prior: Values) -> Values:
    function, name = _names(resource_id, prior)
    found = aws.client("lambda").get_alias(FunctionName=function, Name=name)
    weights = (found.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
    arn = found["AliasArn"]
    gateway = f"arn:{aws.partition}:apigateway:{aws.region}:lambda:path"
    return {
        "name": found["Name"],
        "functionName": function,
        "functionVersion": found["FunctionVersion"],
        "description": found.get("Description"),
        "routingConfig": {"additionalVersionWeights": dict(weights)} if weights else None,
        "arn": arn,
        "invokeArn": f"{gateway}/2015-03-31/functions/{arn}/invocations",
    }


def _update(aws: Aws, resource_id: str, old: Values, new: Values, changed: set[str]) -> None:
    function, name = _names(resource_id, old)
    aws.client("lambda").update_alias(
        FunctionName=function,
        Name=name,
        FunctionVersion=new["functionVersion"],
        Description=new.get("description", ""),
        RoutingConfig=_routing(new),
    )


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    function, name = _names(resource_id, state)
    aws.client("lambda").delete_alias(FunctionName=function, Name=name)


RESOURCE_TYPE = ResourceType(
    token="aws:lambda/alias:Alias",
    inputs={
        "name": Property(replaces=True),
        "functionName": Property(required=True, replaces=True),
        "functionVersion": Property(required=True),
        "description": Property(),
        "routingConfig": Property(
            kind="object",
            fields={"additionalVersionWeights": Property(kind="map", items=Property(kind="number"))},
        ),
    },
    outputs=("arn", "invokeArn"),
    autoname=Autoname(),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    missing_codes=frozenset({"ResourceNotFoundException"}),
)
