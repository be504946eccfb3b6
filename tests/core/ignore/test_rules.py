"""Ignore files mean to us what they mean to moby."""

from __future__ import annotations

import base64
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_container.core.go_path import clean
from fast_container.core.ignore.go_regexp import compile_go
from fast_container.core.ignore.pattern import read_pattern
from fast_container.core.ignore.rules import IgnoreRules
from fast_container.errors import DockerfileError
from tests.ignore_patterns import PATH, PATTERN

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "semantics" / "ignore_cases.json").read_text(encoding="utf-8")
)["cases"]


def ignored(patterns: list[str], path: str) -> bool:
    return IgnoreRules.from_patterns(patterns).ignores(path)


def parsed(text: bytes) -> list[str]:
    return list(IgnoreRules.parse(text, file=".dockerignore").patterns)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_a_reference_case_has_mobys_answer(case: dict[str, Any]) -> None:
    def answer() -> object:
        if case["kind"] == "parse":
            return parsed(base64.b64decode(case["text_b64"]))
        return ignored(case["patterns"], case["path"])

    if case.get("error"):
        with pytest.raises(DockerfileError):
            answer()
    else:
        assert answer() == (case["patterns"] if case["kind"] == "parse" else case["ignored"])


@pytest.mark.parametrize(
    ("text", "patterns"),
    [
        (b"#a\n #b\na #c\n\\#d\n", ["#b", "a #c", "\\#d"]),
        ("\u00a0a\u3000\n\u2003\n".encode(), ["a"]),
        (b"! /a\n!  ./b/\n!!c\n", ["!a", "!b", "!!c"]),
        (b"/a\n./b\nc/\nd//e\n/../f\n../g\na/**/\n", ["a", "b", "c", "d/e", "f", "../g", "a/**"]),
        (b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n", ["a", "\ufeffb"]),
        (b"a\r\nb\r\r\nc", ["a", "b", "c"]),
        (b".\n/\n", [".", "/"]),
        (b"a\x1cb\x1c\n", ["a\x1cb\x1c"]),
        (b"\xff\n", ["\udcff"]),
        (b"", []),
    ],
)
def test_lines_are_cleaned_as_moby_cleans_them(text: bytes, patterns: list[str]) -> None:
    assert parsed(text) == patterns


@pytest.mark.parametrize("text", [b"!\n", b"[\n", b"a\\\n", b"[]a]\n", b"[x-]\n", b"!/\n", b"[\xff]\n"])
def test_a_bad_pattern_is_refused_with_its_line(text: bytes) -> None:
    with pytest.raises(DockerfileError) as caught:
        IgnoreRules.parse(b"# first\n" + text, file="d/.dockerignore")
    assert (caught.value.file, caught.value.line) == ("d/.dockerignore", 2)


@pytest.mark.parametrize(
    "pattern", ["[z-a]", "a*[", "a{3,2}*", "*{2}", "a|{2}*", "[[:nope:]]x", "\\pL", "\\1", "\\y", "\\x"]
)
def test_a_bad_regular_expression_is_refused_at_its_first_use(pattern: str) -> None:
    rules = IgnoreRules.parse(b"x\n" + pattern.encode(), file=".dockerignore")
    with pytest.raises(DockerfileError) as caught:
        rules.step(rules.start(), "a")
    assert caught.value.line == 2


def test_a_bad_pattern_of_the_caller_is_named_by_its_index() -> None:
    with pytest.raises(DockerfileError, match=re.escape("ignore[1]")):
        IgnoreRules.parse(b"a\n", file=".dockerignore", extra=["b", "["])


def test_the_callers_patterns_come_last_and_have_no_comments() -> None:
    rules = IgnoreRules.parse(b"*.md\n", file=".dockerignore", extra=["!/README.md", "#x", " "])
    assert rules.patterns == ("*.md", "!README.md", "#x")
    assert not rules.ignores("README.md")
    assert rules.ignores("#x")


@pytest.mark.parametrize("size", [65536, 70000])
def test_a_line_that_moby_cannot_read_is_refused(size: int) -> None:
    with pytest.raises(DockerfileError, match="64 KiB"):
        IgnoreRules.parse(b"a\n" + b"x" * size, file=".dockerignore")


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("Foo", ["Foo", "Foo/x"], ["foo", "a/Foo"]),
        ("node_modules", ["node_modules/a/b"], ["a/node_modules"]),
        ("*.log", [".log", "x.log"], ["d/x.log"]),
        ("*", ["a", ".a", "a/b"], []),
        ("?", ["a", "é"], ["ab", "/"]),
        ("foo**", ["foo", "foobar/baz"], ["fo"]),
        ("foo/**", ["foo/a", "foo/a/b"], ["foo"]),
        ("**foo", ["xfoo", "d/xfoo", "foo"], ["foox"]),
        ("**foo*", ["foo", "d/foox"], ["xfoo"]),
        ("**/x", ["x", "a/x", "a/b/x"], ["ax"]),
        ("a**b", ["ab", "a/x/b", "ax/b"], ["axb"]),
        ("x/**/y", ["x/y", "x/a/b/y"], ["xy"]),
        ("**", ["a", "a/b"], []),
        ("[a-c]x", ["bx"], ["dx"]),
        ("[^a]x", ["bx", "/x"], ["ax"]),
        ("[!a]x", ["!x", "ax"], ["bx"]),
        ("[[:alpha:]]x", ["bx"], ["1x", "éx"]),
        ("[[:^alpha:]]x", ["1x"], ["bx"]),
        ("a^b*", [], ["a^b", "ab"]),
        ("^a*", ["ab"], ["^a"]),
        ("a^b", ["a^b"], []),
        ("\\d*", ["1a"], ["da", "a", "٣a"]),
        ("\\w", ["a", "_"], ["é", "-"]),
        ("a\\s*", ["a b", "a\nb"], ["a\vb", "asb"]),
        ("a{2}*", ["aa", "aab"], ["a{2}", "a"]),
        ("a{02}*", ["a{02}b"], ["aa"]),
        ("a{,2}*", ["a{,2}b"], ["aa"]),
        ("x|y?", ["x", "xz/q", "q/yz"], ["y", "q"]),
        ("a.b*", ["a.bc"], ["axbc"]),
        ("(a)+$*", ["(a)+$b"], ["aab"]),
        ("\\Q^\\E*", ["^a"], ["a"]),
        ("\\x41*", ["Ab"], ["x41"]),
        ("a*", ["a"], ["b\na"]),
        ("é*", ["éa"], ["e\u0301a"]),
        (".", [], ["a", "a/b"]),
        ("/", [], ["a"]),
        ("../a", [], ["a"]),
    ],
)
def test_a_pattern_matches_what_moby_says(pattern: str, matching: list[str], other: list[str]) -> None:
    rules = IgnoreRules.from_patterns([pattern])
    state = rules.step(rules.start(), "zzz")[1]
    assert [path for path in matching if path[0] != "/" and not rules.ignores(path)] == []
    assert [path for path in other if path[0] != "/" and rules.ignores(path)] == []
    for path in (p for p in [*matching, *other] if p[0] == "/"):
        assert rules.step(state, path)[0] is (path in matching and pattern == "[^a]x")


