"""What a side is to build and push: some images over one build context.

Decides that every side gets the same Dockerfiles, one build arg, and folders of its own. How a tool is told so is
decided by the side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PLATFORM = "linux/amd64"


@dataclass(frozen=True)
class Job:
    """A job of one side.

    Attributes:
        side: The side's name, which is also the build arg ``SIDE``, so that no side finds the layers of another.
        root: The build context.
        home: The side's scratch folder: caches and outputs. A fresh clone gets a new one.
        state: Where the engine keeps its state.
        dockerfiles: Image name to Dockerfile, relative to ``root``.
        repository: Name in the registry.
        named: Named contexts.
    """

    side: str
    root: Path
    home: Path
    state: Path
    dockerfiles: Mapping[str, str]
    repository: str
    named: Mapping[str, Path] = field(default_factory=dict[str, Path])

    @property
    def build_args(self) -> dict[str, str]:
        """The build args of every image."""
        return {"SIDE": self.side}
