"""``aws.iam.get_policy_document``: a policy from its parts; makes no call.

Statements of ``overridePolicyDocuments`` replace those with the same ``Sid``; ``sourcePolicyDocuments`` come first
(terraform-provider-aws ``internal/service/iam/policy_document_data_source.go``).
"""

from __future__ import annotations

import json
import zlib
from typing import Any

from localcloud.aws_plugin.schema import Function, Property, Values
from localcloud.aws_plugin.session import Aws

_LISTS = {
    "actions": "Action",
    "notActions": "NotAction",
    "resources": "Resource",
    "notResources": "NotResource",
}


def _one_or_many(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else sorted(values, reverse=True)


def _principals(blocks: list[Values]) -> Any:
    if any(block["type"] == "*" and block["identifiers"] == ["*"] for block in blocks):
        return "*"
    merged: dict[str, list[str]] = {}
    for block in blocks:
        merged.setdefault(block["type"], []).extend(block["identifiers"])
    return {kind: _one_or_many(identifiers) for kind, identifiers in merged.items()}


def _conditions(blocks: list[Values]) -> dict[str, Any]:
    merged: dict[str, dict[str, list[str]]] = {}
    for block in blocks:
        merged.setdefault(block["test"], {}).setdefault(block["variable"], []).extend(block["values"])
    return {
        test: {variable: values[0] if len(values) == 1 else values for variable, values in variables.items()}
        for test, variables in merged.items()
    }


def _statement(block: Values) -> dict[str, Any]:
    statement: dict[str, Any] = {"Sid": block["sid"]} if block.get("sid") else {}
    statement["Effect"] = block["effect"]
    for name, key in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if block.get(name):
            statement[key] = _principals(block[name])
    for name, key in _LISTS.items():
        if block.get(name):
            statement[key] = _one_or_many(block[name])
    if block.get("conditions"):
        statement["Condition"] = _conditions(block["conditions"])
    return statement


def _statements_of(text: str) -> list[dict[str, Any]]:
    statements = json.loads(text).get("Statement", [])
    return statements if isinstance(statements, list) else [statements]


def _document(aws: Aws, arguments: Values) -> Values:
    statements: list[dict[str, Any]] = []
    for text in arguments.get("sourcePolicyDocuments") or []:
        statements += _statements_of(text)
    statements += [_statement(block) for block in arguments.get("statements") or []]
    for text in arguments.get("overridePolicyDocuments") or []:
        for statement in _statements_of(text):
            sid = statement.get("Sid")
            statements = [kept for kept in statements if not sid or kept.get("Sid") != sid]
            statements.append(statement)
    document: dict[str, Any] = {"Version": arguments["version"]}
    if arguments.get("policyId"):
        document["Id"] = arguments["policyId"]
    document["Statement"] = statements
    text = json.dumps(document, indent=2)
    return {
        **arguments,
        "json": text,
        "minifiedJson": json.dumps(document, separators=(",", ":")),
        "id": str(zlib.crc32(text.encode())),
    }


def _block_list(**fields: Property) -> Property:
    return Property(kind="list", items=Property(kind="object", fields=fields))


_PRINCIPALS = _block_list(type=Property(required=True), identifiers=Property(kind="list", required=True))

FUNCTIONS = {
    "aws:iam/getPolicyDocument:getPolicyDocument": Function(
        token="aws:iam/getPolicyDocument:getPolicyDocument",
        arguments={
            "overridePolicyDocuments": Property(kind="list"),
            "sourcePolicyDocuments": Property(kind="list"),
            "policyId": Property(),
            "version": Property(default="2012-10-17", choices=("2008-10-17", "2012-10-17")),
            "statements": _block_list(
                sid=Property(),
                effect=Property(default="Allow", choices=("Allow", "Deny")),
                actions=Property(kind="list"),
                notActions=Property(kind="list"),
                resources=Property(kind="list"),
                notResources=Property(kind="list"),
                principals=_PRINCIPALS,
                notPrincipals=_PRINCIPALS,
                conditions=_block_list(
                    test=Property(required=True),
                    variable=Property(required=True),
                    values=Property(kind="list", required=True),
                ),
            ),
        },
        call=_document,
        regional=False,
    )
}
