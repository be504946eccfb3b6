"""BuildKit's own rules: what its check of a Dockerfile says.

Decides how bad they are: warnings, and errors where the file says ``# check=error=true``. Nothing of them is done again
here, and ``# check=skip=…`` is BuildKit's to read. Leaves asking BuildKit to ``adapters.buildx.check``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from fast_container.checks.finding import Finding, Severity
from fast_container.core.json_document import parse_json


def buildkit_findings(output: str, file: str, image: str) -> Iterator[Finding]:
    """Read the result of ``--call=check,format=json``.

    Raises:
        ValueError: It is not one.
    """
    document = _mapping(parse_json(output))
    severity = Severity.ERROR if document.get("buildError") else Severity.WARNING
    for item in cast("list[Any]", document.get("warnings") or []):
        warning = _mapping(item)
        what, why = str(warning.get("detail", "")).strip(), str(warning.get("description", "")).strip()
        rule, page = str(warning.get("ruleName", "")), str(warning.get("url", ""))
        yield Finding(rule, severity, file, _line(warning), f"{what}.", f"{why}.", page, None, image)


def _line(warning: dict[str, Any]) -> int:
    ranges: Any = _mapping(warning.get("location") or {}).get("ranges") or []
    if not isinstance(ranges, list) or not ranges:
        return 0
    line = _mapping(_mapping(cast("list[Any]", ranges)[0]).get("start") or {}).get("line", 0)
    return line if isinstance(line, int) else 0


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("it is not an object")
    return cast("dict[str, Any]", value)
