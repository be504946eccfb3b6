"""Checks the types of every program that a reader may copy, in strict mode, with mypy and with pyright.

Decides what is a program: the ``__main__.py`` beside each ``Pulumi.yaml`` below ``stacks/``, and each Python block of
the README and of the pages in ``docs/``. A block takes what its page has made before (``images``, ``builder``…) and the
names of the library that it does not import from a prelude. Pyright is basedpyright in its strict mode: its wheel
brings all that it needs.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
FOLDER = ROOT / ".mypy_cache" / "programs"
"""Stays between runs, so that mypy reads the packages once."""

_BLOCK = re.compile(r"^(?P<indent> *)```python(?: [^\n]*)?\n(?P<text>.*?)^(?P=indent)```", re.MULTILINE | re.DOTALL)
ASSUMED = """
import pulumi
from fast_container import BaseImage, CodeBuildBuilder, ImageRepository

bases = ImageRepository("bases")
images = ImageRepository("images")
builder = CodeBuildBuilder("builds")
platforms = ["linux/amd64", "linux/arm64"]
deps = BaseImage("deps", repository=bases, packages=["a"], install="dependencies", platforms=platforms)
config = pulumi.Config()
branch = "main"
"""
_PACKAGES = {"aws": "import pulumi_aws as aws", "pulumi": "import pulumi", "json": "import json"}


@dataclass(frozen=True)
class Program:
    """One program: a name that says where it stands, and its text."""

    name: str
    text: str


def blocks(page: Path, root: Path) -> Iterator[Program]:
    """The Python blocks of a page, each a program of its own."""
    text = page.read_text(encoding="utf-8")
    where = re.sub(r"\W", "_", str(page.relative_to(root).with_suffix("")))
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Program(f"{where}_line_{line}", completed(textwrap.dedent(found["text"])))


def completed(block: str) -> str:
    """A block with what it needs and does not make itself."""
    tree = ast.parse(block)
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    made = {name.id for name in names if isinstance(name.ctx, ast.Store)}
    made |= {
        (alias.asname or alias.name).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    missing = {name.id for name in names} - made
    assumed = {line.partition(" =")[0] for line in ASSUMED.splitlines() if " = " in line}
    prelude = [line for name, line in _PACKAGES.items() if name in missing]
    prelude += [f"from fast_container import {name}" for name in sorted(missing & _public_names())]
    prelude += [f"from assumed import {name}" for name in sorted(missing & assumed)]
    prelude += [f"from typing import {name}" for name in sorted(missing & {"Any"})]
    return "\n".join([*prelude, block])


def programs(root: Path, assumed: str = ASSUMED) -> list[Program]:
    """All programs of a checkout, and what the blocks assume."""
    found = [Program("assumed", assumed)]
    for page in (root / "README.md", *sorted(root.glob("docs/*.md"))):
        found += blocks(page, root)
    for main in sorted(found.parent / "__main__.py" for found in root.glob("stacks/**/Pulumi.yaml")):
        name = "_".join(main.parent.relative_to(root).parts)
        found.append(Program(name, main.read_text(encoding="utf-8")))
    return found


def check(root: Path, folder: Path, assumed: str = ASSUMED) -> int:
    """Check all programs; returns the exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("*.py"):
        stale.unlink()
    found = programs(root, assumed)
    for program in found:
        (folder / f"{program.name}.py").write_text(program.text, encoding="utf-8")
    config = '{"typeCheckingMode": "strict", "pythonVersion": "3.11", "reportMissingTypeStubs": false}'
    (folder / "pyrightconfig.json").write_text(config, encoding="utf-8")
    names = [f"{program.name}.py" for program in found]
    mypy = [f"{BIN}/mypy", "--strict", "--no-error-summary", "--cache-dir", str(folder.parent), *names]
    pyright = [f"{BIN}/basedpyright", "--project", str(folder), "--pythonpath", f"{BIN}/python"]
    codes = [subprocess.run(command, cwd=folder, check=False).returncode for command in (pyright, mypy)]
    return max(codes)


def _public_names() -> set[str]:
    """The library's public names, without importing it."""
    tree = ast.parse((ROOT / "components/fast_container/__init__.py").read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            found |= set(ast.literal_eval(node.value))
    return found


if __name__ == "__main__":
    sys.exit(check(ROOT, FOLDER))
