"""The plan file in a program's folder.

Decides that it is replaced whole, only where it differs, and that a folder which cannot be written is not an error.
Leaves its content to ``core.program_file``.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from fast_container.core.program_file import FILE_NAME


def put_plan_file(folder: Path, text: str) -> None:
    """Write the plan file; blocking."""
    content = text.encode()
    with contextlib.suppress(OSError):
        plan = folder / FILE_NAME
        if not plan.is_file() or plan.read_bytes() != content:
            partial = plan.with_suffix(".partial")
            partial.write_bytes(content)
            partial.replace(plan)
