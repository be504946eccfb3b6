"""Records of what an ``up`` did, on the real engine: what is kept, and the lines that the ``up`` ends with."""

from __future__ import annotations

import re
import shutil
import zlib
from dataclasses import replace
from functools import cached_property

import pytest
from conftest import Stacks
from engine_stack import EngineStack, Run

from fast_container.adapters.records.local_records import LocalRecords
from fast_container.adapters.records.shared_records import SharedRecords
from fast_container.adapters.registry.registries import Registries
from fast_container.core.aws_access import AwsAccess
from fast_container.core.records.record import BuildRecord
from fast_container.report.runs import runs_of
from fast_container.report.text import report_text
from fast_container.report.trace import report_trace
from tests.otlp_receiver import grpc_receiver

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
# What must be nowhere but in a build: the value of a secret, of a build argument, and what is in an address.
HIDDEN = (
    *("v4lue-of-the-secret", "v4lue-of-the-argument", "t0ken-of-an-address", "s1gnature-of-an-address"),
    "s3ssion-of-aws",
)
# The local cloud's registry passwords have this form.
LOGIN = re.compile(rb"(?<![\w-])[\w-]{128}(?![\w-])")
PROGRAM = """
import pulumi
from fast_container import FastContainerImage, SecretEnv

repository = pulumi.Config().require("repository")
FastContainerImage("api", repository=repository, context="api")
FastContainerImage("worker", repository=repository, context="worker", secrets={"token": SecretEnv("API_TOKEN")},
                   build_args={"PRIVATE": "v4lue-of-the-argument"}, lint="off")
"""
WORKER = """
FROM busybox
ARG PRIVATE
RUN --mount=type=secret,id=token test -s /run/secrets/token && echo ${PRIVATE} $PRIVATE
ENV OF_ARG=$PRIVATE
WORKDIR /app/${PRIVATE}
RUN true https://user:t0ken-of-an-address@example.com/x?X-Signature=s1gnature-of-an-address
COPY . /app/
"""


