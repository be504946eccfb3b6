"""Variables of a Dockerfile have the values that BuildKit gives them."""

from __future__ import annotations

from typing import Any

import pytest

from fast_container.core.dockerfile import DockerfileReads, ImageFacts
from fast_container.core.dockerfile.lex_options import LexOptions
from fast_container.core.dockerfile.model import RefusedError
from fast_container.core.dockerfile.read import read_dockerfile
from fast_container.core.dockerfile.shell_words import expand_word
from fast_container.errors import DockerfileError

ENVIRONMENT = {"V": "src/app.tar.gz", "E": "", "W": "a b", "X": "lib"}


def read(text: str, **options: Any) -> DockerfileReads:
    facts = {"alpine": ImageFacts({"FROM_BASE": "base"}, ())}
    return read_dockerfile(text.encode(), file="Dockerfile", **({"image_facts": facts} | options))


def paths(text: str, **options: Any) -> list[str]:
    reads = read(text, **options).contexts.get("context")
    return [] if reads is None else [selector.path for selector in reads.selectors]


def stage(lines: str, source: str, before: str = "", **options: Any) -> list[str]:
    return paths(f"{before}\nFROM alpine\n{lines}\nCOPY {source} /x/\n", **options)


def expand(word: str, **options: Any) -> str:
    return expand_word(word, ENVIRONMENT.get, LexOptions(**options))


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("$X", "lib"),
        ("${X}", "lib"),
        ("a$X/b", "alib/b"),
        ("$X$X", "liblib"),
        ("$NOPE", ""),
        ("${NOPE:-w}", "w"),
        ("${NOPE-w}", "w"),
        ("${E:-w}", "w"),
        ("${E-w}", ""),
        ("${X:-w}", "lib"),
        ("${X:+w}", "w"),
        ("${E:+w}", ""),
        ("${E+w}", "w"),
        ("${NOPE+w}", ""),
        ("${X:?e}", "lib"),
        ("${E?e}", ""),
        ("${V#*/}", "app.tar.gz"),
        ("${V##*.}", "gz"),
        ("${V%.*}", "src/app.tar"),
        ("${V%%.*}", "src/app"),
        ("${V/a/A}", "src/App.tar.gz"),
        ("${V//a/A}", "src/App.tAr.gz"),
        ("${V//./\\/}", "src/app\\/tar\\/gz"),
        ("${V/?r/}", "c/app.tar.gz"),
        ("${X//*/y}", "y"),
        ("${NOPE:-${X:-z}}", "lib"),
        ("${NOPE:-$X/y}", "lib/y"),
        ("\\$X", "$X"),
        ("'$X'", "$X"),
        ('"$X"', "lib"),
        ('"\\$X"', "$X"),
        ('"a\\b"', "a\\b"),
        ("a\\ b", "a b"),
        ("'a\"b'", 'a"b'),
        ("$", "$"),
        ("$1", ""),
        ("a\\", "a"),
        ("\udcff", "\ufffd"),
    ],
)
def test_a_word_expands_as_buildkit_expands_it(word: str, value: str) -> None:
    assert expand(word) == value


@pytest.mark.parametrize(
    "word",
    [
        "${",
        "${}",
        "${:x}",
        "${X",
        "${X:x}",
        "${X!}",
        "${X:#a}",
        "'a",
        '"a',
        "${NOPE:?e}",
        "${E:?e}",
        "${X/a}",
        "${X#\\a}",
    ],
)
def test_a_word_that_cannot_be_expanded_is_refused(word: str) -> None:
    with pytest.raises(RefusedError):
        expand(word)


def test_the_message_of_a_required_variable_is_shown_with_the_line() -> None:
    with pytest.raises(DockerfileError, match="say-which") as caught:
        stage("", "${NOPE:?say-which}")
    assert caught.value.line == 4
    assert "NOPE" in caught.value.next_step


