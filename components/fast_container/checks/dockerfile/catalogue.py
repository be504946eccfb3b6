"""The rules' ids, titles and severities.

Decides how severe a finding is where the image is to run: what fails in service is an error there, what costs time or
money a warning, advice an info. Leaves finding it to the rules. ``docs/lint.md`` has the same table.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from fast_container.checks.finding import LEVELS, Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        id: ``FI`` and three digits.
        title: What is wrong when it fires.
        on_lambda: Severity for an image that runs on Lambda; None where the rule does not apply.
        on_ecs: Severity on ECS; None where the rule does not apply.
        anywhere: Severity where the place is not known; None where the rule does not apply.
    """

    id: str
    title: str
    on_lambda: Severity | None
    on_ecs: Severity | None
    anywhere: Severity | None

    def severity(self, runs_on: str) -> Severity | None:
        """Return the severity for a place; None where the rule does not apply."""
        if runs_on == "lambda":
            return self.on_lambda
        return self.on_ecs if runs_on == "ecs" else self.anywhere


_ERROR, _WARNING, _INFO = LEVELS
_ALL: Final = (
    Rule(
        "FI001",
        "Source is copied before dependencies are installed",
        _WARNING,
        _WARNING,
        _WARNING,
    ),
    Rule(
        "FI002",
        "Installing a local package resolves its dependencies too",
        _WARNING,
        _WARNING,
        _WARNING,
    ),
    Rule("FI003", "Several images install the same distributions", _INFO, _INFO, _INFO),
    Rule("FI004", "A download has no cache mount", _WARNING, _WARNING, _WARNING),
    Rule("FI005", "pip's cache stays in the image", _WARNING, _WARNING, _WARNING),
    Rule("FI006", "Compilers stay in the image", _WARNING, _WARNING, _WARNING),
    Rule(
        "FI007",
        "A whole tree of tools or caches is copied from a stage",
        _WARNING,
        _WARNING,
        _WARNING,
    ),
    Rule("FI008", "A GPU build is installed for a place without a GPU", _ERROR, _WARNING, _INFO),
    Rule(
        "FI009",
        "Files that no image needs are in the build context",
        _WARNING,
        _WARNING,
        _WARNING,
    ),
    Rule("FI010", "A base image is not pinned", _WARNING, _WARNING, _WARNING),
    Rule("FI011", "Python code without bytecode", _WARNING, _INFO, _INFO),
    Rule("FI012", "Bytecode that goes stale with file dates", _INFO, _INFO, _INFO),
    Rule("FI013", "strip over libraries that wheels bundle", _ERROR, _ERROR, _ERROR),
    Rule("FI014", "The image runs as root, or as a user without a number", None, _WARNING, None),
    Rule("FI015", "HEALTHCHECK has no effect", _INFO, _INFO, None),
    Rule("FI016", "Lambda takes one platform and no attestations", _ERROR, None, None),
    Rule("FI017", "Files that Lambda's user cannot read", _WARNING, None, None),
    Rule("FI018", "Package lists, or packages that were only recommended", _INFO, _INFO, _INFO),
    Rule(
        "FI090",
        "A waiver that has expired, has no reason or cannot be read",
        _WARNING,
        _WARNING,
        _WARNING,
    ),
)

RULES: Final = MappingProxyType({rule.id: rule for rule in _ALL})
"""Id → rule."""
