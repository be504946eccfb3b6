"""Tests see the library from outside: its private names are not read, replaced or imported by them.

What a test needs is an argument of the library (a clock, a pause, a sleep, a place, a stand-in for what it talks to),
something of the operating system or of Pulumi that the test replaces where it lies (``os.read``, ``sys.executable``),
or something that anybody can see: files, requests, processes, answers. Where there is really no other way, the name is
in ``ALLOWED``, with the reason.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]
LIBRARY = frozenset({"fast_container", "localcloud", "stacks", "tools", "bench"})
# Of themselves, of Python and of pytest.
OWN = frozenset({"self", "cls", "os", "sys", "type(self)"})
OF_NAMED_TUPLES = frozenset({"_replace", "_asdict", "_fields"})

ALLOWED: dict[tuple[str, str], str] = {
    ("cli/test_plan.py", "open_registries"): "commands open registries as the environment has them; this counts calls",
    ("conftest.py", "_ensure_event_loop"): "Pulumi's mocks make event loops, and close none",
    ("core/test_linear_match.py", "_COSTLY"): "both ways of matching are compared; of each text one way is taken",
    ("docs/test_reference.py", "_SubParsersAction"): "argparse has no other way to the options of commands",
    ("state/test_bases.py", "_preparation"): "which files an image reads on a base is in no output",
    ("state/test_sdk_patches.py", "_CallbackServicer"): "an SDK that is another one",
}


@cache
def findings() -> list[tuple[str, int, str]]:
    """Module below ``tests``, line and name, of each that looks inside."""
    return [
        (module.relative_to(TESTS).as_posix(), line, name)
        for module in sorted(TESTS.rglob("*.py"))
        for line, name in looks_inside(module.read_text(encoding="utf-8"))
    ]


def looks_inside(source: str) -> Iterator[tuple[int, str]]:
    """Line and name of what a test module takes from inside."""
    tree = ast.parse(source)
    imported = dict(_imported(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and _is_library(node.module or ""):
            yield from ((node.lineno, alias.name) for alias in node.names if _is_private(alias.name))
        elif isinstance(node, ast.Attribute) and _is_private(node.attr) and ast.unparse(node.value) not in OWN:
            yield node.lineno, node.attr
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "setattr":
            name = _replaced(node, imported)
            if name:
                yield node.lineno, name


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Name → where it comes from, of what a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from ((alias.asname or alias.name, node.module or "") for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.asname or alias.name.partition(".")[0], alias.name) for alias in node.names)


def _replaced(call: ast.Call, imported: dict[str, str]) -> str:
    """What ``monkeypatch.setattr(target, name, …)`` replaces of the library, or a private name of anything; or ""."""
    target, *rest = call.args
    if isinstance(target, ast.Constant):
        place, _, name = str(target.value).rpartition(".")
    else:
        root = target
        while isinstance(root, ast.Attribute):
            root = root.value
        place = imported.get(root.id, "") if isinstance(root, ast.Name) else ""
        name = str(rest[0].value) if rest and isinstance(rest[0], ast.Constant) else "?"
    return name if _is_library(place) or _is_private(name) else ""


def _is_library(module: str) -> bool:
    return module.partition(".")[0] in LIBRARY


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name != "_" and name not in OF_NAMED_TUPLES


def test_no_test_looks_inside() -> None:
    found = [f"tests/{path}:{line}: {name}" for path, line, name in findings() if (path, name) not in ALLOWED]
    assert not found, "\n".join(
        [
            "A test takes a private name, or replaces something of the library:",
            *found,
            "Give the library an argument for it (a clock, a pause, a sleep), look at what can be seen from outside,",
            "or make the name public if others need it. No other way? ALLOWED in tests/laws/test_private_names.py.",
        ]
    )


def test_what_is_allowed_is_used() -> None:
    used = {(path, name) for path, _, name in findings()}
    unused = sorted(str(allowed) for allowed in ALLOWED if allowed not in used)
    assert not unused, f"no test needs these any more, take them out of ALLOWED: {', '.join(unused)}"


def test_the_law_sees_what_it_is_for() -> None:
    source = """
from fast_container.a import b, _c
import os, tempfile
b._d
self._own
pulumi._third
monkeypatch.setattr(b, "e", 1)
monkeypatch.setattr(b.f, "g", 1)
monkeypatch.setattr("fast_container.a._h", 1)
monkeypatch.setattr(os, "read", 1)
monkeypatch.setattr(fake, "method", 1)
"""
    assert [name for _, name in looks_inside(source)] == ["_c", "_d", "_third", "e", "g", "_h"]
