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
_PULLS: Final = ("ecr:batchgetimage", "ecr:getdownloadurlforlayer")
"""Either is taken for the right to pull; both are needed."""
_NARROWING: Final = ("aws:sourcearn", "aws:sourceaccount", "aws:principalaccount", "aws:principalarn")
_LIKENESS: Final = re.compile(
    r"(?:ForAnyValue:)?(?:String|Arn)(?:Equals|EqualsIgnoreCase|Like)", re.ASCII | re.IGNORECASE
)


def accounts_that_pull(policy: str, repository: str = "") -> set[str]:
    """Return the accounts that a policy lets pull; ``*`` if it does not name them.

    Args:
        policy: A repository's own, or that of its registry.
        repository: Its name, which the statements of a registry's policy may leave out.

    Raises:
        ValueError: It is not a policy.
    """
    found: set[str] = set()
    statements: object = parse_object(policy).get("Statement") or []
    for statement in cast("list[object]", statements if isinstance(statements, list) else [statements]):
        plain = cast("Mapping[str, Any]", statement)
        if plain.get("Effect") == "Allow" and _lets_pull(plain) and _is_about(plain, repository):
            found |= _named(plain)
    return found


def _lets_pull(statement: Mapping[str, Any]) -> bool:
    if "NotAction" in statement:
        return True
    patterns = [re.compile(_as_pattern(action.lower(), "*?")) for action in _texts(statement.get("Action"))]
    return any(pattern.fullmatch(action) for pattern in patterns for action in _PULLS)


def _is_about(statement: Mapping[str, Any], repository: str) -> bool:
    patterns = [text.rpartition(":repository/")[2] for text in _texts(statement.get("Resource"))]
    return not patterns or any(re.fullmatch(_as_pattern(pattern, "*?"), repository) for pattern in patterns)


def _named(statement: Mapping[str, Any]) -> set[str]:
    narrowed = _narrowed(cast("Mapping[str, Mapping[str, Any]]", statement.get("Condition") or {}))
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


def _narrowed(condition: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """The accounts that a condition leaves; none if it does not name all that it lets through."""
    found: set[str] = set()
    for operator, keys in condition.items():
        if not _LIKENESS.fullmatch(operator):
            # "NotEquals" names whom it keeps out; "IfExists" lets through those who have no such key.
            continue
        for name, value in keys.items():
            named = [_ACCOUNT.findall(text) for text in _texts(value)] if name.lower() in _NARROWING else []
            if named and all(named):
                found.update(*named)
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
        yield _as_pattern(pattern, "*") + "$"


def _as_pattern(text: str, wild: str) -> str:
    """A regular expression of a string with wildcards: ``*`` for any characters, ``?`` for one."""
    return "".join({"*": ".*", "?": "."}[one] if one in wild else re.escape(one) for one in text)


_A_KEY_TAG: Final = "-".join(("key", "0123456789abcdef" * 2 + "01234567"))