def test_bytes_that_are_not_utf8_are_matched_as_go_does() -> None:
    assert ignored(["\udcff*"], "\udcfea")  # both are U+FFFD to a Go regular expression
    assert not ignored(["\udcff"], "\udcfe")
    assert ignored(["\udcc3**"], "é")  # a prefix is compared as bytes
    assert ignored(["?"], "\udcff")


@pytest.mark.parametrize(
    ("patterns", "path", "answer"),
    [
        (["node_modules", "!node_modules/keep"], "node_modules/keep/x", False),
        (["node_modules", "!node_modules/keep"], "node_modules/x", True),
        (["a/b", "!a"], "a/b", True),
        (["*", "!*.md"], "x.md", False),
        (["*", "!*.md"], "d/x.md", True),
        (["*", "!**/*.md"], "d/x.md", False),
        (["node_modules/", "!node_modules/keep/**"], "node_modules/keep", True),
        (["node_modules/", "!node_modules/keep/**"], "node_modules/keep/x", False),
        (["*", "!src"], "src/a.py", False),
        (["!a", "a"], "a", True),
    ],
)
def test_the_last_matching_pattern_wins_along_the_walk(patterns: list[str], path: str, answer: bool) -> None:
    assert ignored(patterns, path) is answer


def test_the_rule_that_decided_is_named_with_its_line() -> None:
    rules = IgnoreRules.parse(b"# c\ndist\n\n!dist/app\n", file=".dockerignore", extra=["x"])
    assert rules.rule_for("dist/other") == ("dist", 2)
    assert rules.rule_for("dist/app/x") == ("!dist/app", 4)
    assert rules.rule_for("x") == ("x", 0)
    assert rules.rule_for("y") is None


@pytest.mark.parametrize(
    ("patterns", "directory", "answer"),
    [
        (["a"], "a", True),
        (["a", "!a/b/c"], "a/b", False),
        (["a", "!a/b/c"], "a/x", True),
        (["a", "!a/b/**"], "a/b", False),
        (["a", "!**/x"], "a/b", False),
        (["a", "!ab"], "a", True),
    ],
)
def test_an_ignored_directory_is_pruned_where_fsutil_prunes_it(
    patterns: list[str], directory: str, answer: bool
) -> None:
    assert IgnoreRules.from_patterns(patterns).may_prune(directory) is answer


