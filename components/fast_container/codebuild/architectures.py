"""The architectures that CodeBuild builds for, and the one for each platform."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

Architecture: TypeAlias = Literal["x86_64", "arm64"]

_ARCHITECTURE_OF: Final[dict[str, Architecture]] = {"amd64": "x86_64", "arm64": "arm64"}


def architecture_of(platform: str) -> Architecture | None:
    """Return the architecture of the project that builds for a platform, or None without one."""
    return _ARCHITECTURE_OF.get(platform.split("/")[1]) if platform.startswith("linux/") else None
