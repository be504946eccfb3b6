"""The base's part of an image is told by its history and its Dockerfile; what does not fit tells nothing."""

from __future__ import annotations

import json

import pytest

from fast_container.core.dockerfile.read import read_dockerfile
from fast_container.core.oci.configuration import HistoryEntry
from fast_container.core.oci.image_base import BasePart, ImageBase, base_part, read_image_base

BASE = [HistoryEntry("/bin/sh -c #(nop) ADD file:1 in /", False), HistoryEntry("CMD [sh]", True)]
OWN = [HistoryEntry("ENV A=1", True), HistoryEntry("RUN |1 B=2 /bin/sh -c make # buildkit", False)]


@pytest.mark.parametrize(
    ("history", "layers", "steps", "part"),
    [
        (BASE + OWN, 2, ("ENV", "RUN"), BasePart(1, 2)),
        (OWN, 1, ("ENV", "RUN"), BasePart(0, 0)),
        (BASE, 1, (), BasePart(1, 2)),
        (BASE + OWN, 2, ("RUN", "ENV"), None),
        (BASE + OWN, 2, ("ENV", "RUNNER"), None),
        (BASE + OWN, 3, ("ENV", "RUN"), None),
        (OWN, 1, ("ENV", "RUN", "RUN"), None),
        ([], 1, ("RUN",), None),
    ],
)
def test_what_is_before_the_dockerfiles_own_steps_is_the_bases(
    history: list[HistoryEntry], layers: int, steps: tuple[str, ...], part: BasePart | None
) -> None:
    assert base_part(history, layers, steps) == part


DOCKERFILE = b"""\
ARG VERSION=1
FROM alpine AS one
ARG VERSION
onbuild RUN echo a
run echo b
COPY <<EOF /c
RUN echo no
EOF
FROM scratch AS other
RUN echo no
FROM one AS two
ENV A=1
CMD ["d"]
"""


@pytest.mark.parametrize(
    ("target", "steps"),
    [("one", ("ARG", "RUN", "COPY")), ("two", ("ARG", "RUN", "COPY", "RUN", "ENV", "CMD"))],
)
def test_the_own_steps_are_those_of_all_stages_below_the_target_with_their_triggers(
    target: str, steps: tuple[str, ...]
) -> None:
    assert read_dockerfile(DOCKERFILE, file="Dockerfile", target=target).own_steps == steps


def test_a_stage_that_a_named_context_replaces_has_no_steps_of_its_own() -> None:
    assert read_dockerfile(DOCKERFILE, file="Dockerfile", named_contexts=["one"]).own_steps == ("ENV", "CMD")
    foreign = read_dockerfile(b"# syntax=example/other\nFROM a\n", file="Dockerfile")
    assert foreign.own_steps is None


def test_it_travels_as_it_is() -> None:
    for base in (None, ImageBase("python:3.12", ("RUN",)), ImageBase("deps", (), ("V02", "V04"))):
        assert read_image_base(json.loads(json.dumps(base and base.as_json()))) == base
    with pytest.raises(TypeError):
        read_image_base("python:3.12")
