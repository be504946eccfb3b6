"""The machine that figures were made on, in a line that a reader can compare with a machine of their own."""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path


def machine() -> str:
    """Date, processors, memory, system and load."""
    cpu = _first(r"model name\s*: (.+)", "/proc/cpuinfo") or platform.machine()
    memory = int(_first(r"MemTotal:\s*(\d+)", "/proc/meminfo") or 0) / 1e6
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({cpu.strip()}), {memory:.0f} GB, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, "
        f"load {os.getloadavg()[0]:.1f} before the start"
    )


def _first(pattern: str, file: str) -> str:
    place = Path(file)
    found = re.search(pattern, place.read_text()) if place.exists() else None
    return found.group(1) if found else ""
