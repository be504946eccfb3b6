"""What a role may do: for the calls that CodeBuild and a build make in its name.

Decides by the role's inline and attached policies: an explicit deny wins, else an allow is needed. Conditions on what
is not known of a call are taken as met where they allow and as not met where they deny; permission boundaries and
session policies are not looked at.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from localcloud.policy_conditions import Facts, is_met
from localcloud.state import ACCOUNT_ID

Statement = dict[str, Any]


def find_role(arn: str) -> Any:
    """Moto's role of an ARN, or None."""
    from moto.iam.models import iam_backends  # noqa: PLC0415 - slow to import

    roles = list(iam_backends[ACCOUNT_ID]["aws"].roles.values())
    return next((role for role in roles if role.arn == arn), None)


def trusts(arn: str, service: str, facts: Facts) -> bool:
    """Whether a role is there and lets a service assume it for a resource."""
    role = find_role(arn)
    if role is None:
        return False
    document = role.assume_role_policy_document
    for statement in _statements(json.loads(document) if isinstance(document, str) else document):
        services = (
            _list((statement.get("Principal") or {}).get("Service"))
            if isinstance(statement.get("Principal"), dict)
            else []
        )
        met = is_met(statement.get("Condition") or {}, facts, unknown=True)
        if statement.get("Effect") == "Allow" and service in services and met:
            return True
    return False


def allows(
    arn: str,
    action: str,
    resource: str,
    facts: Facts | None = None,
    documents: Callable[[Any], Iterable[Any]] | None = None,
) -> bool:
    """Whether a role may call ``service:Operation`` on a resource.

    Args:
        arn: The role's ARN.
        action: The IAM action.
        resource: The resource's ARN.
        facts: What is known of condition keys.
        documents: Role → the policies that hold; by default those that it has.
    """
    role = find_role(arn)
    if role is None:
        return False
    allowed = False
    for document in (documents or role_documents)(role):
        for statement in _statements(document):
            denies = statement.get("Effect") == "Deny"
            met = is_met(statement.get("Condition") or {}, facts or {}, unknown=not denies)
            if not met or not _matches(statement, action, resource):
                continue
            if denies:
                return False
            allowed = True
    return allowed


def role_documents(role: Any) -> Iterator[Any]:
    """The inline and the attached policies of a role, parsed."""
    for document in role.policies.values():
        yield json.loads(document) if isinstance(document, str) else document
    for policy in role.managed_policies.values():
        document = next(one.document for one in policy.versions if one.version_id == policy.default_version_id)
        yield json.loads(document) if isinstance(document, str) else document


def _statements(document: Any) -> list[Statement]:
    found = document.get("Statement") or []
    return found if isinstance(found, list) else [found]


def _list(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _matches(statement: Statement, action: str, resource: str) -> bool:
    return _named(statement, "Action", action.lower(), lower=True) and _named(statement, "Resource", resource)


def _named(statement: Statement, key: str, value: str, *, lower: bool = False) -> bool:
    patterns, excluded = _list(statement.get(key)), _list(statement.get(f"Not{key}"))
    if lower:
        patterns, excluded = [text.lower() for text in patterns], [text.lower() for text in excluded]
    if excluded:
        return not any(_like(value, pattern) for pattern in excluded)
    return any(_like(value, pattern) for pattern in patterns)


def _like(value: str, pattern: str) -> bool:
    # Policies know * and ? only.
    return fnmatch.fnmatchcase(value, pattern.replace("[", "[[]"))


def role_of_key(access_key: str) -> str:
    """The ARN of the role that temporary credentials stand for, "" when they stand for none."""
    from moto.sts.models import sts_backends  # noqa: PLC0415 - slow to import

    roles = list(sts_backends[ACCOUNT_ID]["aws"].assumed_roles)
    return next((str(role.role_arn) for role in roles if role.access_key_id == access_key), "")
