"""HEALTHCHECK in the form of ECS's container definitions."""

from __future__ import annotations

from typing import Any

import pytest

from fast_container.core.dockerfile.read import read_dockerfile


def definition(dockerfile: str, target: str = "") -> dict[str, Any] | None:
    found = read_dockerfile(dockerfile.encode(), file="Dockerfile", target=target).health_check
    return found.container_definition if found else None


def test_a_shell_command_has_dockers_defaults() -> None:
    assert definition("FROM alpine\nHEALTHCHECK CMD curl -f localhost || exit 1\n") == {
        "command": ["CMD-SHELL", "curl -f localhost || exit 1"],
        "interval": 30,
        "timeout": 30,
        "retries": 3,
        "startPeriod": 0,
    }


def test_an_array_is_run_as_it_is_and_durations_are_seconds() -> None:
    said = 'HEALTHCHECK --interval=1m30s --timeout=2500ms --start-period=10s --retries=5 CMD ["/check", "now"]'
    assert definition(f"FROM alpine\n{said}\n") == {
        "command": ["CMD", "/check", "now"],
        "interval": 90,
        "timeout": 3,
        "retries": 5,
        "startPeriod": 10,
    }


def test_values_stay_within_the_limits_of_ecs() -> None:
    found = definition("FROM alpine\nHEALTHCHECK --interval=1s --timeout=1h --retries=99 CMD true\n")
    assert found is not None
    assert (found["interval"], found["timeout"], found["retries"]) == (5, 60, 10)


@pytest.mark.parametrize(
    ("dockerfile", "target", "found"),
    [
        ("FROM alpine\nHEALTHCHECK CMD a\nFROM alpine\n", "", None),
        ("FROM alpine AS one\nHEALTHCHECK CMD a\nFROM one\n", "", "a"),
        ("FROM alpine AS one\nHEALTHCHECK CMD a\nFROM one\nHEALTHCHECK CMD b\nHEALTHCHECK CMD c\n", "", "c"),
        ("FROM alpine AS one\nHEALTHCHECK CMD a\nFROM one\nHEALTHCHECK NONE\n", "", None),
        ("FROM alpine AS one\nHEALTHCHECK CMD a\nFROM one\nHEALTHCHECK NONE\n", "one", "a"),
    ],
)
def test_it_is_that_of_the_target_and_of_what_it_starts_from(dockerfile: str, target: str, found: str | None) -> None:
    said = definition(dockerfile, target)
    assert (said["command"][1] if said else None) == found
