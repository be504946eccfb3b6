"""What stands between an engine and its registry: refresh believes no gateway, Ctrl-C waits for no silence."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import pytest
from conftest import Stacks
from engine_stack import EngineStack, Run

from tests.adapters.http_registry import HttpRegistry, http_registry
from tests.adapters.raw_server import raw_server

PROGRAM = """
import pulumi
from fast_container import FastContainerImage, InlineDockerfile

url = pulumi.Config().require("repository")
for number in range(4):
    dockerfile = InlineDockerfile(f"FROM scratch\\nCOPY . /\\nLABEL number={number}\\n")
    image = FastContainerImage(f"image-{number}", repository=url, context="context", dockerfile=dockerfile)
    pulumi.export(f"key-{number}", image.build_key)
"""
IMAGES = range(4)


class Between:
    """One stack whose images are in a registry of the test's own; each refresh meets another stranger."""

    def __init__(self, stacks: Stacks, registry: HttpRegistry) -> None:
        self.registry = registry
        self.stack: EngineStack = stacks(PROGRAM)
        self.stack.file("context/file.txt", "one")
        self.stack.configure({"engine-test:repository": registry.url})

    @cached_property
    def first(self) -> Run:
        """Adopts what the registry has by then; nothing is built."""
        preview = self.stack.preview()
        configuration = json.dumps({"os": "linux", "architecture": "amd64"}).encode()
        digest = f"sha256:{hashlib.sha256(configuration).hexdigest()}"
        self.registry.blobs[digest] = configuration
        for number in IMAGES:
            key = preview.outputs_of("engine-test-test")[f"key-{number}"]
            manifest: dict[str, Any] = {
                "schemaVersion": 2,
                "config": {"digest": digest, "size": len(configuration)},
                "layers": [],
                "annotations": {"number": str(number)},
            }
            self.registry.tags[f"key-{key[:40]}"] = self.registry.push(json.dumps(manifest).encode())
        return self.stack.up()

    @cached_property
    def strangers(self) -> Run:
        """A refresh for each of whose records somebody else answers."""
        assert self.first
        page = {"Content_Type": "text/html"}
        self.registry.script = [
            (200, page, b"<html>Please log in</html>"),
            (404, page, b"<html>404 Not Found</html>"),
            (404, {"Content_Type": "application/json"}, b'{"message":"no Route matched"}'),
            (404, {}, b"default backend - 404"),
        ]
        return self.stack.refresh("--parallel=8", expect=1)


@pytest.fixture(scope="module")
def between(stacks: Stacks) -> Iterator[Between]:
    with http_registry() as registry:
        yield Between(stacks, registry)


def test_a_refresh_that_a_stranger_answers_drops_no_record(between: Between) -> None:
    assert len(between.first.records) == len(IMAGES)
    assert between.strangers.records == between.first.records
    assert "Traceback" not in between.strangers.output
    assert between.registry.script == [], between.strangers.output


def test_one_ctrl_c_ends_a_run_that_waits_for_a_silent_registry(between: Between) -> None:
    with raw_server([b"", b""], pause_s=60.0) as silent:
        between.stack.configure({"engine-test:repository": f"{silent.host}/shop/images"})
        operation = between.stack.start("up")
        operation.wait_until(lambda: bool(silent.requests), "a look-up")
        began_s = time.monotonic()
        operation.interrupt()
        run = operation.wait()
    assert time.monotonic() - began_s < 40
    assert run.exit_code != 0
    assert "Traceback" not in run.output
