"""Markers: taken apart, turned around and written again without a change of what they say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker as Reference

from fast_container.python_base.requirements.marker import (
    ALWAYS,
    NEVER,
    Comparison,
    holds_on_linux,
    known_on_linux,
    opposite,
    parse_marker,
    simplified,
    write_marker,
)

ENVIRONMENTS = [
    {"python_version": python, "os_name": name, "sys_platform": platform, "platform_system": system}
    for python in ("3.9", "3.12", "3.13")
    for name, platform, system in (
        ("posix", "linux", "Linux"),
        ("nt", "win32", "Windows"),
        ("posix", "darwin", "Darwin"),
    )
]
COMPARISONS = st.sampled_from(
    [
        *("python_version < '3.12'", 'python_version >= "3.10"', "'3.12' == python_version", "os_name == 'nt'"),
        *("sys_platform != 'linux'", "platform_system == 'Linux'", "sys_platform in 'linux darwin'"),
        "sys_platform not in 'win32'",
    ]
)
MARKERS = st.recursive(
    COMPARISONS,
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner),
    max_leaves=6,
) | st.builds("{} and {} or {}".format, COMPARISONS, COMPARISONS, COMPARISONS)


def values(text: str) -> list[bool]:
    return [Reference(text).evaluate(environment) for environment in ENVIRONMENTS]


@given(MARKERS)
def test_a_marker_and_its_opposite_hold_where_packaging_says_so(text: str) -> None:
    marker = parse_marker(text)
    assert marker is not None
    assert values(write_marker(marker)) == values(text)
    other = opposite(marker)
    assert other is not None
    assert values(write_marker(other)) == [not value for value in values(text)]


@given(MARKERS)
def test_what_is_known_of_linux_changes_nothing_there(text: str) -> None:
    marker = parse_marker(text)
    assert marker is not None
    left = simplified(marker, known_on_linux)
    on_linux = [
        value for value, each in zip(values(text), ENVIRONMENTS, strict=True) if each["sys_platform"] == "linux"
    ]
    if left in (ALWAYS, NEVER):
        assert on_linux == [left == ALWAYS] * len(on_linux)
    else:
        said = [
            Reference(write_marker(left)).evaluate(each) for each in ENVIRONMENTS if each["sys_platform"] == "linux"
        ]
        assert said == on_linux
    assert holds_on_linux(text) or not any(on_linux)


@pytest.mark.parametrize(
    "text", ["x", "x ==", "(x == 'a'", "x == 'a')", "x == 'a' and", "x = 'a'", "x == 'a\"b'", "not x == 'a'"]
)
def test_what_is_no_marker_is_not_known(text: str) -> None:
    assert parse_marker(text) is None
    assert holds_on_linux(text)


def test_an_operator_without_an_opposite_has_none() -> None:
    assert opposite(Comparison("python_version", "~=", '"3.11"')) is None
    assert parse_marker("") == ALWAYS
