"""An image is described once: key tags, media types, hosts and names have one module each, and registries one door."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.laws.source_trees import parsed

PACKAGE = Path(__file__).parents[2] / "components" / "fast_container"


def strings(module: Path) -> Iterator[str]:
    """The strings of a module that are not docstrings."""
    tree = parsed(module)
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.value


def modules_with(start: str) -> list[str]:
    found = {m for m in PACKAGE.rglob("*.py") if any(text.startswith(start) for text in strings(m))}
    return sorted(module.relative_to(PACKAGE).as_posix() for module in found)


@pytest.mark.parametrize(
    ("start", "home"),
    [
        ("key-", "core/key.py"),
        ("registry-1.docker.io", "core/oci/repository.py"),
        ("application/vnd.", "core/oci/media_types.py"),
    ],
)
def test_the_rule_stands_in_one_module(start: str, home: str) -> None:
    assert modules_with(start) == [home]


PORT = re.compile(r"\(\?*:*:(\\d|\[0-9\])(\+|\{)")


def test_only_the_model_spells_hosts() -> None:
    found = {module for module in PACKAGE.rglob("*.py") if any(PORT.search(text) for text in strings(module))}
    assert [module.relative_to(PACKAGE).as_posix() for module in found] == ["core/oci/repository.py"]


def test_only_the_model_names_the_fields_of_a_configuration() -> None:
    assert modules_with("OnBuild") == ["core/oci/configuration.py"]


def test_only_the_model_cuts_the_url_of_a_repository() -> None:
    found: set[str] = set()
    for module in PACKAGE.rglob("*.py"):
        for node in ast.walk(parsed(module)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                is_cut = node.func.attr in {"partition", "split"} and "'/'" in [ast.unparse(one) for one in node.args]
                if is_cut and "url" in ast.unparse(node.func.value).lower():
                    found.add(module.relative_to(PACKAGE).as_posix())
    assert found == {"core/oci/repository.py"}


def test_registries_are_opened_in_one_place() -> None:
    makers = {"OciRegistry", "EcrRegistry", "HttpTransport"}
    found: set[str] = set()
    for module in PACKAGE.rglob("*.py"):
        for node in ast.walk(parsed(module)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in makers:
                found.add(module.relative_to(PACKAGE).as_posix())
    # The second: a repository that is given no shared connections makes its own, in tests.
    assert found == {"adapters/registry/registries.py", "adapters/registry/oci_registry.py"}