class Literal:
    """moby's chained algorithm, written down line by line, with the regular expression for every kind."""

    def __init__(self, patterns: list[str]) -> None:
        self.patterns: list[tuple[bool, str]] = []
        for text in (clean(pattern.strip()) for pattern in patterns if pattern.strip()):
            self.patterns.append((text[0] == "!", text.removeprefix("!")))

    def match(self, pattern: str, path: str) -> bool:
        out, i = "", 0
        wild = False
        while i < len(pattern):
            if pattern.startswith("**", i):
                i += 2
                i += pattern.startswith("/", i)
                if i == len(pattern):
                    if not wild:
                        return path.startswith(pattern[: pattern.rindex("**")])
                    out += ".*"
                else:
                    if not out and not any(char in pattern[i:] for char in "*?[]\\"):
                        rest = pattern[2:]
                        return path.endswith(rest) or (rest[0] == "/" and path == rest[1:])
                    out += "(.*/)?"
                wild = True
                continue
            wild = wild or pattern[i] in "*?"
            out += {"*": "[^/]*", "?": "[^/]"}.get(pattern[i], re.escape(pattern[i]))
            i += 1
        return re.fullmatch(out, path) is not None if wild else path == pattern

    def walk(self, path: str) -> list[bool]:
        parents = [False] * len(self.patterns)
        answers: list[bool] = []
        parts = path.split("/")
        for depth in range(len(parts)):
            current = "/".join(parts[: depth + 1])
            matched = False
            bools = [False] * len(self.patterns)
            for i, (exclusion, pattern) in enumerate(self.patterns):
                match = parents[i]
                if not match:
                    if exclusion != matched:
                        continue
                    match = self.match(pattern, current)
                bools[i] = match
                if match:
                    matched = not exclusion
            parents = bools
            answers.append(matched)
        return answers


@given(st.lists(PATTERN, max_size=4), PATH)
def test_the_chained_matcher_equals_a_literal_second_one(patterns: list[str], path: str) -> None:
    rules = IgnoreRules.from_patterns(patterns)
    state = rules.start()
    answers: list[bool] = []
    parts = path.split("/")
    for depth in range(len(parts)):
        answer, state = rules.step(state, "/".join(parts[: depth + 1]))
        answers.append(answer)
    assert answers == Literal(patterns).walk(path)


@given(st.lists(PATTERN, max_size=4), PATH)
def test_pruning_never_loses_a_kept_path(patterns: list[str], path: str) -> None:
    rules = IgnoreRules.from_patterns(patterns)
    parts = path.split("/")
    pruned = False
    for depth in range(1, len(parts) + 1):
        current = "/".join(parts[:depth])
        assert not (pruned and not rules.ignores(current))
        pruned = pruned or (rules.ignores(current) and rules.may_prune(current))


@given(st.binary(max_size=60), PATH)
def test_any_bytes_are_an_ignore_file_or_refused(text: bytes, path: str) -> None:
    try:
        rules = IgnoreRules.parse(text, file=".dockerignore")
        rules.ignores(path)
    except DockerfileError as error:
        assert error.file == ".dockerignore"


@given(st.text(alphabet="ab*?[]^-\\/{2,}|dwsbQEx1.:!é", max_size=12))
def test_any_pattern_is_read_or_refused(text: str) -> None:
    try:
        IgnoreRules.from_patterns([text]).ignores("a/b1")
    except DockerfileError as error:
        assert error.next_step


def test_many_stars_against_a_long_name_take_no_time() -> None:
    begin = time.process_time()
    assert not ignored(["*a*a*a*a*a*a*a*b"], "a" * 250)
    assert time.process_time() - begin < 0.5


def test_twenty_thousand_paths_against_eight_patterns_take_a_fraction_of_a_second() -> None:
    rules = IgnoreRules.from_patterns(
        ["node_modules", "**/*.pyc", "!src", "*.log", ".git", "dist/**", "**foo", "a?b*c"]
    )
    state = rules.step(rules.start(), "d0")[1]
    begin = time.process_time()
    for number in range(20_000):
        rules.step(state, f"d0/e{number % 100}/file{number}.py")
    assert time.process_time() - begin < 0.4  # 0.05 s on an idle core


def test_no_rules_ignore_nothing() -> None:
    rules = IgnoreRules.parse(b"# nothing\n", file=".dockerignore")
    assert not rules
    assert rules.step(rules.start(), "a/b") == (False, 0)


def test_a_path_whose_parents_were_not_asked_is_tried_with_each_parent() -> None:
    rules = IgnoreRules.from_patterns(["a", "!a/b"])
    assert rules.step(rules.start(), "a/x")[0]
    assert not rules.step(rules.start(), "a/b/c")[0]


def test_kinds_are_told_apart_by_shape() -> None:
    kinds = {text: read_pattern(text) for text in ("a|b", "a**", "**a", "a*", "\\a", "**")}
    assert [pattern.kind for pattern in kinds.values() if pattern] == [
        "exact",
        "prefix",
        "suffix",
        "regexp",
        "regexp",
        "suffix",
    ]


def test_an_anchor_that_is_repeated_no_times_anchors_nothing() -> None:
    assert compile_go("^{0}a[^/]*$").search("xab")
