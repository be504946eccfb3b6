"""What a Dockerfile's reachable stages read, start from and are refused for: the points of BuildKit's own rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fast_container.core.dockerfile import AssumedStage, DockerfileReads, ImageFacts
from fast_container.core.dockerfile.read import read_dockerfile
from fast_container.errors import ArgsError, DockerfileError

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "semantics" / "llb_paths_cases.json").read_text(encoding="utf-8")
)["cases"]
KNOWN = {"alpine": ImageFacts({}, ())}


def read(text: str, **options: Any) -> DockerfileReads:
    return read_dockerfile(text.encode(), file="Dockerfile", **({"image_facts": KNOWN} | options))


def paths(text: str, context: str = "context", **options: Any) -> list[str]:
    reads = read(text, **options).contexts.get(context)
    return [] if reads is None else [selector.path for selector in reads.selectors]


def copied(source: str, before: str = "", **options: Any) -> list[str]:
    return paths(f"FROM alpine\n{before}\nCOPY {source} /x/\n", **options)


def refused(text: str, **options: Any) -> DockerfileError:
    with pytest.raises(DockerfileError) as caught:
        read(text, **options)
    assert caught.value.file == "Dockerfile"
    assert caught.value.next_step
    return caught.value


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_a_reference_case_has_buildkits_selectors(case: dict[str, Any]) -> None:
    reads = read(
        case["dockerfile"],
        target=case.get("target", ""),
        build_args=case.get("build_args", {}),
        named_contexts=tuple(case.get("named_contexts", {})),
    )
    assert set(reads.contexts) == set(case["locals"])
    for name, expected in case["locals"].items():
        got = [
            {
                "op": one.op,
                "path": "/" + (one.pivot if one.parents else one.path),
                "wildcard": one.wildcard and not one.parents,
                **({"exclude": list(one.exclude)} if one.exclude else {}),
                **({"include": [one.path], "required": ["/" + one.path]} if one.parents else {}),
            }
            for one in reads.contexts[name].selectors
        ]
        assert got == expected["selectors"]


# Sources of COPY and ADD


@pytest.mark.parametrize(
    ("source", "path"),
    [("/a", "a"), ("./a", "a"), ("a/", "a"), ("../a", "a"), ("a/../b", "b"), ("a//b", "a/b"), (".", ""), ("/", "")],
)
def test_a_source_is_cleaned_against_the_root(source: str, path: str) -> None:
    assert copied(source) == [path]


def test_an_empty_source_takes_the_whole_context_and_says_so() -> None:
    reads = read("FROM alpine\nCOPY $NOPE /x\n")
    assert reads.contexts["context"].whole
    assert any("$NOPE" in warning for warning in reads.warnings)


def test_a_root_source_takes_the_whole_context_unless_something_is_excluded() -> None:
    assert read("FROM alpine\nCOPY . /x\n").contexts["context"].whole
    assert not read("FROM alpine\nCOPY --exclude=*.md . /x\n").contexts["context"].whole


def test_quotes_do_not_group_in_the_shell_form() -> None:
    assert "double-quote" in str(refused('FROM alpine\nCOPY "a b" /x\n'))


def test_the_json_form_takes_spaces_and_falls_back_to_words() -> None:
    assert paths('FROM alpine\nCOPY ["a b", "/x"]\n') == ["a b"]
    assert paths("FROM alpine\nCOPY [a] /x\n") == ["[a]"]
    refused('FROM alpine\nCOPY ["a", 1]\n')


def test_a_value_with_spaces_stays_one_source() -> None:
    assert copied("$V", 'ENV V="a b"') == ["a b"]


@pytest.mark.parametrize(
    ("source", "wild"), [("a*", True), ("a?", True), ("[a]", True), ("a\\\\*b", False), ("a", False)]
)
def test_a_wildcard_is_one_that_is_not_escaped(source: str, wild: bool) -> None:
    selector = read(f"FROM alpine\nCOPY {source} /x/\n").contexts["context"].selectors[0]
    assert (selector.wildcard, selector.required) == (wild, not wild)


def test_exclude_is_not_expanded_and_may_repeat() -> None:
    reads = read("FROM alpine\nENV V=z\nCOPY --exclude=$V --exclude=!./b a /x\n")
    assert reads.contexts["context"].selectors[0].exclude == ("$V", "!./b")


def test_flags_are_read_byte_by_byte() -> None:
    reads = read("FROM alpine\nCOPY --exclude=é.txt é /x\n").contexts["context"].selectors[0]
    assert (reads.exclude, reads.path) == (("Ã©.txt",), "é")


def test_parents_keeps_its_pivot_and_what_is_required() -> None:
    reads = read("FROM alpine\nCOPY --parents a/./b/c.txt d/**/*.py no* /x/\n").contexts["context"].selectors
    assert [(one.path, one.pivot, one.required, one.wildcard) for one in reads] == [
        ("a/b/c.txt", "a", True, False),
        ("d/**/*.py", "", False, True),
        ("no*", "", False, True),
    ]


def test_parents_of_the_root_is_refused() -> None:
    refused("FROM alpine\nCOPY --parents . /x/\n")


@pytest.mark.parametrize("flag", ["--link", "--link=true", "--link=FALSE", "--chown=1:2", "--chmod=755", "--chmod=u+x"])
def test_flags_of_the_operation_do_not_change_what_is_read(flag: str) -> None:
    assert copied(f"{flag} a") == ["a"]


@pytest.mark.parametrize(
    "flag",
    ["--bogus", "--link=maybe", "--link=", "--chown", "--chmod=9", "--chown=1 --chown=2", "--link --chown=bob"],
)
def test_a_bad_flag_is_refused_with_its_line(flag: str) -> None:
    assert refused(f"FROM alpine\n\nCOPY {flag} a /x\n").line == 3


def test_two_dashes_end_the_flags_and_flags_come_first() -> None:
    assert copied("-- --link") == ["--link"]
    assert copied("a --link") == ["a", "--link"]


@pytest.mark.parametrize(
    ("source", "checksum"),
    [
        ("https://h/x.tgz", ""),
        ("http://h/x", ""),
        ("https://h/r.git#v1", ""),
        ("git@h:o/r.git", ""),
        ("ssh://git@h/r", ""),
        ("https://h/r.git?ref=v1&commit=abc", "abc"),
    ],
)
def test_add_of_the_outside_is_a_remote_source_and_no_path(source: str, checksum: str) -> None:
    reads = read(f"FROM alpine\nADD {source} /x\n")
    assert reads.contexts == {}
    assert [(one.url, one.checksum, one.line) for one in reads.remote_sources] == [(source, checksum, 2)]


def test_a_checksum_goes_with_one_remote_source() -> None:
    digest = "sha256:" + "0" * 64
    reads = read(f"FROM alpine\nARG D={digest}\nADD --checksum=$D https://h/x /x\n")
    assert reads.remote_sources[0].checksum == digest
    refused(f"FROM alpine\nADD --checksum={digest} a /x\n")
    refused(f"FROM alpine\nADD --checksum={digest} https://h/x https://h/y /x\n")
    refused("FROM alpine\nADD --checksum=abc https://h/x /x\n")


@pytest.mark.parametrize("source", ["https://h/x", "git@h:o/r", "https://h/r.git"])
def test_copy_of_a_url_is_refused(source: str) -> None:
    refused(f"FROM alpine\nCOPY {source} /x\n")


def test_a_github_name_without_protocol_is_a_path() -> None:
    assert paths("FROM alpine\nADD github.com/o/r /x\n") == ["github.com/o/r"]


def test_a_local_archive_is_a_path_like_any_other() -> None:
    selector = read("FROM alpine\nADD a.tgz /x\n").contexts["context"].selectors[0]
    assert (selector.op, selector.path) == ("add", "a.tgz")


# Heredocs


@pytest.mark.parametrize("start", ["<<EOF", "<<-EOF", '<<"EOF"', "<<'EOF'"])
def test_a_heredoc_is_no_path_and_its_lines_are_no_instructions(start: str) -> None:
    tab = "\t" if "-" in start else ""
    assert paths(f"FROM alpine\nCOPY {start} a /x/\nCOPY b /y\n{tab}EOF\n") == ["a"]


def test_several_heredocs_may_follow_one_line() -> None:
    assert paths("FROM alpine\nCOPY <<A <<B /x/\nCOPY a /\nA\nCOPY b /\nB\nCOPY c /x\n") == ["c"]


def test_a_run_may_hold_heredocs() -> None:
    assert paths("FROM alpine\nRUN cat <<EOF\nCOPY a /\nEOF\nCOPY b /x\n") == ["b"]
    assert paths("FROM alpine\nRUN echo $((1<<2))\nCOPY b /x\n") == ["b"]


def test_there_are_no_heredocs_in_the_json_form_of_run() -> None:
    assert paths('FROM alpine\nRUN ["a", "<<EOF"]\nCOPY b /x\n') == ["b"]


def test_an_onbuild_takes_heredocs() -> None:
    assert paths("FROM alpine AS a\nONBUILD COPY <<EOF c /x/\nCOPY b /\nEOF\nFROM a\n") == ["c"]


def test_a_heredoc_that_does_not_end_is_refused() -> None:
    assert "EOF" in refused("FROM alpine\nCOPY <<EOF /x\na\n").next_step


def test_a_heredoc_as_destination_is_refused() -> None:
    refused("FROM alpine\nCOPY a <<EOF\nEOF\n")


def test_a_document_with_variables_is_expanded_unless_its_name_is_quoted() -> None:
    refused("FROM alpine\nCOPY <<EOF /x\n${V:?no}\nEOF\n")
    assert read("FROM alpine\nCOPY <<'EOF' /x\n${V:?no}\nEOF\n").contexts == {}


# RUN --mount


@pytest.mark.parametrize(
    ("mount", "expected"),
    [
        ("source=a,target=/t", ["a"]),
        ("type=bind,src=./a/,dst=/t", ["a"]),
        ("TYPE=bind,SOURCE=a,destination=/t", ["a"]),
        ("'\"source=a,b\",target=/t'", ["a,b"]),
        ("source=$V,target=/t", ["v"]),
        ("source=a*,target=/t", ["a*"]),
        ("target=/t", [""]),
        ("type=cache,target=/t", []),
        ("type=tmpfs,target=/t", []),
        ("type=secret,id=s", []),
        ("type=ssh", []),
        ("type=bind,from=alpine,target=/t", []),
    ],
)
def test_a_mount_reads_its_source(mount: str, expected: list[str]) -> None:
    text = f"FROM alpine\nARG V=v\nRUN --mount={mount} true\n"
    assert paths(text) == expected
    reads = read(text).contexts.get("context")
    assert reads is None or (reads.whole is (expected == [""]) and not reads.selectors[0].wildcard)


@pytest.mark.parametrize(
    "mount",
    [
        "bogus",
        "bogus=1",
        "type=nope,target=/t",
        "from=$V,target=/t",
        "uid=1,target=/t",
        "required,target=/t",
        "size=1m,target=/t",
        "type=secret",
        "type=ssh,source=a",
        "sharing=locked,target=/t",
        "target=/",
        'a"b',
    ],
)
def test_a_bad_mount_is_refused(mount: str) -> None:
    assert refused(f"FROM alpine\nRUN --mount={mount} true\n").line == 2


def test_a_number_is_an_image_in_a_mount_and_a_stage_in_a_copy() -> None:
    assert [one.reference for one in read("FROM scratch\nRUN --mount=from=0,target=/t true\n").external_images] == ["0"]
    assert read("FROM scratch\nFROM scratch\nCOPY --from=0 a /b\n").external_images == ()


# Stages and targets


STAGES = "FROM alpine AS one\nCOPY a /a\nFROM alpine AS two\nCOPY b /b\nFROM alpine\nCOPY --from=one /a /a\nCOPY c /c\n"


def test_only_reachable_stages_are_read() -> None:
    assert paths(STAGES) == ["a", "c"]
    assert read(STAGES).stages == ("one", "2")
    assert paths(STAGES, target="TWO") == ["b"]


@pytest.mark.parametrize("target", ["0", "nope"])
def test_a_target_is_a_name_and_no_number(target: str) -> None:
    with pytest.raises(ArgsError) as refusal:
        read(STAGES, target=target)
    assert refusal.value.property_path == "target"
    assert "one, two" in refusal.value.next_step


def test_a_context_that_nothing_reads_is_not_there() -> None:
    assert read("FROM alpine\nRUN true\n").contexts == {}


@pytest.mark.parametrize(
    "use", ["FROM one", "COPY --from=ONE /a /a", "COPY --from=0 /a /a", "RUN --mount=from=one,target=/t true"]
)
def test_a_stage_is_reached_through(use: str) -> None:
    last = use if use.startswith("FROM") else f"FROM alpine\n{use}"
    assert paths(f"FROM alpine AS one\nCOPY a /a\n{last}\n") == ["a"]


def test_from_does_not_find_a_stage_in_other_letters() -> None:
    refused("FROM alpine AS One\nFROM ONE\n")


def test_an_upper_case_name_that_is_no_stage_is_refused_even_where_unreachable() -> None:
    refused("FROM alpine\nCOPY --from=FOO a /x\nFROM alpine\n")


def test_from_context_is_an_image_and_never_the_build_context() -> None:
    reads = read("FROM alpine\nCOPY --from=context a /x\nCOPY --from=scratch b /y\n")
    assert reads.contexts == {}
    assert "docker.io/library/context:latest" in [one.normalised for one in reads.external_images]


def test_a_later_stage_is_refused_only_where_it_is_reachable() -> None:
    text = "FROM alpine AS one\nCOPY --from=two a /x\nFROM alpine AS two\n"
    refused(text, target="one")
    assert read(text, target="two").stages == ("two",)


def test_stages_in_a_circle_are_refused() -> None:
    refused("FROM alpine AS a\nCOPY --from=b x /x\nFROM alpine AS b\nCOPY --from=a x /x\nFROM alpine\n")
    refused("FROM alpine AS a\nCOPY --from=a x /x\n")


def test_from_in_a_copy_takes_no_variable() -> None:
    refused("FROM alpine AS a\nFROM alpine\nARG V=a\nCOPY --from=$V x /x\n")


def test_external_images_are_named_in_full_with_their_platform() -> None:
    reads = read(
        "ARG V=3.12\nFROM --platform=linux/arm64 python:$V AS a\nFROM --platform=$BUILDPLATFORM golang\n"
        "COPY --from=a x /x\nCOPY --from=ghcr.io/o/i:1 y /y\n",
        platform="linux/amd64",
    )
    assert [(one.reference, one.normalised, one.platform, one.line, one.stage) for one in reads.external_images] == [
        ("python:3.12", "docker.io/library/python:3.12", "linux/arm64", 2, "a"),
        ("golang", "docker.io/library/golang:latest", "", 3, "1"),
        ("ghcr.io/o/i:1", "ghcr.io/o/i:1", "linux/amd64", 5, "1"),
    ]


# Named contexts


def test_a_named_context_is_read_by_itself() -> None:
    text = "FROM alpine\nCOPY --from=lib a b* /x/\nRUN --mount=from=lib,source=c,target=/t true\nCOPY d /y\n"
    assert paths(text, "lib", named_contexts=("lib",)) == ["a", "b*", "c"]
    assert paths(text, named_contexts=("lib",)) == ["d"]


@pytest.mark.parametrize("name", ["alpine", "docker.io/library/alpine:latest", "alpine::linux/amd64"])
def test_a_named_context_replaces_an_image_of_the_same_normal_name(name: str) -> None:
    reads = read("FROM alpine\nRUN true\n", named_contexts=(name,))
    assert reads.external_images == ()
    assert [one.op for one in reads.contexts[name].selectors] == ["rootfs"]
    assert reads.contexts[name].whole


def test_a_named_context_of_another_platform_replaces_nothing() -> None:
    assert read("FROM alpine\n", named_contexts=("alpine::linux/arm64",)).contexts == {}


def test_a_named_context_replaces_a_stage_and_what_that_read() -> None:
    text = "FROM alpine AS base\nCOPY a /a\nFROM alpine\nCOPY --from=base b /b\n"
    reads = read(text, named_contexts=("base",))
    assert paths(text, "base", named_contexts=("base",)) == ["b"]
    assert "context" not in reads.contexts


# ONBUILD


def test_triggers_run_in_the_child_only() -> None:
    text = "FROM alpine AS a\nONBUILD COPY t /t\nFROM a AS b\nFROM b AS c\nFROM alpine\n"
    assert paths(text, target="a") == []
    assert paths(text, target="b") == ["t"]
    reads = read(text, target="c")
    assert [one.line for one in reads.contexts["context"].selectors] == [3]


def test_triggers_of_a_known_image_run_and_may_reach_a_stage() -> None:
    facts = {"alpine": ImageFacts({"D": "src"}, ("COPY $D /x", "COPY --from=other y /y"))}
    text = "FROM scratch AS other\nCOPY o /o\nFROM alpine\n"
    assert paths(text, image_facts=facts) == ["o", "src"]


def test_an_image_passes_on_its_own_triggers_and_none_of_its_base() -> None:
    text = "FROM alpine AS a\nONBUILD COPY t /t\nONBUILD RUN x\nFROM a AS b\nCOPY x /x\n"
    assert read(text, target="a").onbuild == ("COPY t /t", "RUN x")
    assert read(text).onbuild == ()
    assert read("# syntax=example.com/other\nFROM alpine\n").onbuild is None
    assert read(text, target="a", named_contexts=("a",)).onbuild == ()


def test_stages_whose_triggers_nobody_knows_are_named_with_the_steps_that_they_have_without() -> None:
    assert read("FROM alpine\n").assumed == ()
    assert read("FROM python:3.12\n").assumed == (AssumedStage("", "python:3.12", 1, whole=False),)
    text = "FROM python:3.12 AS a\nWORKDIR /x\nENV A=1\nFROM a AS b\nRUN x\nFROM own\nCOPY . /\nCOPY --from=b /x /\n"
    assert read(text, named_contexts=("own",)).assumed == (
        AssumedStage("a", "python:3.12", 2, whole=True),
        AssumedStage("stage-2", "own", 3, whole=True),
    )
    assert read("FROM own\n", named_contexts=("own",), image_facts={"own": ImageFacts(None, ())}).assumed == ()


def test_triggers_may_be_known_where_an_environment_is_not() -> None:
    reads = read("FROM alpine\n", image_facts={"alpine": ImageFacts(None, ("COPY $X /x", "COPY a /a"))})
    assert [one.path for one in reads.contexts["context"].selectors] == ["a"]
    assert reads.contexts["context"].whole


@pytest.mark.parametrize("trigger", ["ONBUILD RUN x", "FROM alpine", "MAINTAINER me"])
def test_a_trigger_that_cannot_be_one_is_refused(trigger: str) -> None:
    refused(f"FROM alpine\nONBUILD {trigger}\n")


# What is not known


def test_a_variable_that_the_base_may_set_widens_to_the_whole_context() -> None:
    reads = read("FROM python:3.12\nCOPY $PYTHON_X /x\nCOPY a /a\n").contexts["context"]
    assert reads.whole
    assert "PYTHON_X" in reads.reasons[0] and "python:3.12" in reads.reasons[0]
    assert [one.path for one in reads.selectors] == ["a"]


def test_a_variable_that_the_base_sets_is_used_where_its_facts_are_known() -> None:
    facts = {"docker.io/library/python:3.12": ImageFacts({"PYTHON_X": "lib"}, ())}
    assert paths("FROM python:3.12\nCOPY $PYTHON_X /x\n", image_facts=facts) == ["lib"]


def test_scratch_has_no_variables_but_path() -> None:
    assert paths("FROM scratch\nCOPY a$V /x\n") == ["a"]


@pytest.mark.parametrize("line", ["ENV V=$UNKNOWN", "ARG V=$UNKNOWN", "ENV $UNKNOWN=v"])
def test_what_is_made_of_the_unknown_is_unknown(line: str) -> None:
    assert read(f"FROM python:3.12\nENV V=v\n{line}\nCOPY $V /x\n").contexts["context"].whole


def test_what_is_set_in_the_stage_is_known_under_any_base() -> None:
    assert paths("FROM python:3.12\nENV V=v\nARG W=w\nCOPY $V $W /x/\n") == ["v", "w"]


def test_an_arg_of_a_parent_may_be_hidden_by_the_environment_of_an_unknown_base() -> None:
    assert read("FROM python:3.12 AS a\nARG V=v\nFROM a\nCOPY $V /x\n").contexts["context"].whole


@pytest.mark.parametrize(
    "syntax", ["# syntax=me/mine:1", "// syntax=me/mine", '{"syntax": "me/mine"}', "#!/x\n# syntax=me/mine"]
)
def test_a_foreign_syntax_widens_everything_and_keeps_the_bytes(syntax: str) -> None:
    text = syntax if syntax.startswith("{") else f"{syntax}\nFOO bar\n"
    reads = read(text, named_contexts=("lib",), build_args={"A": "1"})
    assert (reads.understood, reads.instructions, reads.declared_args) == (False, (text.encode(),), {"A"})
    assert all(reads.contexts[name].whole for name in ("context", "lib"))


def test_the_build_arg_for_the_syntax_counts() -> None:
    assert not read("FROM alpine\n", build_args={"BUILDKIT_SYNTAX": "me/mine"}).understood


@pytest.mark.parametrize(
    "image",
    [
        "docker/dockerfile:1",
        "docker/dockerfile:1.7-labs",
        "docker.io/docker/dockerfile",
        "index.docker.io/docker/dockerfile:1",
        "registry-1.docker.io/docker/dockerfile:1",
        "mirror.gcr.io/docker/dockerfile:1@sha256:" + "a" * 64,
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/docker/dockerfile:1",
        "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/a/b/docker/dockerfile:1",
    ],
)
def test_dockers_own_syntax_is_understood_and_its_version_counts(image: str) -> None:
    reads = read(f"# syntax={image}\nFROM alpine\nCOPY a /x\n")
    assert reads.understood
    assert any(image in str(one) for one in reads.instructions)


@pytest.mark.parametrize(
    "image",
    [
        "mirror.gcr.io.example.com/docker/dockerfile:1",
        "example.com/docker/dockerfile:1",
        "mirror.gcr.io/me/docker/dockerfile:1",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/me/dockerfile:1",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/notdocker/dockerfile:1",
    ],
)
def test_a_name_that_only_looks_like_dockers_own_syntax_is_foreign(image: str) -> None:
    assert not read(f"# syntax={image}\nFROM alpine\n").understood


def test_a_syntax_older_than_heredocs_is_not_guessed_at() -> None:
    assert not read("# syntax=docker/dockerfile:1.2\nFROM alpine\nCOPY <<EOF /x\nEOF\n").understood


def test_the_builders_platform_widens_where_it_decides_what_is_read() -> None:
    text = "FROM alpine\nARG BUILDARCH\nCOPY bin/$BUILDARCH /x\n"
    assert read(text).contexts["context"].whole
    assert paths(text, build_platform="linux/arm64") == ["bin/arm64"]
    assert not read("FROM base-$BUILDARCH\n").understood
    assert read("FROM base-$BUILDARCH\n", build_platform="linux/arm64").understood
