"""Typos that BuildKit would pass over, or look for on Docker Hub, are named."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from fast_container.core.dockerfile import DockerfileReads
from fast_container.core.dockerfile.read import read_dockerfile
from fast_container.core.spare_names import GivenNames, refuse_misspelt_sources, spare_names
from fast_container.errors import DockerfileError


def read(text: str, **options: Any) -> DockerfileReads:
    return read_dockerfile(text.encode(), file="Dockerfile", **options)


def spare(
    text: str, *, args: Collection[str] = (), volatile: Collection[str] = (), contexts: Collection[str] = ()
) -> Any:
    reads = read(text, build_args=dict.fromkeys(args, "x"), named_contexts=sorted(contexts))
    return dict(spare_names(reads, GivenNames(frozenset(args), frozenset(volatile), frozenset(contexts))))


@pytest.mark.parametrize(
    "text",
    [
        "FROM alpine\nCOPY --from=shared lib.py /\n",
        "FROM shared\nCOPY a /\n",
        "FROM alpine\nRUN --mount=from=shared,target=/s true\n",
    ],
)
def test_an_image_that_is_nearly_an_unused_named_context_is_refused_at_its_line(text: str) -> None:
    with pytest.raises(DockerfileError, match="no named context 'shared'") as refused:
        refuse_misspelt_sources(read(text, named_contexts=["shard"]), ["shard"], "Dockerfile")
    assert refused.value.line == (1 if "FROM shared" in text else 2)
    assert "'shard'" in refused.value.next_step


@pytest.mark.parametrize(
    ("text", "contexts"),
    [
        ("FROM alpine\nCOPY --from=shared lib.py /\n", ["shared"]),
        ("FROM alpine\nCOPY --from=shared lib.py /\n", ["other"]),
        ("FROM alpine\nCOPY --from=shared:latest lib.py /\n", ["shard"]),
        ("FROM alpine\nCOPY --from=ghcr.io/shared lib.py /\n", ["shard"]),
        ("# syntax=me/mine\nFROM alpine\nCOPY --from=shared lib.py /\n", ["shard"]),
    ],
)
def test_an_image_by_intent_is_not_refused(text: str, contexts: list[str]) -> None:
    refuse_misspelt_sources(read(text, named_contexts=contexts), contexts, "Dockerfile")


@pytest.mark.parametrize(
    "text",
    [
        "FROM golang AS build\nFROM alpine\nCOPY --from=biuld /app /\n",
        "FROM golang AS builder\nFROM alpine\nCOPY --from=build /app /\n",
        "FROM golang AS build\nFROM alpine\nRUN --mount=from=biuld,target=/s true\n",
        "FROM golang AS build\n\nFROM biuld\nRUN true\n",
        "FROM golang AS BUILD\nFROM alpine\nCOPY --from=biuld /app /\n",
        "FROM golang AS build\n\nFROM biuld AS final\nRUN true\n",
    ],
)
def test_an_image_that_is_nearly_a_stage_is_refused_at_its_line(text: str) -> None:
    with pytest.raises(DockerfileError, match="There is no stage and no named context") as refused:
        refuse_misspelt_sources(read(text), [], "Dockerfile")
    assert refused.value.line == 3
    assert "Write 'build" in refused.value.next_step
    assert ":latest" in refused.value.next_step


@pytest.mark.parametrize(
    "text",
    [
        "FROM node AS nodejs\nFROM alpine\nCOPY --from=node /usr/bin/node /\n",
        "FROM alpine AS node1\nFROM node\n",
        "FROM biuld\nFROM alpine AS build\n",
        "FROM alpine AS composer2\nFROM composer AS vendor\nFROM alpine\nCOPY --from=composer /c /\n",
        "FROM golang AS build\nFROM alpine\nCOPY --from=biuld:latest /app /\n",
        "FROM golang AS build\nFROM alpine\nCOPY --from=me/biuld /app /\n",
        "FROM golang AS build\nFROM alpine\nCOPY --from=nginx /app /\n",
        "FROM golang AS build\nFROM alpine\nCOPY --from=BUILD /app /\n",
    ],
)
def test_an_image_that_no_stage_was_meant_by_is_not_refused(text: str) -> None:
    refuse_misspelt_sources(read(text), [], "Dockerfile")


def test_what_no_arg_declares_and_nothing_uses_is_said_with_what_was_meant() -> None:
    text = "ARG BASE=alpine\nFROM $BASE\nARG VERSION\nRUN echo $VERSION\n"
    assert spare(text, args={"VERSIN", "BASE", "HTTP_PROXY", "SOURCE_DATE_EPOCH"}) == {
        'build_args["VERSIN"]': "no ARG of the Dockerfile declares it; did you mean 'VERSION'?"
    }
    assert spare(text, args={"VERSION"}, volatile={"VERZION"}) == {
        'volatile_build_args["VERZION"]': "it is not a build arg of the image; did you mean 'VERSION'?"
    }
    assert spare(text, contexts={"lib"}) == {'named_contexts["lib"]': "nothing in the Dockerfile uses it"}


def test_a_secret_that_no_stage_that_is_built_mounts_is_said_with_what_was_meant() -> None:
    reads = read("FROM alpine\nRUN --mount=type=secret,id=pip-token,required=false true\n")
    none: frozenset[str] = frozenset()
    given = GivenNames(none, none, none, frozenset({"piptoken", "far"}), frozenset({"pip-tokn"}))
    what = "no stage that is built mounts this secret"
    assert dict(spare_names(reads, given)) == {
        'secrets["far"]': what,
        'secrets["piptoken"]': f"{what}; did you mean 'pip-token'?",
        'optional_secrets["pip-tokn"]': f"{what}; did you mean 'pip-token'?",
    }
    assert spare_names(read("FROM alpine\n"), given).keys() == given.paths


def test_what_only_another_target_uses_is_used() -> None:
    text = "FROM alpine AS other\nARG A\nCOPY --from=lib x /\nFROM alpine\n"
    assert spare(text, args={"A"}, volatile={"A"}, contexts={"lib"}) == {}


def test_nothing_is_said_of_a_file_that_is_not_understood() -> None:
    assert spare("# syntax=me/mine\nFROM alpine\n", args={"A"}, contexts={"lib"}) == {}
