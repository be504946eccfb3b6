"""An image is described once: a rule about key tags stands in one module only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "components" / "fast_container"


def strings(module: Path) -> Iterator[str]:
    """The strings of a module that are not docstrings."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.value


def modules_with(start: str) -> list[str]:
    found = {m for m in PACKAGE.rglob("*.py") if any(text.startswith(start) for text in strings(m))}
    return sorted(module.relative_to(PACKAGE).as_posix() for module in found)


@pytest.mark.parametrize(("start", "home"), [("key-", "core/key.py")])
def test_the_rule_stands_in_one_module(start: str, home: str) -> None:
    assert modules_with(start) == [home]
