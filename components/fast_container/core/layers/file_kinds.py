"""What a file of an image is, by its path: a compiler, a cache, a Python module …; for the rules that look for such.

Decides the paths. They are matched once, when a layer is read, and kept in its listing: an image of a hundred thousand
files is checked by looking at a few hundred. What a kind means for an image is left to ``checks.image``.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from fast_container.core.layers.entry import DIRECTORY, FILE, WHITEOUT

_BIN: Final = r"(?:usr/)?(?:local/)?s?bin/"
_SITE: Final = r"(?:(?:.*/)?(?:site|dist)-packages/|(?:[^/]+/){0,2})"
"""Where packages lie: an installation's folder, or one of an image's own; never inside another package."""
_PACKAGES: Final = r"(?:.*/)?(?:site|dist)-packages/"
_NOT_INSTALLERS: Final = r"(?!(?:pip|setuptools|wheel|pkg_resources|_distutils_hack)/)"
"""Bases bring them as they are, and no service imports them."""

BUILD_TOOLS: Final[Mapping[str, str]] = {
    "a compiler": rf"{_BIN}(?:[\w.]+-linux-\w+-)?(?:gcc|g\+\+|cc|c\+\+|cpp|clang|clang\+\+|rustc|go"
    r"|lto-dump|gcov(?:-tool|-dump)?|gcc-(?:ar|nm|ranlib))(?:-[\d.]+)?"
    r"|usr/(?:lib|libexec)/gcc/.*|usr/local/go/bin/.*"
    r"|usr/lib(?:64)?/(?:[\w.]+-linux-\w+/)?lib(?:asan|hwasan|lsan|tsan|ubsan|cc1|isl|mpc|gprofng)\.so.*",
    "a linker or assembler": rf"{_BIN}(?:[\w.]+-linux-\w+-)?(?:ld|ld\.bfd|ld\.gold|as)",
    "a build program": rf"{_BIN}(?:make|gmake|cmake|ninja|meson|cargo|dpkg-buildpackage|autoconf|automake)",
    "git": rf"{_BIN}git|usr/lib/git-core/.*",
    "an installer of Python packages": r"(?:.*/)?bin/(?:uv|uvx|poetry|pdm|pipenv)",
}
CACHES: Final[Mapping[str, str]] = {
    "apt's lists": r"var/lib/apt/lists/(?!lock$|partial$|auxfiles$).+",
    "a package manager's cache": r"var/cache/(?:apt/(?:archives/.*\.deb|\w+\.bin)|dnf/.+|yum/.+|apk/.+)",
    "pip's or uv's cache": r"(?:root|home/[^/]+)/\.cache/(?:pip|uv|pypoetry)/.+",
    "npm's cache": r"(?:root|home/[^/]+)/(?:\.npm|\.yarn/cache|\.cache/yarn)/.+",
    "temporary files": r"(?:var/)?tmp/.+",
}
DEVELOPMENT: Final[Mapping[str, str]] = {
    "a package for development": rf"{_SITE}(?:pytest|_pytest|mypy|mypyc|ruff|black|flake8|pylint|IPython"
    r"|ipykernel|jupyter|coverage|tox|hypothesis|debugpy)/.+(?<!\.dist-info)|(?:.*/)?bin/(?:ruff|black|mypy|pylint)",
    "tests of packages": rf"{_PACKAGES}{_NOT_INSTALLERS}.+/tests?/.+",
    "static libraries": r".+\.a",
    "C headers": r"(?:usr/(?:local/)?)include/.+",
}
GPU: Final[Mapping[str, str]] = {
    "NVIDIA's libraries": rf"{_PACKAGES}nvidia/.+"
    r"|(?:.*/)?lib(?:cu(?:da|dnn|blas|fft|sparse|solver|rand|pti)|nccl|nvrtc|nvjitlink|nvToolsExt)[\w-]*\.so.*",
    "torch for GPUs": r"(?:.*/)?lib(?:torch_cuda|c10_cuda)\w*\.so.*",
    "onnxruntime for GPUs": r"(?:.*/)?libonnxruntime_providers_(?:cuda|tensorrt)\w*\.so.*",
    "triton": rf"{_PACKAGES}triton/.+",
    "CUDA": r"usr/local/cuda[^/]*/.+",
}
SECRETS: Final[Mapping[str, str]] = {
    "a file of settings for development": r"(?:.*/)?\.env(?:\.(?!example$|sample$|template$|dist$)[\w-]+)?",
    "a private SSH key": r"(?:.*/)?id_(?:rsa|dsa|ecdsa|ed25519)",
    "credentials of AWS": r"(?:.*/)?\.aws/credentials",
    "credentials of git": r"(?:.*/)?(?:\.git-credentials|\.netrc)",
    "a git repository": r"(?:.*/)?\.git/config",
}
MODULE: Final = "a Python module"
BYTECODE: Final = "bytecode"
DISTRIBUTION: Final = "an installed Python package"
PYTHON: Final = "a Python"
CLIENT: Final = "Lambda's client for Python"
_PYTHON_FILES: Final[Mapping[str, str]] = {
    MODULE: rf"(?:{_PACKAGES}{_NOT_INSTALLERS}|(?:var/task|app|srv|code|opt|usr/src|home/[^/]+)/)"
    r"(?!(?:.*/)?tests?/)(?!.*/(?:site|dist)-packages/).+\.py",
    BYTECODE: r"(?:.*/)?__pycache__/[^/]+\.cpython-\d+(?:\.opt-[12])?\.pyc",
    DISTRIBUTION: r"(?:.*/)?[A-Za-z0-9._]+-[^/-]+\.dist-info/METADATA",
    PYTHON: r"(?:.*/)?bin/python3\.\d+",
    CLIENT: r"(?:.*/)?awslambdaric/__main__\.py",
}

UNREADABLE: Final = "may not be read by all"
SET_ID: Final = "runs as its owner or group"
WRITABLE: Final = "may be written to by a user other than root"
IS_WHITEOUT: Final = "a whiteout"
_MACHINE: Final = "a program for "

_TABLES: Final = (BUILD_TOOLS, CACHES, DEVELOPMENT, GPU, SECRETS, _PYTHON_FILES)
_ANY: Final = "|".join(f"(?:{pattern})" for table in _TABLES for pattern in table.values())
FINGERPRINT: Final = zlib.crc32(_ANY.encode())
"""Of all patterns: what was matched with others is matched anew."""


@cache
def _patterns() -> tuple[re.Pattern[str], list[tuple[re.Pattern[str], Mapping[str, re.Pattern[str]]]]]:
    """Any of the patterns, then of each table any, and each; compiled for the first layer that is read."""
    # A path may have a line's end in it, which must not hide what it is.
    tables = [{kind: re.compile(pattern, re.DOTALL) for kind, pattern in table.items()} for table in _TABLES]
    return re.compile(_ANY, re.DOTALL), [
        (re.compile("|".join(f"(?:{one.pattern})" for one in table.values()), re.DOTALL), table) for table in tables
    ]


def machine(architecture: str) -> str:
    """The kind of programs for an architecture, as Go names it."""
    return _MACHINE + architecture


def architecture_of(kind: str) -> str:
    """The architecture of such a kind; ``""`` for other kinds."""
    return kind.removeprefix(_MACHINE) if kind.startswith(_MACHINE) else ""


def kinds_of(path: str, type_: str, mode: int, uid: int) -> Iterator[str]:
    """Yield what an entry of a layer is."""
    if path.rpartition("/")[2].startswith(WHITEOUT):
        yield IS_WHITEOUT
        return
    yield from _by_mode(type_, mode, uid)
    any_of, tables = _patterns()
    if type_ != DIRECTORY and any_of.fullmatch(path):
        for any_of_table, table in tables:
            if any_of_table.fullmatch(path):
                yield from (kind for kind, pattern in table.items() if pattern.fullmatch(path))


def _by_mode(type_: str, mode: int, uid: int) -> Iterator[str]:
    needed = {FILE: 0o004, DIRECTORY: 0o005}.get(type_, 0)
    if mode & needed != needed:
        yield UNREADABLE
    if type_ == FILE and mode & 0o6000:
        yield SET_ID
    if type_ == FILE and (uid or mode & 0o002):
        yield WRITABLE
