"""Versions and specifiers, compared with the distribution ``packaging`` that pip itself uses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version as Reference

from fast_container.python_base.requirements.versions import (
    contradict,
    exact_version,
    parse_version,
    satisfies,
    split_specifiers,
)

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


@given(versions(), versions())
def test_versions_are_ordered_as_packaging_orders_them(left: str, right: str) -> None:
    ours, theirs = [parse_version(text) for text in (left, right)], [Reference(text) for text in (left, right)]
    assert ours[0] is not None
    assert ours[1] is not None
    public = [Reference(text.public) for text in theirs]
    assert (ours[0].key < ours[1].key, ours[0].key == ours[1].key) == (public[0] < public[1], public[0] == public[1])


@given(versions(), specifiers())
def test_a_version_satisfies_what_packaging_says_it_does(version: str, specifier: str) -> None:
    answer = satisfies(version, specifier)
    assert answer is None or answer == reference(specifier).contains(version)


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
        ("===something", "==1", False),
        ("==nonsense", "==1", False),
        (">=2", "<2.dev1", True),
        (">1.7", "<1.7.post1", False),
    ],
)
def test_contradictions_by_example(left: str, right: str, expected: bool) -> None:
    assert contradict(left, right) is contradict(right, left) is expected


@given(st.text(alphabet="0123456789.!+abcdepr-_*vostlu", max_size=12))
def test_what_is_read_as_a_version_is_one(text: str) -> None:
    ours = parse_version(text)
    try:
        theirs = Reference(text)
    except ValueError:
        theirs = None
    assert (ours is None) == (theirs is None)


def test_specifiers_are_sorted_and_cleaned() -> None:
    assert split_specifiers(" >= 1.0 ,<2,, ") is None
    assert split_specifiers(">= 1.0 ,<2,") == ("<2", ">=1.0")
    assert split_specifiers("") == ()
    assert split_specifiers("1.0") is None
    assert [exact_version(text) for text in ("==1.0", "===x", "==1.*", ">=1")] == ["1.0", "x", "", ""]
    with pytest.raises(InvalidSpecifier):
        SpecifierSet("1.0")
