"""Versions and specifiers: a conflict is claimed only where there is one, and nothing of what cannot be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from fast_container.python_base.requirements.versions import contradict, exact_version, satisfies, split_specifiers

NUMBERS = st.integers(0, 3)
RELEASES = st.lists(NUMBERS, min_size=1, max_size=3).map(lambda parts: ".".join(map(str, parts)))


@st.composite
def versions(draw: st.DrawFn, local: bool = True) -> str:
    epoch = draw(st.sampled_from(["", "", "", "1!"]))
    pre = draw(st.sampled_from(["", "", "a1", "b2", "rc1", ".alpha.1", "-pre2", "c1"]))
    post = draw(st.sampled_from(["", "", ".post1", "-1", "r2", ".post"]))
    dev = draw(st.sampled_from(["", "", ".dev1", "dev"]))
    more = draw(st.sampled_from(["", "", "+cpu", "+Cu_12"])) if local else ""
    return f"{epoch}{draw(RELEASES)}{pre}{post}{dev}{more}"


@st.composite
def specifiers(draw: st.DrawFn) -> str:
    form = draw(st.sampled_from(["==", "!=", "<=", ">=", "<", ">", "~=", "==.*", "!=.*"]))
    if form.endswith(".*"):
        return f"{form[:2]}{draw(RELEASES)}.*"
    if form == "~=":
        return f"~={draw(RELEASES)}.{draw(NUMBERS)}{draw(st.sampled_from(['', 'rc1', '.post1']))}"
    return f"{form}{draw(versions(local=form in ('==', '!=')))}"


def reference(specifier: str) -> SpecifierSet:
    return SpecifierSet(specifier, prereleases=True)


POOL = [
    f"{release}{suffix}"
    for release in ("0", "0.1", "1", "1.0.1", "1.1", "1.2", "1.3", "2", "2.1", "2.3", "3", "3.3", "4", "1!0.1", "1!4")
    for suffix in (".dev0", ".dev1", "a1", "rc1", "rc1.post1", "", "+cpu", ".post1.dev1", ".post1", ".post2")
]


@given(specifiers(), specifiers())
def test_a_contradiction_is_claimed_only_where_no_version_satisfies_both(left: str, right: str) -> None:
    assert contradict(left, right) == contradict(right, left)
    both = reference(f"{left},{right}")
    named = [specifier.lstrip("=!<>~").removesuffix(".*") for specifier in (left, right)]
    if contradict(left, right):
        assert [version for version in [*POOL, *named] if both.contains(version)] == []


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("==1", "==2", True),
        ("==1", "==1.0.0", False),
        (">=2", "<2", True),
        (">=2", "<2.0.1", False),
        (">2", "<=2", True),
        ("~=2.1", ">=3", True),
        ("~=2.1.0", "==2.2", True),
        ("==2.*", "<2", True),
        ("==2.*", ">=3", True),
        ("!=1", "==1", True),
        ("==1.0", "==1.0+cpu", False),
        ("==1.0+cu12", "==1.0+cpu", True),
        ("===something", "==1", True),
        ("==nonsense", "==1", False),
        ("==3.12.*", "!=3.12.*", True),
        ("==3.12.*", "!=3.12.4", False),
        (">=2", "<2.dev1", True),
        (">1.7", "<1.7.post1", True),
    ],
)
def test_contradictions_by_example(left: str, right: str, expected: bool) -> None:
    assert contradict(left, right) is contradict(right, left) is expected


@pytest.mark.parametrize(
    ("version", "specifier", "expected"),
    [
        ("2.0rc1", ">=1", True),
        ("1.0+cpu", "==1.0", True),
        ("1.0", "==1.0+cpu", False),
        ("x", "===x", True),
        ("1", "==nonsense", None),
    ],
)
def test_a_version_satisfies_a_specifier_though_it_is_a_prerelease(
    version: str, specifier: str, expected: bool | None
) -> None:
    assert satisfies(version, specifier) is expected


def test_specifiers_are_sorted_and_cleaned() -> None:
    assert split_specifiers(">=1.*") is None
    assert split_specifiers(">= 1.0 ,<2,") == ("<2", ">=1.0")
    assert split_specifiers("") == ()
    assert split_specifiers("1.0") is None
    assert [exact_version(text) for text in ("==1.0", "===x", "==1.*", ">=1")] == ["1.0", "x", "", ""]
    with pytest.raises(InvalidSpecifier):
        SpecifierSet("1.0")
