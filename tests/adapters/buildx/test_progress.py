"""What of BuildKit's progress is shown, counted, logged, and kept out."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest

from fast_container.adapters.buildx.progress import BuildProgress, Scrubber


class Build:
    """Feeds events and keeps what came of them."""

    def __init__(self, *secrets: str | bytes) -> None:
        self.shown: list[str] = []
        self.time_s = 0.0
        self._log = io.StringIO()
        self.progress = BuildProgress(self._log, self.shown.append, lambda: self.time_s, Scrubber(secrets))

    def vertex(self, digest: str, name: str, **more: Any) -> None:
        self.progress.feed(json.dumps({"vertexes": [{"digest": digest, "name": name, **more}]}))

    def step(self, digest: str, name: str, *, cached: bool = False, error: str = "") -> None:
        self.vertex(digest, name, started="t")
        self.vertex(digest, name, started="t", completed="t", cached=cached, error=error)

    def output(self, digest: str, data: str) -> None:
        entry = {"vertex": digest, "data": base64.b64encode(data.encode()).decode()}
        self.progress.feed(json.dumps({"logs": [entry]}))

    @property
    def log(self) -> str:
        self.progress.close()
        return self._log.getvalue()


def test_a_running_step_is_shown_with_its_time() -> None:
    build = Build()
    build.vertex("a", "[build 3/7] RUN pip install   -r requirements.txt", started="t")
    build.time_s = 12.4
    build.progress.tick()
    build.progress.tick()
    assert build.shown == [
        "3/7 RUN pip install -r requirements.txt",
        "12 s · 3/7 RUN pip install -r requirements.txt",
    ]


def test_that_a_push_uses_a_login_is_not_shown_in_place_of_the_push() -> None:
    build = Build()
    build.vertex("a", "exporting to image", started="t")
    build.vertex("b", "[auth] sharing credentials for registry.example", started="t")
    assert build.shown == ["pushing"]


def test_long_steps_are_cut() -> None:
    build = Build()
    build.vertex("a", "[1/2] RUN " + "x" * 200, started="t")
    assert len(build.shown[0]) == 72
    assert build.shown[0].endswith("…")


def test_only_steps_of_the_dockerfile_are_counted() -> None:
    build = Build()
    build.step("i", "[internal] load build definition from Dockerfile")
    build.step("f", "[build 1/3] FROM docker.io/library/python:3.12")
    build.step("a", "[build 2/3] COPY . .", cached=True)
    build.step("b", "[build 3/3] RUN make")
    build.step("c", "[stage-1 1/1] COPY --from=build /x /x")
    build.step("e", "exporting to image")
    assert (build.progress.steps, build.progress.steps_cached) == (4, 2)


def test_a_base_image_that_was_fetched_is_not_cached() -> None:
    build = Build()
    build.step("f", "[1/2] FROM docker.io/library/python:3.12")
    build.progress.feed(json.dumps({"statuses": [{"id": "sha256:x", "vertex": "f", "current": 100}]}))
    assert build.progress.steps_cached == 0


def test_a_failed_step_is_named_with_its_exit_code_and_output() -> None:
    build = Build()
    build.vertex("a", "[2/2] RUN make", started="t")
    build.output("a", "".join(f"line {n}\n" for n in range(50)) + "no end")
    build.vertex("a", "[2/2] RUN make", started="t", completed="t", error='process "make": exit code: 2')
    build.vertex("b", "[1/1] RUN other", started="t", completed="t", error="context canceled")
    build.progress.feed("ERROR: failed to solve: process make did not complete")
    assert "no end" in build.log
    step, exit_code, last_lines = build.progress.failed_step()
    assert (step, exit_code, len(last_lines)) == ("[2/2] RUN make", 2, 40)
    assert last_lines[-1] == "no end"
    assert build.progress.error == "process make did not complete"


def test_the_log_holds_every_line_and_message() -> None:
    build = Build()
    build.vertex("a", "[2/2] RUN make", started="t")
    build.output("a", "one\ntw")
    build.output("a", "o\n10%\r100%\n")
    build.progress.feed("Dockerfile:3")
    build.progress.feed("{not json")
    for line in ("#1 [2/2] RUN make", "#1 one", "#1 two", "#1 100%", "Dockerfile:3", "{not json"):
        assert line in build.log.splitlines()


@pytest.mark.parametrize("pieces", [["the-secret\n"], ["the-", "secret\n"], ["the-secret"]])
def test_a_secret_is_in_no_log_however_it_arrives(pieces: list[str]) -> None:
    build = Build(b"the-secret\n")
    build.vertex("a", "[2/2] RUN echo the-secret", started="t")
    for piece in pieces:
        build.output("a", piece)
    build.vertex("a", "", completed="t", started="t", error="the-secret: exit code: 1")
    build.progress.feed("ERROR: the-secret")
    step, _, last_lines = build.progress.failed_step()
    for text in (build.log, *build.shown, step, *last_lines, build.progress.error):
        assert "the-secret" not in text
    assert "***" in build.log


def test_a_secret_of_several_lines_is_taken_out_line_by_line() -> None:
    scrub = Scrubber(["-----BEGIN KEY-----\nMIIEabc\n-----END KEY-----\n"])
    assert scrub("x MIIEabc y") == "x *** y"


def test_a_secret_within_another_does_not_uncover_it() -> None:
    assert Scrubber(["secret", "secret-and-more"])("secret-and-more") == "***"


def test_what_is_too_short_to_be_a_secret_does_not_garble_the_log() -> None:
    assert Scrubber(["a", ""])("a banana") == "a banana"


@pytest.mark.parametrize(
    "line",
    ["[]", "null", '{"vertexes": null}', '{"vertexes": 3}', '{"logs": [3]}', '{"logs":[{"vertex":"?"}]}', "", '{"x": '],
)
def test_odd_lines_do_no_harm(line: str) -> None:
    build = Build()
    build.progress.feed(line)
    assert not build.progress.began