class Story:
    """Each step runs once, in this order."""

    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        self.stack: EngineStack = stacks(PROGRAM)
        for name in ("api", "worker"):
            self.stack.file(f"{name}/Dockerfile", "FROM scratch\nCOPY . /app/\n")
            self.stack.file(f"{name}/name.txt", name)
        self.stack.file("worker/Dockerfile", WORKER)
        self.stack.environment |= {"API_TOKEN": HIDDEN[0], "AWS_SESSION_TOKEN": HIDDEN[-1]}
        self.stack.configure({"engine-test:repository": stacks.repository("recorded")})

    def records(self) -> list[BuildRecord]:
        """Of the newest run."""
        return list(LocalRecords(self.stack.cache).read(last=1).records)

    @cached_property
    def first(self) -> tuple[Run, list[BuildRecord]]:
        self.stack.file("summary.md", "")
        asked = {
            "GITHUB_STEP_SUMMARY": str(self.stack.folder / "summary.md"),
            "FAST_CONTAINER_RECORDS_WAIT_S": "20",
            "FAST_CONTAINER_REPORT": f"{self.stack.folder}/pages/",
            "TRACEPARENT": TRACEPARENT,
        }
        with grpc_receiver() as self.receiver:
            return self.stack.up(env={**asked, "OTEL_EXPORTER_OTLP_ENDPOINT": self.receiver.address}), self.records()

    @cached_property
    def shared(self) -> list[BuildRecord]:
        """Of the image's first build, as another machine reads them beside the image."""
        return self.shared_of("api")

    def shared_of(self, name: str) -> list[BuildRecord]:
        image = self.first[0].records[name]
        return self.beside_images().records_of(image["repository_url"], [image["digest"]])

    def shared_inputs(self, name: str) -> bytes:
        image = self.first[0].records[name]
        return self.beside_images().inputs_of(image["repository_url"], image["digest"]) or b""

    def beside_images(self) -> SharedRecords:
        cloud = self.stacks.cloud
        endpoints = {"ecr": cloud.aws_endpoint}
        access = AwsAccess(region=cloud.region, access_key="test", secret_key="test", endpoints=endpoints)
        return SharedRecords(Registries(access, {}).oci_blocking, pytest.fail)

    @cached_property
    def elsewhere(self) -> Run:
        """A preview of an edit on a machine that has never seen the image's inputs."""
        assert self.unchanged
        self.stack.file("api/more.txt", "more")
        shutil.rmtree(self.stack.cache / "inputs")
        run = self.stack.preview()
        (self.stack.folder / "api/more.txt").unlink()
        return run

    @cached_property
    def unchanged(self) -> tuple[Run, list[BuildRecord]]:
        assert self.first
        return self.stack.up(), self.records()

    @cached_property
    def failed(self) -> tuple[Run, list[BuildRecord]]:
        assert self.elsewhere
        self.stack.file("worker/Dockerfile", 'FROM scratch\nCOPY . /app/\nRUN ["/absent"]\n')
        return self.stack.up(expect=255, env={"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}), self.records()


@pytest.fixture(scope="module")
def story(stacks: Stacks) -> Story:
    return Story(stacks)


def test_each_build_leaves_a_record_with_its_times_and_steps(story: Story) -> None:
    run, records = story.first
    assert sorted(record.name for record in records) == ["api", "worker"]
    for record in records:
        assert record.outcome == "built"
        assert record.digest == run.records[record.name]["digest"]
        assert record.origin.stack == "engine-test/test"
        assert "COPY . /app/" in [step.text for step in record.timeline]
        assert record.phases.building > 0
        assert record.phases.pushing > 0
        assert sum(spent for _, spent in record.phases.items()) <= record.duration_s + record.waited_s + 0.5
        assert record.layer_bytes


def test_the_record_is_beside_the_image_too_without_a_place_on_this_machine(story: Story) -> None:
    (record,) = story.shared
    (kept,) = [one for one in story.first[1] if one.name == "api"]
    assert kept.log_path
    assert record == replace(kept, log_path="")


def test_a_machine_that_has_never_seen_the_old_inputs_names_the_files(story: Story) -> None:
    said = [line for line in story.elsewhere.messages() if "will be built" in line]
    assert [line.strip() for line in said] == ["will be built: 1 file added (more.txt)"]


def test_all_of_a_run_have_its_id(story: Story) -> None:
    runs = {record.origin.run for record in story.first[1]}
    assert len(runs) == 1
    assert runs.isdisjoint(record.origin.run for record in story.unchanged[1])


def test_an_up_ends_with_what_it_did_and_what_was_slowest(story: Story) -> None:
    said = [
        line.strip() for line in story.first[0].messages("info") if line.startswith(("2 images", "slowest", "more"))
    ]
    counts, more, slowest = sorted(said)
    assert "2 images in " in counts
    assert "2 built" in counts
    assert more == f"more: {story.stack.folder}/pages/engine-test-test.html"
    assert slowest.startswith("slowest: ")


def test_the_page_that_was_asked_for_has_the_run(story: Story) -> None:
    assert story.first
    page = (story.stack.folder / "pages/engine-test-test.html").read_text()
    assert "Builds of engine-test/test" in page


def test_spans_arrive_in_the_trace_that_has_begun_from_the_update_to_the_step(story: Story) -> None:
    assert story.first
    spans = story.receiver.spans
    assert {span.trace_id.hex() for span in spans} == {TRACEPARENT.split("-")[1]}
    (step,) = [span for span in spans if span.name == "COPY . /app/" and "image api" in story.receiver.path(span)]
    path = story.receiver.path(step)
    assert path == ["pulumi up engine-test/test", "image api", "build api", "building", "COPY . /app/"]
    assert story.receiver.named(path[0]).parent_span_id
    phases = {span.name for span in spans if story.receiver.path(span)[1:2] == ["image api"]}
    assert phases >= {"pushing", "checking", "tagging", "staging"}


def test_spans_that_cannot_be_sent_are_one_warning(story: Story) -> None:
    run, _ = story.failed
    (warning,) = [line for line in run.messages("warning") if "spans" in line]
    assert warning.startswith("the spans of this run were not sent: http://127.0.0.1:1: ")


def test_what_is_secret_is_in_none_of_what_a_run_leaves(story: Story) -> None:
    run, records = story.first
    folder = story.stack.folder
    left = {
        "records": b"".join(path.read_bytes() for path in LocalRecords(story.stack.cache).folder.iterdir()),
        "page": (folder / "pages/engine-test-test.html").read_bytes(),
        "summary": (folder / "summary.md").read_bytes(),
        "spans": story.receiver.raw,
        "trace": report_trace(runs_of(records)).encode(),
        "text": report_text(runs_of(records)).encode(),
        "output": run.output.encode(),
        "referrers": b"".join(one.to_json().encode() for one in story.shared_of("worker")),
        "inputs": zlib.decompress(story.shared_inputs("worker")),
    }
    for place, content in left.items():
        assert len(content) > 20, place
        for value in HIDDEN:
            assert value.encode() not in content, f"{value} is in {place}"
        assert not LOGIN.search(content), f"the registry's password is in {place}"
    (built,) = [record for record in records if record.name == "worker"]
    assert any("echo ${PRIVATE}" in step.text for step in built.timeline), "and the steps are still there"


def test_ci_gets_the_run_as_markdown(story: Story) -> None:
    assert story.first
    summary = (story.stack.folder / "summary.md").read_text()
    assert "| api | built |" in summary


def test_an_unchanged_image_has_a_record_and_no_line(story: Story) -> None:
    run, records = story.unchanged
    assert [(record.name, record.outcome) for record in sorted(records, key=lambda one: one.name)] == [
        ("api", "unchanged"),
        ("worker", "unchanged"),
    ]
    assert not [line for line in run.messages("info") if "2 images" in line]


def test_a_build_that_failed_has_a_record_with_the_reason(story: Story) -> None:
    _, records = story.failed
    (failed,) = [record for record in records if record.outcome == "failed"]
    assert failed.name == "worker"
    assert failed.reason.startswith("The build of worker failed")


def test_an_up_that_fails_ends_with_what_it_did_too(story: Story) -> None:
    run, _ = story.failed
    (counts,) = [line for line in run.messages("info") if "1 failed" in line]
    assert "2 images in" in counts or "1 image in" in counts
    assert "more: fast-container report --last 1" in "".join(run.messages("info"))
    # Ten seconds, if it does; on a busy machine an operation alone may take that long.
    assert run.seconds < story.unchanged[0].seconds + 9, "buildx does not wait for the receiver of spans"
