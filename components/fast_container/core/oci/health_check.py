"""``HEALTHCHECK`` of an image in the form of ECS's container definitions: ECS does not read that of an image.

Decides how durations are read (Go's ``time.ParseDuration``, whole seconds, rounded up), that Docker's defaults hold
where the Dockerfile says none, and that values stay within ECS's limits. Source: "HealthCheck", Amazon ECS API.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

_PART: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_SECONDS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A check of an image's health.

    Attributes:
        command: ``CMD`` or ``CMD-SHELL`` and its words; empty for ``NONE``, which takes off a base's.
        interval_s: Between two checks.
        timeout_s: Of one check.
        start_period_s: In which failures do not count.
        retries: Failures after which it is unhealthy.
    """

    command: tuple[str, ...] = ()
    interval_s: float = 30.0
    timeout_s: float = 30.0
    start_period_s: float = 0.0
    retries: int = 3

    @property
    def container_definition(self) -> dict[str, Any] | None:
        """The object ``healthCheck`` of a container definition; None for ``NONE``."""
        if not self.command:
            return None
        return {
            "command": list(self.command),
            "interval": _within(self.interval_s, 5, 300),
            "timeout": _within(self.timeout_s, 2, 60),
            "retries": _within(self.retries, 1, 10),
            "startPeriod": _within(self.start_period_s, 0, 300),
        }


def health_check_of(flags: Sequence[str], words: Sequence[str], *, is_json: bool) -> HealthCheck:
    """Read a ``HEALTHCHECK`` instruction that BuildKit would not refuse.

    Args:
        flags: With their dashes.
        words: ``CMD`` and its words, or ``NONE``.
        is_json: The words were an array.
    """
    if words[0].upper() == "NONE":
        return HealthCheck()
    given = dict(flag.removeprefix("--").split("=", 1) for flag in flags if "=" in flag)
    retries = given.get("retries", "")
    return HealthCheck(
        ("CMD", *words[1:]) if is_json else ("CMD-SHELL", *words[1:]),
        _seconds(given.get("interval", "")) or 30.0,
        _seconds(given.get("timeout", "")) or 30.0,
        _seconds(given.get("start-period", "")),
        int(retries) if retries.isdecimal() and int(retries) else 3,
    )


def _seconds(text: str) -> float:
    """Read a duration; 0 stands for the default, as in Docker."""
    parts = _PART.findall(text.lstrip("+"))
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def _within(value: float, least: int, most: int) -> int:
    return min(max(math.ceil(value), least), most)
