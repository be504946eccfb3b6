"""Source as a tree, parsed once for all laws."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path


@cache
def parsed(module: Path) -> ast.Module:
    """A module's tree; nobody changes it."""
    return ast.parse(module.read_text(encoding="utf-8"))
