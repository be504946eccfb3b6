"""A quick look at paths finds unmatched only what no ignore pattern matches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_container.core.ignore.rules import IgnoreRules, State
from fast_container.errors import DockerfileError
from tests.ignore_patterns import LEAKY, PATH, PATTERN


@given(st.lists(PATTERN | LEAKY, max_size=4), st.lists(PATH, min_size=1, max_size=4))
def test_what_a_quick_look_finds_unmatched_is_what_its_directory_is(patterns: list[str], paths: list[str]) -> None:
    try:
        rules = IgnoreRules.from_patterns(patterns)
        state = rules.start()
        *folders, name = paths[0].split("/")
        for depth in range(len(folders)):
            state = rules.step(state, "/".join(folders[: depth + 1]))[1]
    except DockerfileError:
        return
    prefix = "".join(f"{folder}/" for folder in folders)
    names = [name, *(path.rpartition("/")[2] for path in paths[1:])]
    if rules.matches_nothing_in(prefix, names):
        assert [rules.step(state, prefix + name) for name in names] == [rules.inherit(state)] * len(names)
    for name in names:
        # Asked often, a look is another one.
        if any(rules.matches_nothing(prefix + name) for _ in range(60)):
            assert rules.step(state, prefix + name) == rules.inherit(state)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("**/node_modules", "node_modules"),
        ("**/node_modules", "a/node_modules"),
        ("a*|b", "ax"),
        ("x\\d", "x7"),
        ("*\\x41", "zA"),
        ("*\\101", "zA"),
        ("\\Qabc", "abc$"),
        ("*a{0}", "b"),
        ("a/**/b", "a/b"),
        ("*.log", "x.log"),
        ("docs/**", "docs/a"),
        ("docs*", "docs.md"),
        ("**", "a"),
        ("é", "é"),
        ("[ab].py", "a.py"),
        ("a?", "ab"),
    ],
)
def test_a_quick_look_at_a_directory_misses_no_match(pattern: str, path: str) -> None:
    folder, _, name = path.rpartition("/")
    rules = IgnoreRules.from_patterns([pattern])
    assert rules.step(State(0), path)[0]
    assert not rules.matches_nothing_in(f"{folder}/" if folder else "", ["other", name])


def test_a_quick_look_at_a_directory_is_enough_for_usual_rules() -> None:
    usual = [".git", "**/node_modules", "**/*.pyc", "*.log", "docs/**", "build*", "**/.env.*", "!keep.md"]
    rules = IgnoreRules.from_patterns(usual)
    assert rules.matches_nothing_in("src/app/", ["main.py", "views.py"])
    assert not rules.matches_nothing_in("src/app/", ["main.py", "views.pyc"])
    assert not rules.matches_nothing_in("docs/", ["index.md"])
    assert not rules.matches_nothing_in("src/", ["main.py", ".env.local"])


def test_a_quick_look_at_a_directory_is_enough_below_what_a_list_of_the_wanted_names() -> None:
    rules = IgnoreRules.from_patterns(["*", "!src", "**/__pycache__"])
    assert not rules.matches_nothing_in("", ["README.md"])
    assert not rules.matches_nothing_in("", ["src"])
    assert rules.matches_nothing_in("src/", ["app", "main.py"])
    wanted, unwanted = (rules.step(rules.start(), name)[1] for name in ("src", "docs"))
    assert rules.inherit(wanted) == rules.step(wanted, "src/main.py")
    assert not rules.inherit(wanted)[0]
    assert rules.inherit(unwanted)[0]


def test_a_pattern_that_is_refused_is_refused_whatever_a_quick_look_sees() -> None:
    rules = IgnoreRules.from_patterns(["x[b-a].log"])
    assert not rules.matches_nothing_in("", ["main.py"])
    assert not any(rules.matches_nothing("main.py") for _ in range(60))
    with pytest.raises(DockerfileError, match="refused"):
        rules.step(State(0), "main.py")
