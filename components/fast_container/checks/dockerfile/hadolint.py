"""Findings of hadolint, merged with ours.

Decides which of hadolint's rules say what one of ours or of BuildKit's says, and which of its advice is wrong where a
cache mount is: to remove a cache that is in no layer. Leaves running hadolint to ``adapters.hadolint``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.checks.finding import Finding, Severity
from fast_container.core.json_document import parse_json

_AGAINST_MOUNTS: Final = frozenset(["DL3009", "DL3019", "DL3032", "DL3040", "DL3042", "DL3060"])
_SAME: Final[Mapping[str, str]] = {
    "DL3000": "WorkdirRelativePath",
    "DL3002": "FI014",
    "DL3006": "FI010",
    "DL3007": "FI010",
    "DL3009": "FI018",
    "DL3012": "MultipleInstructionsDisallowed",
    "DL3015": "FI018",
    "DL3024": "DuplicateStageName",
    "DL3025": "JSONArgsRecommended",
    "DL3029": "FromPlatformFlagConstDisallowed",
    "DL3042": "FI005",
    "DL3066": "FI014",
    "DL4000": "MaintainerDeprecated",
    "DL4003": "MultipleInstructionsDisallowed",
    "DL4004": "MultipleInstructionsDisallowed",
}
_SEVERITIES: Final[Mapping[str, Severity]] = {"error": Severity.ERROR, "warning": Severity.WARNING}


def hadolint_findings(output: bytes, image: LintedImage) -> Iterator[Finding]:
    """Read hadolint's JSON about the Dockerfile of an image.

    Raises:
        ValueError: It is not what hadolint prints.
    """
    mounts = {step.line for _, step in image.stages.steps() if step.cache_targets}
    document: Any = parse_json(output)
    if not isinstance(document, list):
        raise ValueError("it is not a list")
    for item in cast("list[Any]", document):
        if not isinstance(item, dict):
            raise ValueError("an entry of it is not an object")
        entry = cast("dict[str, Any]", item)
        code, line = str(entry.get("code", "")), entry.get("line", 0)
        if not isinstance(line, int) or (code in _AGAINST_MOUNTS and line in mounts):
            continue
        severity = _SEVERITIES.get(str(entry.get("level", "")), Severity.INFO)
        what = str(entry.get("message", "")).strip()
        why = "hadolint's advice about all Dockerfiles."
        yield Finding(code, severity, image.file, line, what, why, _page(code), None, image.name)


def _page(code: str) -> str:
    """Where the rule is described."""
    if code.startswith("SC"):
        return f"https://www.shellcheck.net/wiki/{code}"
    return f"https://github.com/hadolint/hadolint/wiki/{code}"


def without_duplicates(findings: list[Finding]) -> list[Finding]:
    """Leave out findings of hadolint where one of ours or of BuildKit's about the same line says the same."""
    said = {(one.file, one.line, one.rule) for one in findings}
    return [one for one in findings if (one.file, one.line, _SAME.get(one.rule, "")) not in said]
