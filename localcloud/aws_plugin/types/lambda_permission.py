"""``aws:lambda/permission:Permission``: one statement of a function's policy. Its id is the statement's id.

Imported as ``<function>[:<qualifier>]/<statement>``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from localcloud.aws_plugin.schema import Autoname, Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws

_PARAMETERS = {
    "action": "Action",
    "function": "FunctionName",
    "principal": "Principal",
    "eventSourceToken": "EventSourceToken",
    "functionUrlAuthType": "FunctionUrlAuthType",
    "invokedViaFunctionUrl": "InvokedViaFunctionUrl",
    "principalOrgId": "PrincipalOrgID",
    "qualifier": "Qualifier",
    "sourceAccount": "SourceAccount",
    "sourceArn": "SourceArn",
    "statementId": "StatementId",
}
# Condition keys of the statement, by property.
_CONDITIONS = {
    "aws:sourcearn": "sourceArn",
    "aws:sourceaccount": "sourceAccount",
    "aws:principalorgid": "principalOrgId",
    "lambda:eventsourcetoken": "eventSourceToken",
    "lambda:functionurlauthtype": "functionUrlAuthType",
}


def _create(aws: Aws, inputs: Values) -> str:
    request = {parameter: inputs[name] for name, parameter in _PARAMETERS.items() if inputs.get(name) is not None}
    aws.client("lambda").add_permission(**request)
    return inputs["statementId"]


def _target(resource_id: str, prior: Values) -> tuple[dict[str, str], str]:
    if prior.get("function"):
        function, qualifier, statement = prior["function"], prior.get("qualifier"), resource_id
    else:
        path, _, statement = resource_id.rpartition("/")
        function, _, qualifier = path.partition(":")
    return {"FunctionName": function, **({"Qualifier": qualifier} if qualifier else {})}, statement


def _principal(statement: Mapping[str, Any]) -> str:
    principal = statement.get("Principal")
    if not isinstance(principal, Mapping):
        return str(principal)
    name = str(principal.get("Service") or principal.get("AWS"))
    account_root = name.startswith("arn:") and name.endswith(":root")
    return name.split(":")[4] if account_root else name


def _read(aws: Aws, resource_id: str, prior: Values) -> Values | None:
    target, statement_id = _target(resource_id, prior)
    policy = json.loads(aws.client("lambda").get_policy(**target)["Policy"])
    statement = next((item for item in policy["Statement"] if item.get("Sid") == statement_id), None)
    if statement is None:
        return None
    found: Values = {
        "statementId": statement_id,
        "function": target["FunctionName"],
        "qualifier": target.get("Qualifier"),
        "action": statement["Action"],
        "principal": prior.get("principal") or _principal(statement),
        "invokedViaFunctionUrl": prior.get("invokedViaFunctionUrl"),
    }
    for operator in (statement.get("Condition") or {}).values():
        for key, value in operator.items():
            if key.lower() in _CONDITIONS:
                found[_CONDITIONS[key.lower()]] = value
    return found


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    target, statement = _target(resource_id, state)
    aws.client("lambda").remove_permission(**target, StatementId=statement)


RESOURCE_TYPE = ResourceType(
    token="aws:lambda/permission:Permission",
    inputs={
        name: Property(
            kind="boolean" if name == "invokedViaFunctionUrl" else "string",
            required=name in {"action", "function", "principal"},
            replaces=True,
        )
        for name in _PARAMETERS
    },
    outputs=(),
    autoname=Autoname(property="statementId", maximum=100),
    unsupported=frozenset({"statementIdPrefix"}),
    create=_create,
    read=_read,
    delete=_delete,
    missing_codes=frozenset({"ResourceNotFoundException"}),
)
