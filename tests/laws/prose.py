"""The prose of the code: docstrings, comments and messages, each with its place."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
LIBRARY = REPOSITORY / "components" / "fast_container"
ROOTS = (LIBRARY, REPOSITORY / "localcloud", REPOSITORY / "tools", REPOSITORY / "bench")

_WORDS_OF_A_MESSAGE = 3
_DIRECTIVE = re.compile(r"#\s*(noqa|pyright|type:|!)")
_Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Passage:
    """One docstring, comment or message, and the file and line where it stands."""

    place: str
    text: str


def rooms() -> list[str]:
    """Every folder with modules: ``core.context``, ``localcloud.codebuild``; the library's own top is ``library``."""
    return sorted({room_of(path) for path in _all_modules()})


@cache
def room_of(path: Path) -> str:
    """Return the name of the folder that a module is in."""
    folder = path.parent
    if not folder.is_relative_to(LIBRARY):
        return ".".join(folder.relative_to(REPOSITORY).parts)
    return ".".join(folder.relative_to(LIBRARY).parts) or "library"


@cache
def modules(room: str) -> list[Path]:
    """Return the modules of a room, without those of the rooms below it."""
    return [path for path in _all_modules() if room_of(path) == room]


@cache
def _all_modules() -> list[Path]:
    return sorted(path for root in ROOTS for path in root.rglob("*.py"))


@cache
def tree(module: Path) -> ast.Module:
    """Parse a module."""
    return ast.parse(module.read_text(encoding="utf-8"))


@cache
def nodes(module: Path) -> list[ast.AST]:
    """All nodes of a module; each law asks for them again."""
    return list(ast.walk(tree(module)))


def place(module: Path, line: int) -> str:
    """File and line as an editor takes them."""
    return f"{module.relative_to(REPOSITORY)}:{line}"


def function_docstrings(module: Path) -> Iterator[Passage]:
    """Docstrings of functions and methods."""
    for node in nodes(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (text := ast.get_docstring(node)):
            yield Passage(place(module, node.lineno), text)


@cache
def docstrings(module: Path) -> list[Passage]:
    """All docstrings, those below an attribute too."""
    return [
        Passage(place(module, node.lineno), node.value.value)  # type: ignore[attr-defined]
        for node in nodes(module)
        if _is_docstring(node)
    ]


@cache
def comments(module: Path) -> list[Passage]:
    """Comments that people read."""
    reader = io.StringIO(module.read_text(encoding="utf-8")).readline
    return [
        Passage(place(module, token.start[0]), token.string.removeprefix("#").strip())
        for token in tokenize.generate_tokens(reader)
        if token.type == tokenize.COMMENT and not _DIRECTIVE.match(token.string)
    ]


@cache
def messages(module: Path) -> list[Passage]:
    """Strings of several words that are not docstrings; ``…`` stands for what is filled in."""
    documentation = {id(node.value) for node in nodes(module) if _is_docstring(node)}  # type: ignore[attr-defined]
    return [
        Passage(place(module, getattr(node, "lineno", 0)), text)
        for node in nodes(module)
        if id(node) not in documentation
        for text in wordings(node)
        if len(text.split()) >= _WORDS_OF_A_MESSAGE
    ]


def wordings(node: ast.AST) -> list[str]:
    """Return the strings that an expression may be, as far as they are written out there."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr():
            return ["".join(str(v.value) if isinstance(v, ast.Constant) else "…" for v in node.values)]
        case ast.IfExp():
            return wordings(node.body) + wordings(node.orelse)
        case ast.BinOp(op=ast.Add()):
            return [a + b for a in wordings(node.left) or ["…"] for b in wordings(node.right) or ["…"]]
        case _:
            return []


def _is_docstring(node: ast.AST) -> bool:
    match node:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
        case _:
            return False
