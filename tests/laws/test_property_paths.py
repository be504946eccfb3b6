"""A property path is written in one way: ``named_contexts["x"]``, by ``errors.bracketed``."""

from __future__ import annotations

import ast
from pathlib import Path

from fast_container.errors import bracketed

PACKAGE = Path(__file__).parents[2] / "components" / "fast_container"


def test_no_path_brackets_a_name_by_itself() -> None:
    """``f"secrets[{name!r}]"`` has Python's quotes, which are of one kind or the other."""
    found: list[str] = []
    for module in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "property_path":
                text = ast.unparse(node.value)
                if "!r}]" in text or "['" in text:
                    found.append(f"{module.relative_to(PACKAGE)}: {text}")
    assert found == []


def test_a_name_of_any_characters_is_in_double_quotes() -> None:
    assert bracketed("x") == '["x"]'
    assert bracketed("größe") == '["größe"]'
    assert bracketed('a"b') == '["a\\"b"]'
