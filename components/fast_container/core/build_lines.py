"""The lines with which a remote build tells how it gets on, in between the plain lines of its log.

Decides their form: a mark, a space, a JSON object with one member. What has no mark is plain log.
"""

from __future__ import annotations

import json
from typing import Any, Final, cast

MARK: Final = "##fast-container"
PROGRESS: Final = "progress"
NOTE: Final = "note"
WARNING: Final = "warning"
BUILT: Final = "built"
FAILED: Final = "failed"
PARTS_UNUSABLE: Final = "parts_unusable"


def write_line(kind: str, content: Any) -> str:
    """One line, without its end."""
    return f"{MARK} {json.dumps({kind: content})}"


def read_line(line: str) -> tuple[str, Any] | None:
    """Kind and content of a marked line; None for plain log."""
    mark, _, text = line.strip().partition(" ")
    if mark != MARK:
        return None
    try:
        found: object = json.loads(text)
    except ValueError:
        return None
    if not isinstance(found, dict) or len(cast("dict[str, Any]", found)) != 1:
        return None
    return next(iter(cast("dict[str, Any]", found).items()))
