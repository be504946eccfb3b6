"""What hadolint 2.15.1 really said of a Dockerfile, merged with our findings and BuildKit's."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from fast_container.checks.dockerfile.hadolint import hadolint_findings, without_duplicates
from fast_container.checks.dockerfile.lint import lint_images
from fast_container.checks.finding import Finding, Severity
from tests.checks.dockerfile.linting import image

RECORDED = Path(__file__).parent / "hadolint_2.15.1"
DOCKERFILE = (RECORDED / "Dockerfile.recorded").read_text()
AGAINST_MOUNTS = {"DL3009", "DL3019", "DL3032", "DL3040", "DL3042", "DL3060"}
# Of BuildKit's own check of the same file: rule → lines.
BUILDKIT = {
    "WorkdirRelativePath": [3],
    "MaintainerDeprecated": [2],
    "MultipleInstructionsDisallowed": [19, 20, 22, 23, 24, 25],
    "JSONArgsRecommended": [19, 20, 22, 23],
}


def test_advice_against_caches_is_dropped_where_a_mount_is_and_duplicates_are() -> None:
    linted = image(DOCKERFILE, runs_on="ecs")
    said = list(hadolint_findings((RECORDED / "output.json").read_bytes(), linted))
    mounted = {step.line for _, step in linted.stages.steps() if step.cache_targets}
    assert len(mounted) == 6
    against = {(one.rule, one.line) for one in said if one.rule in AGAINST_MOUNTS}
    assert not {line for _, line in against} & mounted
    assert {("DL3042", 6), ("DL3019", 8), ("DL3040", 12), ("DL3032", 14)} <= against
    own = [
        Finding(rule, Severity.WARNING, linted.file, line, rule) for rule, lines in BUILDKIT.items() for line in lines
    ]
    kept = Counter(one.rule for one in without_duplicates(lint_images([linted], others=[*said, *own])))
    gone = {"DL3000", "DL3002", "DL3006", "DL3012", "DL3025", "DL3066"}
    gone |= {"DL4000", "DL4003", "DL4004"}
    assert not gone & set(kept)
    assert {"SC2164", "DL3003", "DL3013"} <= set(kept)