def test_the_escape_character_changes_quoting() -> None:
    assert expand("`$X\\", escape="`") == "$X\\"
    assert paths("# escape=`\nFROM alpine\nCOPY a`$b `\n  c\\d /x/\n") == ["a$b", "c\\d"]


def test_the_later_of_arg_and_env_wins() -> None:
    assert stage("ENV A=env\nARG A=arg", "$A") == ["arg"]
    assert stage("ARG A=arg\nENV A=env", "$A") == ["env"]


def test_an_arg_without_value_leaves_an_earlier_env_alone() -> None:
    assert stage("ENV A=env\nARG A", "$A") == ["env"]
    assert stage("ARG FROM_BASE", "$FROM_BASE") == ["base"]


def test_an_arg_takes_build_arg_then_default_then_global_value() -> None:
    assert stage("ARG A=own", "$A", "ARG A=global", build_args={"A": "given"}) == ["given"]
    assert stage("ARG A=own", "$A", "ARG A=global") == ["own"]
    assert stage("ARG A", "$A", "ARG A=global") == ["global"]


def test_a_build_arg_and_a_global_arg_are_invisible_without_arg() -> None:
    assert stage("", "a$A", "ARG A=global", build_args={"A": "given"}) == ["a"]


def test_a_child_inherits_arg_and_env_of_its_parent() -> None:
    text = "FROM alpine AS p\nARG A=arg\nENV B=env\nFROM p\nCOPY $A $B /x/\n"
    assert paths(text) == ["arg", "env"]


def test_in_a_child_the_parents_env_wins_over_its_later_arg() -> None:
    assert paths("FROM alpine AS p\nENV A=env\nARG A=arg\nFROM p\nCOPY $A /x\n") == ["env"]


def test_right_sides_of_env_see_the_values_from_before_the_line() -> None:
    assert stage("ENV A=old\nENV A=new B=$A", "$B") == ["old"]


def test_names_of_env_are_expanded_too() -> None:
    assert stage("ENV N=A\nENV $N=v", "$A") == ["v"]


def test_pairs_on_one_arg_line_see_each_other() -> None:
    assert stage("ARG A=x B=$A", "$B") == ["x"]


def test_env_takes_the_old_form_and_quotes() -> None:
    assert stage("ENV A one two", "$A") == ["one two"]
    assert stage("ENV A='one two' B=\"x y\"", "$B") == ["x y"]


def test_from_sees_global_args_only() -> None:
    text = "ARG A=one\nFROM alpine AS one\nCOPY a /a\nFROM alpine AS two\nARG A=two\nCOPY b /b\nFROM $A\n"
    assert paths(text) == ["a"]
    with pytest.raises(DockerfileError, match="empty"):
        read("FROM alpine\nARG A=alpine\nFROM $A\n")


def test_global_args_are_made_of_earlier_ones() -> None:
    assert paths("ARG A=al\nARG B=${A}pine\nFROM $B\nCOPY a /a\n") == ["a"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TARGETPLATFORM", "linux/arm64"),
        ("TARGETOS", "linux"),
        ("TARGETARCH", "arm64"),
        ("TARGETVARIANT", ""),
        ("TARGETOSVERSION", ""),
        ("TARGETSTAGE", "default"),
        ("BUILDARCH", "amd64"),
        ("BUILDPLATFORM", "linux/amd64"),
    ],
)
def test_a_predefined_arg_needs_arg_in_the_stage(name: str, value: str) -> None:
    platforms = {"platform": "linux/arm64/v8", "build_platform": "linux/amd64"}
    assert stage(f"ARG {name}", f"a${name}", **platforms) == [f"a{value}"]
    assert stage("", f"a${name}", **platforms) == ["a"]


def test_a_build_arg_overrides_a_predefined_one() -> None:
    assert stage("ARG TARGETARCH", "$TARGETARCH", build_args={"TARGETARCH": "mine"}) == ["mine"]


