"""Each failure is one clear error on its image's row; none is read as "absent", none keeps other images from ending."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from conftest import Stacks
from engine_stack import EngineStack, Run

PROGRAM = """
import pulumi
from fast_container import AwsAccess, FastContainerImage, InlineDockerfile, LocalBuilder

config = pulumi.Config()
repository, unfriendly = config.require("repository"), config.require("unfriendly")
common = {"context": "context", "dockerfile": InlineDockerfile("FROM scratch\\nCOPY . /\\n")}
expired = AwsAccess(region="us-east-1", endpoints={"ecr": f"http://{unfriendly}"})

FastContainerImage("unreachable", repository="127.0.0.1:1/shop/images", **common)
FastContainerImage("refused", repository=f"{unfriendly}/refused/images", **common)
FastContainerImage("broken", repository=f"{unfriendly}/broken/images", **common)
FastContainerImage(
    "expired", repository="127.0.0.1:2/shop/images", builder=LocalBuilder(aws=expired), **common
)
if config.get_bool("builds"):
    FastContainerImage("no-builder", repository=repository, builder=LocalBuilder(name="nosuchbuilder"), **common)
    failing = InlineDockerfile("FROM busybox\\nRUN seq 100 160; echo the-cause; exit 7\\n")
    FastContainerImage("failing", repository=repository, dockerfile=failing, context="context")
    slow = InlineDockerfile("FROM busybox\\nRUN sleep 30\\n")
    FastContainerImage("too-slow", repository=repository, dockerfile=slow, context="context", timeout_s=3)
    FastContainerImage("unfit", repository=repository, platform="linux/s390x", runs_on="lambda", **common)
    FastContainerImage("good", repository=repository, labels={"round": config.require("builds")}, **common)
"""
BUILDKIT_GONE = """
import pulumi
from fast_container import FastContainerImage

FastContainerImage("api", repository=pulumi.Config().require("repository"), context="context")
"""


class Unfriendly(BaseHTTPRequestHandler):
    """A registry that refuses, one that is broken, and an AWS endpoint for which credentials have expired."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        status = 401 if self.path == "/v2/" or "/refused/" in self.path else 500
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="unfriendly"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self.asked.append(self.path)
        body = json.dumps({"__type": "ExpiredTokenException", "message": "The security token has expired"}).encode()
        self.send_response(400)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def unfriendly() -> Iterator[str]:
    handler = type("Handler", (Unfriendly,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class Failures:
    def __init__(self, stacks: Stacks, unfriendly: str) -> None:
        self.stacks = stacks
        self.repository = stacks.repository("images")
        self.stack: EngineStack = stacks(PROGRAM)
        self.stack.file("context/file.txt", "one")
        self.stack.configure({"engine-test:repository": self.repository, "engine-test:unfriendly": unfriendly})

    @cached_property
    def preview(self) -> Run:
        return self.stack.preview(expect=1)

    @cached_property
    def up(self) -> Run:
        self.stack.configure({"engine-test:builds": "true"})
        return self.stack.up("--continue-on-error", "--parallel=20", expect=1)

    @cached_property
    def refused_refresh(self) -> Run:
        assert self.up
        self.stacks.cloud.calls.fail(
            "ecr", "BatchGetImage", code="AccessDeniedException", message="not for you", times=-1
        )
        try:
            return self.stack.refresh(expect=1)
        finally:
            self.stacks.cloud.calls.reset()

    @cached_property
    def without_buildkit(self) -> Run:
        stack = self.stacks(BUILDKIT_GONE, folder="gone", name="gone")
        stack.file("context/Dockerfile", "FROM scratch\nCOPY . /\n")
        stack.configure({"engine-test:repository": self.repository})
        self.stacks.cloud.kill_buildkit()
        try:
            return stack.up(expect=1)
        finally:
            self.stacks.cloud.start_buildkit()


@pytest.fixture(scope="module")
def failures(stacks: Stacks, unfriendly: str) -> Failures:
    return Failures(stacks, unfriendly)


def one_error(run: Run, image: str) -> str:
    """The one error on the row of an image or its record."""
    found = [*run.messages("error", on=image), *run.messages("error", on=f"{image}-build")]
    assert len(found) == 1, (image, run.output)
    assert "Traceback" not in found[0]
    assert f"FastContainerImage '{image}'" in found[0]
    return found[0]


@pytest.mark.parametrize(
    ("image", "says"),
    [
        ("unreachable", "127.0.0.1:1"),
        ("refused", "refused/images"),
        ("broken", "broken/images"),
        ("expired", "expired"),
    ],
)
def test_a_registry_that_does_not_answer_is_an_error_and_not_an_absent_image(
    failures: Failures, image: str, says: str
) -> None:
    for run in (failures.preview, failures.up):
        assert says in one_error(run, image)
        assert not any("built" in line for line in run.messages("info", on=image)), run.output
    assert image not in failures.up.records


def test_none_of_these_errors_prints_a_traceback(failures: Failures) -> None:
    for run in (failures.preview, failures.up, failures.refused_refresh, failures.without_buildkit):
        assert "Traceback" not in run.output


def test_a_refresh_that_the_registry_refuses_is_one_error_and_drops_no_record(failures: Failures) -> None:
    (error,) = failures.refused_refresh.messages("error", on="good-build")
    assert "not for you" in error
    assert "ecr:BatchGetImage" in error
    assert "good" in failures.refused_refresh.records


def test_a_builder_that_is_not_there_is_named_with_the_command_that_makes_one(failures: Failures) -> None:
    error = one_error(failures.up, "no-builder")
    assert "nosuchbuilder" in error
    assert "create" in error


def test_a_failed_build_shows_its_step_its_last_lines_and_the_log(failures: Failures) -> None:
    error = one_error(failures.up, "failing")
    assert "RUN seq 100 160" in error
    assert "the-cause" in error
    assert "159" in error
    assert "\n    | 105" not in error
    log = Path(error.partition("full log: ")[2].splitlines()[0])
    assert "105" in log.read_text()
    assert log.is_relative_to(failures.stack.cache)


def test_a_build_that_takes_too_long_is_stopped_and_says_so(failures: Failures) -> None:
    error = one_error(failures.up, "too-slow")
    assert "3 s" in error
    assert "timeout" in error


def test_an_image_that_is_not_fit_for_its_place_is_pushed_but_gets_no_tag(failures: Failures) -> None:
    error = one_error(failures.up, "unfit")
    assert "not fit for Lambda" in error
    assert "linux/s390x" in error


def test_what_can_be_built_is_built_and_counts(failures: Failures) -> None:
    assert failures.up.records.keys() == {"good"}
    assert list(failures.stacks.tags("images")) == [failures.up.records["good"]["tag"]]


def test_a_buildkit_that_is_not_there_is_one_clear_error(failures: Failures) -> None:
    error = one_error(failures.without_buildkit, "api")
    assert "BuildKit" in error
    assert failures.without_buildkit.records == {}


def test_nothing_is_left_in_the_temporary_folder(failures: Failures) -> None:
    assert failures.up
    assert list(failures.stack.temporary.glob("fast-container-*")) == []
