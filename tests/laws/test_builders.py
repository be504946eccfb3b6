"""Builders are asked through their interface: nothing but the check of the argument looks at which one it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.laws.source_trees import parsed

PACKAGE = Path(__file__).parents[2] / "components" / "fast_container"
BUILDERS = {"Builder", "LocalBuilder", "CodeBuildBuilder"}
ROOMS_OF_A_BUILDER = ("builders.py", "codebuild/")


def names(node: ast.AST) -> set[str]:
    """Names and the last parts of dotted ones."""
    found = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    return found | {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}


def kind_questions(tree: ast.AST) -> Iterator[set[str]]:
    """The builders whose class a module asks for: ``isinstance``, ``issubclass``, ``type() is``, a ``case``."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="isinstance" | "issubclass"), args=[_, kinds]):
                yield names(kinds) & BUILDERS
            case ast.MatchClass(cls=kind):
                yield names(kind) & BUILDERS
            case ast.Compare():
                yield names(node) & BUILDERS
            case _:
                pass


def modules() -> dict[str, ast.Module]:
    return {module.relative_to(PACKAGE).as_posix(): parsed(module) for module in PACKAGE.rglob("*.py")}


def test_only_the_check_of_the_argument_asks_what_a_builder_is() -> None:
    asked = {name: set().union(*kind_questions(tree)) for name, tree in modules().items()}
    assert {name: kinds for name, kinds in asked.items() if kinds} == {"image_options.py": {"Builder"}}


@pytest.mark.parametrize("builder", sorted(BUILDERS - {"Builder"}))
def test_no_image_hook_or_job_knows_a_certain_builder(builder: str) -> None:
    """But for the program, which makes the builder of an image that names none."""
    known: set[str] = set()
    for name, tree in modules().items():
        imported = [one for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)]
        if any(alias.name == builder for one in imported for alias in one.names):
            known.add(name)
    of_others = {name for name in known if not name.startswith(ROOMS_OF_A_BUILDER)}
    assert of_others <= {"__init__.py", "state/program.py", "certify/program/__main__.py"}
