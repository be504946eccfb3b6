"""The page on ``lint`` has every rule, with its title and severities, and says of each what it costs."""

from __future__ import annotations

from pathlib import Path

import pytest

from fast_container.checks.dockerfile.catalogue import RULES, Rule

PAGE = (Path(__file__).parents[2] / "docs" / "lint.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_every_rule_is_in_the_page_with_its_title(rule: Rule) -> None:
    severities = " | ".join(one or "–" for one in (rule.on_lambda, rule.on_ecs, rule.anywhere))
    assert f"| {rule.id} | {rule.title} | {severities} |\n" in PAGE
    assert f"\n### {rule.id}\n" in PAGE


def test_the_page_has_no_other_rules() -> None:
    assert {line.removeprefix("### ") for line in PAGE.splitlines() if line.startswith("### FI")} == set(RULES)
