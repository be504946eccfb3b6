"""Who may pull from a repository, and what its lifecycle rules delete.

Decides which accounts' uses cannot be seen with the profiles that are given: an account that may pull, or anyone, must
be looked at or named as left out before anything is deleted. Also which lifecycle rules would expire images under key
tags, of whose use ECR knows nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, cast

from fast_container.core.json_document import parse_object

ANYONE: Final = "*"
_ACCOUNT: Final = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])", re.ASCII)
_PULLS: Final = ("ecr:batchgetimage", "ecr:*", "*", "ecr:batchget*", "ecr:batch*", "ecr:get*")
_NARROWING: Final = ("aws:sourcearn", "aws:sourceaccount", "aws:principalaccount", "aws:principalarn")


def accounts_that_pull(policy: str) -> set[str]:
    """Return the accounts that a repository's policy lets pull; ``*`` if it does not name them.

    Raises:
        ValueError: It is not a policy.
    """
    found: set[str] = set()
    statements: object = parse_object(policy).get("Statement") or []
    for statement in cast("list[object]", statements if isinstance(statements, list) else [statements]):
        plain = cast("Mapping[str, Any]", statement)
        if plain.get("Effect") == "Allow" and _lets_pull(plain):
            found |= _named(plain)
    return found


def _lets_pull(statement: Mapping[str, Any]) -> bool:
    if "NotAction" in statement:
        return True
    return any(action.lower() in _PULLS for action in _texts(statement.get("Action")))


def _named(statement: Mapping[str, Any]) -> set[str]:
    condition = cast("Mapping[str, Mapping[str, Any]]", statement.get("Condition") or {})
    narrowed = {
        account
        for operator in condition.values()
        for name, value in operator.items()
        if name.lower() in _NARROWING
        for text in _texts(value)
        for account in _ACCOUNT.findall(text)
    }
    principal: object = statement.get("Principal")
    if "NotPrincipal" in statement or principal in (ANYONE, None):
        return narrowed or {ANYONE}
    found: set[str] = set()
    for kind, value in cast("Mapping[str, Any]", principal).items():
        for text in _texts(value):
            accounts = set(_ACCOUNT.findall(text))
            # A service of AWS acts for the accounts that the condition names, else for the owner.
            found |= narrowed if kind == "Service" else accounts or narrowed or {ANYONE}
    return found


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [str(one) for one in cast("list[object]", value)] if isinstance(value, list) else []


def blind_rules(lifecycle: str) -> list[int]:
    """Return the priorities of lifecycle rules that expire images under key tags.

    Raises:
        ValueError: It is not a lifecycle policy.
    """
    rules = cast("list[Mapping[str, Any]]", parse_object(lifecycle).get("rules") or [])
    return [int(rule.get("rulePriority") or 0) for rule in rules if _is_blind(rule)]


def _is_blind(rule: Mapping[str, Any]) -> bool:
    selection = cast("Mapping[str, Any]", rule.get("selection") or {})
    action = cast("Mapping[str, Any]", rule.get("action") or {})
    if action.get("type", "expire") != "expire" or selection.get("tagStatus") == "untagged":
        return False
    patterns = [*_as_patterns(selection)]
    return selection.get("tagStatus") == "any" or all(re.match(pattern, _A_KEY_TAG) for pattern in patterns)


def _as_patterns(selection: Mapping[str, Any]) -> Iterator[str]:
    for prefix in cast("Iterable[str]", selection.get("tagPrefixList") or ()):
        yield re.escape(prefix)
    for pattern in cast("Iterable[str]", selection.get("tagPatternList") or ()):
        yield ".*".join(re.escape(part) for part in pattern.split("*")) + "$"


_A_KEY_TAG: Final = "-".join(("key", "0123456789abcdef" * 2 + "01234567"))
