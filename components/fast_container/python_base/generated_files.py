"""The files that a generated Dockerfile reads beside the packages' sources.

Decides their names and contents, the folder that they are written to, and the words for them in an explanation. Leaves
how they are used to ``python_base.dockerfile``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from fast_container.python_base.bytecode_program import BYTECODE_PROGRAM
from fast_container.python_base.spec import BaseSpec

GENERATED_CONTEXT: Final = "generated"
"""The named context with the generated files."""

_MOST_STEPS: Final = 20

WORDS: Final[Mapping[str, str]] = {
    "build-requirements.txt": "build requirements",
    "compile_bytecode.py": "program that compiles bytecode",
    "constraints.txt": "constraints",
    "requirements.txt": "dependencies",
    **{f"requirements_{number}.txt": "dependencies" for number in range(2, _MOST_STEPS)},
}
"""Generated file → a user's name for its content."""


def generated_files(spec: BaseSpec) -> dict[str, bytes]:
    """Return name → bytes, sorted by name."""
    files = {"compile_bytecode.py": BYTECODE_PROGRAM.encode()}
    for name, step in zip(requirements_files(spec), spec.dependencies.steps, strict=True):
        files[name] = step.text.encode()
    if spec.dependencies.constraints:
        files["constraints.txt"] = spec.dependencies.constraints_text.encode()
    if spec.install == "packages" and spec.build_requirements:
        files["build-requirements.txt"] = spec.build_requirements.encode()
    return dict(sorted(files.items()))


def requirements_files(spec: BaseSpec) -> list[str]:
    """Return the names of the requirements files, one for each step."""
    count = len(spec.dependencies.steps)
    return ["requirements.txt", *(f"requirements_{number}.txt" for number in range(2, count + 1))][:count]


def write_files(files: Mapping[str, bytes], folder: Path) -> Path:
    """Write the generated files into a folder of their own, named by their content and ignored by git."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{len(name)}:{name}{len(files[name])}:".encode() + files[name])
    place = folder / digest.hexdigest()[:16]
    place.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n")
    for name, content in files.items():
        target = place / name
        if not target.is_file() or target.read_bytes() != content:
            target.write_bytes(content)
    return place
