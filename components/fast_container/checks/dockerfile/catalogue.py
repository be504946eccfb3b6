"""The rules' ids, titles and severities.

Decides how severe a finding is where the image is to run: what fails in service is an error there, what costs time or
money a warning, advice an info. Leaves finding it to the rules. ``docs/lint.md`` has the same table.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from fast_container.checks.dockerfile.finding import Severity


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


_ALL: Final = (
    Rule("FI001", "Source is copied before dependencies are installed", "warning", "warning", "warning"),
    Rule("FI002", "Installing a local package resolves its dependencies too", "warning", "warning", "warning"),
    Rule("FI003", "Several images install the same distributions", "info", "info", "info"),
    Rule("FI004", "A download has no cache mount", "warning", "warning", "warning"),
    Rule("FI005", "pip's cache stays in the image", "warning", "warning", "warning"),
    Rule("FI006", "Compilers stay in the image", "warning", "warning", "warning"),
    Rule("FI007", "A whole tree of tools or caches is copied from a stage", "warning", "warning", "warning"),
    Rule("FI008", "A GPU build is installed for a place without a GPU", "error", "warning", "info"),
    Rule("FI009", "Files that no image needs are in the build context", "warning", "warning", "warning"),
    Rule("FI010", "A base image is not pinned", "warning", "warning", "warning"),
    Rule("FI011", "Python code without bytecode", "warning", "info", "info"),
    Rule("FI012", "Bytecode that goes stale with file dates", "info", "info", "info"),
    Rule("FI013", "strip over libraries that wheels bundle", "error", "error", "error"),
    Rule("FI014", "The image runs as root, or as a user without a number", None, "warning", None),
    Rule("FI015", "HEALTHCHECK has no effect", "info", "info", None),
    Rule("FI016", "Lambda takes one platform and no attestations", "error", None, None),
    Rule("FI018", "Package lists, or packages that were only recommended", "info", "info", "info"),
    Rule("FI090", "A waiver that has expired, has no reason or cannot be read", "warning", "warning", "warning"),
)

RULES: Final = MappingProxyType({rule.id: rule for rule in _ALL})
"""Id → rule."""
