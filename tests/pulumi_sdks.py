"""The Pulumi SDKs that the library is tried on: the oldest that pyproject.toml allows, and the one of uv.lock."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tools.get_tools import cache_folder
from tools.pypi import install_wheel

ROOT = Path(__file__).parents[1]
BOTH_SDKS = pytest.mark.parametrize("sdk", ["oldest", "locked"])


def oldest_version() -> str:
    """The version that pyproject.toml names as the lowest, such as ``3.220.0``."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    pulumi = next(one for one in map(Requirement, declared) if one.name == "pulumi")
    lowest = next(one.version for one in pulumi.specifier if one.operator == ">=")
    return f"{lowest}.0" if lowest.count(".") == 1 else lowest


def sdk_path(sdk: str) -> list[str]:
    """Folders to put on PYTHONPATH so that a process has the SDK ``oldest`` or ``locked``."""
    if sdk == "locked":
        return []
    return [str(install_wheel("pulumi", oldest_version(), cache_folder(os.environ), lambda _line: None))]