def test_the_target_stage_is_the_target_as_it_was_given() -> None:
    text = "FROM alpine AS one\nARG TARGETSTAGE\nCOPY $TARGETSTAGE /x\n"
    assert paths(text, target="ONE") == ["ONE"]
    assert paths(text) == ["one"]


def test_variables_of_arm_have_their_variant() -> None:
    assert stage("ARG TARGETVARIANT", "$TARGETVARIANT", platform="linux/arm") == ["v7"]


def test_names_that_have_an_effect_are_declared() -> None:
    text = (
        "ARG A=1\nARG B=$A\nARG UNUSED\nFROM base:$B AS one\nARG C\n"
        "FROM alpine AS two\nARG D\nFROM one\nARG E=$F\nRUN x\n"
    )
    given = {"SOURCE_DATE_EPOCH": "0", "BUILDKIT_INLINE_CACHE": "1", "Z": "1"}
    assert read(text, build_args=given).declared_args == {"A", "B", "C", "E", "SOURCE_DATE_EPOCH"}


def test_a_platform_of_from_may_be_a_variable() -> None:
    reads = read("FROM --platform=$TARGETPLATFORM golang\n", platform="linux/arm64")
    assert reads.external_images[0].platform == "linux/arm64"
    assert "TARGETPLATFORM" in reads.declared_args
    for bad in ("$NOPE", "bad", "linux/a/b/c"):
        with pytest.raises(DockerfileError):
            read(f"FROM --platform={bad} golang\n")


def test_words_of_other_instructions_are_refused_where_they_cannot_be_expanded() -> None:
    for line in ("LABEL a=${N:?x}", "WORKDIR ${N:?x}", "USER 'a", "EXPOSE ${N:?x}", "VOLUME ${N:?x}"):
        with pytest.raises(DockerfileError):
            stage(line, "a")
    assert stage("RUN ${N:?x}\nCMD ${N:?x}\nENTRYPOINT 'a", "a") == ["a"]


@pytest.mark.parametrize(
    "line",
    [
        *("EXPOSE x", "EXPOSE 80/x", "EXPOSE 90-80", "EXPOSE 65536", "EXPOSE 1:", "EXPOSE x:1:1", "EXPOSE 80-90:1-2"),
        *("STOPSIGNAL NOPE", "STOPSIGNAL 0", "VOLUME $E"),
    ],
)
def test_a_port_signal_or_volume_that_is_none_is_refused(line: str) -> None:
    with pytest.raises(DockerfileError) as caught:
        stage(line, "a")
    assert caught.value.line == 3


@pytest.mark.parametrize(
    "line",
    [
        "EXPOSE 80 81-90/UDP $P",
        "EXPOSE 127.0.0.1:80:80",
        "STOPSIGNAL SIGTERM",
        "STOPSIGNAL 9",
        "VOLUME /a $P",
        "EXPOSE $E",
    ],
)
def test_a_port_signal_or_volume_may_be_written_in_all_forms(line: str) -> None:
    assert stage(f"ENV P=8080\n{line}", "a") == ["a"]


@pytest.mark.parametrize("doubled", ["$A{0}$A{0}", "${{A{0}}}${{A{0}}}", "${{X:-$A{0}$A{0}}}"])
def test_values_that_grow_without_end_are_refused(doubled: str) -> None:
    lines = [f"ARG A{number}={doubled.format(number - 1)}" for number in range(1, 40)]
    for head in (["FROM scratch", "ARG A0=x", *lines], ["ARG A0=x", *lines, "FROM scratch"]):
        text = "\n".join([*head, "COPY f /x"])
        with pytest.raises(DockerfileError, match="expand to more than a variable"):
            read(text)
    many = [f"ARG B{number}=$A15" for number in range(2000)]
    with pytest.raises(DockerfileError, match="more than a build can use"):
        read("\n".join(["FROM scratch", "ARG A0=x", *lines[:16], *many, "COPY f /x"]))
