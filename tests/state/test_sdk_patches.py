"""Acts on Pulumi's SDK: each works on the oldest and the newest SDK, and is left out where the SDK differs."""

from __future__ import annotations

import asyncio
import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import grpc
import pulumi
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.dynamic.dynamic import PROVIDER_KEY, serialize_provider
from pulumi.runtime import settings, stack
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2, provider_pb2_grpc

from fast_container.state import sdk_patches
from fast_container.state.engine_watch import Interruption
from fast_container.state.image_build import ImageBuildProvider
from tests.pulumi_sdks import BOTH_SDKS, oldest_version, sdk_path

ROOT = Path(__file__).parents[2]
PROGRAM_PATCHES = """
import asyncio, importlib.metadata
from pulumi.runtime import settings, stack
from fast_container.state.sdk_patches import await_callbacks

done = []

class Slow(settings._CallbackServicer):
    def __init__(self):
        pass

async def serve(self):
    await asyncio.sleep(0.1)
    done.append("started")

async def shutdown(cls):
    done.append("stopped")

settings._CallbackServicer.serve = serve
settings._CallbackServicer.shutdown = classmethod(shutdown)
await_callbacks()
await_callbacks()

async def main():
    start = asyncio.ensure_future(Slow().serve())
    await asyncio.sleep(0)
    start.cancel()
    await settings._CallbackServicer.shutdown()

asyncio.run(main())
print(importlib.metadata.version("pulumi"), *done)
"""
PROGRAM_WAITS = """
import asyncio, sys
import pulumi
from pulumi.runtime import stack
from fast_container.state.sdk_patches import wait_for_failures

looks = []
wait = asyncio.wait

async def counted(pending, **how):
    looks.append(len(pending))
    return await wait(pending, **how)

asyncio.wait = counted
if sys.argv[1] == "patched":
    wait_for_failures()
    wait_for_failures()

async def turns(number):
    for _ in range(number):
        await asyncio.sleep(0)

async def late_failure():
    await asyncio.sleep(0.02)
    pulumi.Output.from_input(1).apply(lambda number: number / 0)
    await asyncio.sleep(60)

async def looks_at_each(outputs):
    looks.clear()
    for number in range(outputs):
        pulumi.Output.from_input(turns(number))
    await stack.wait_for_rpcs()
    return sum(looks) / outputs

async def main():
    print(*[await looks_at_each(outputs) for outputs in (50, 200)])
    if sys.argv[1] != "patched":
        return
    slow = pulumi.Output.from_input(late_failure())
    try:
        await asyncio.wait_for(stack.wait_for_rpcs(), 30)
    except ZeroDivisionError as error:
        print(error)

asyncio.run(main())
"""


class Engine(engine_pb2_grpc.EngineServicer):
    """An engine that keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
        engine_pb2_grpc.add_EngineServicer_to_server(self, self.server)
        self.address = f"127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}"
        self.server.start()

    def Log(self, request: Any, _context: Any) -> empty_pb2.Empty:
        self.said.append(request.message)
        return empty_pb2.Empty()


class ProviderProcess:
    """The SDK's own process for dynamic providers, with our provider in it."""

    def __init__(self, sdk: str, cache: Path) -> None:
        self.engine = Engine()
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "pulumi.dynamic", self.engine.address],
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join([*sdk_path(sdk), "components"]),
                "FAST_CONTAINER_CACHE": str(cache),
            },
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        self.channel = grpc.insecure_channel(f"127.0.0.1:{int(self.process.stdout.readline())}")
        self.calls: Any = provider_pb2_grpc.ResourceProviderStub(self.channel)

    def check(self) -> None:
        """Have the process load our provider."""
        self.calls.Check(provider_pb2.CheckRequest(olds=_record({}), news=_record({})))

    def read_error(self, record: dict[str, Any]) -> str:
        with pytest.raises(grpc.RpcError) as refused:
            self.calls.Read(provider_pb2.ReadRequest(id="image", properties=_record(record)))
        told: Any = refused.value
        return str(told.details())

    def end(self) -> None:
        self.channel.close()
        self.engine.server.stop(0).wait()
        self.process.kill()
        self.process.communicate()


def _record(values: dict[str, Any]) -> struct_pb2.Struct:
    record = struct_pb2.Struct()
    provider = base64.b64decode(serialize_provider(ImageBuildProvider()))
    record.update({PROVIDER_KEY: base64.b64encode(provider).decode(), **values})
    return record


@pytest.fixture(scope="module")
def provider_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module", params=["oldest", "locked"])
def provider_process(request: pytest.FixtureRequest, provider_cache: Path) -> Iterator[ProviderProcess]:
    made = ProviderProcess(request.param, provider_cache)
    try:
        made.check()
        yield made
    finally:
        made.end()


@pytest.fixture
def debug_lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(pulumi.log, "debug", lines.append)
    return lines


def test_the_oldest_sdk_is_the_one_that_the_docstring_says_it_was_tried_on() -> None:
    assert f"SDK {oldest_version().removesuffix('.0')}, the oldest" in (sdk_patches.__doc__ or "")


@BOTH_SDKS
def test_the_callback_server_is_not_stopped_before_it_has_started(sdk: str) -> None:
    path = os.pathsep.join([*sdk_path(sdk), "components"])
    run = [sys.executable, "-c", PROGRAM_PATCHES]
    said = subprocess.check_output(run, env={**os.environ, "PYTHONPATH": path}, cwd=ROOT, text=True).split()
    assert said[1:] == ["started", "stopped"]
    assert (said[0] == oldest_version()) == (sdk == "oldest")


def looks(sdk: str, how: str) -> list[str]:
    """How often each of 50, and of 200, Outputs was looked at until all were done; then an Output's error."""
    run = [sys.executable, "-c", PROGRAM_WAITS, how]
    path = os.pathsep.join([*sdk_path(sdk), "components"])
    return subprocess.check_output(run, env={**os.environ, "PYTHONPATH": path}, cwd=ROOT, text=True).split(maxsplit=2)


def test_pending_outputs_are_not_all_looked_at_whenever_one_is_done() -> None:
    few, many, _ = looks("locked", "patched")
    assert float(few) <= 5
    assert float(many) <= 5
    few, many = looks("locked", "as it is")
    assert float(many) > 3 * float(few) > 15, "the SDK has learned it: the act is not needed any more"


@BOTH_SDKS
def test_an_output_that_fails_is_seen_while_others_are_pending(sdk: str) -> None:
    assert looks(sdk, "patched")[2].strip() == "division by zero"


def test_the_heap_is_looked_through_less_often_unless_the_user_says_how_often() -> None:
    frozen = "import gc; {}from fast_container.state.sdk_patches import freeze_heap; freeze_heap(); print({})"
    shown = "gc.get_threshold()[0], gc.get_freeze_count() > 0"

    def thresholds(before: str) -> str:
        run = [sys.executable, "-c", frozen.format(before, shown)]
        return subprocess.check_output(run, env={**os.environ, "PYTHONPATH": "components"}, cwd=ROOT, text=True)

    assert thresholds("").split() == ["20000", "True"]
    assert thresholds("gc.set_threshold(5000, 5, 5); ").split() == ["5000", "True"]


def test_a_program_sees_the_cancel_that_its_engine_sends_to_providers(
    provider_process: ProviderProcess, provider_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(provider_cache))
    program = Interruption(provider_process.engine.address)
    provider_process.check()
    assert not program.is_heard()
    provider_process.calls.Cancel(empty_pb2.Empty())
    assert program.is_heard()


def test_an_error_of_the_provider_is_one_message(provider_process: ProviderProcess) -> None:
    said = provider_process.read_error({"aws": ["eu"]})
    assert "could not be processed" in said
    assert "Traceback" not in said


def test_the_process_ends_with_its_engine(tmp_path: Path) -> None:
    # Both at once: a process looks at its engine only every few seconds.
    processes = [ProviderProcess(sdk, tmp_path / sdk) for sdk in ("oldest", "locked")]
    try:
        for each in processes:
            each.check()
        for each in processes:
            each.engine.server.stop(0).wait()
        assert [each.process.wait(timeout=60) for each in processes] == [1, 1]
    finally:
        for each in processes:
            each.end()


def test_an_sdk_without_the_callback_server_is_left_as_it_is(
    monkeypatch: pytest.MonkeyPatch, debug_lines: list[str]
) -> None:
    class Other:
        def serve(self) -> None: ...

    monkeypatch.setattr(settings, "_CallbackServicer", Other, raising=False)
    monkeypatch.setattr(settings, "get_monitor", object)
    sdk_patches.await_callbacks()
    assert not hasattr(Other, "fast_container_starts")
    assert debug_lines == [
        "fast-container: the callback server of Pulumi's SDK is left as it is: it has no coroutines serve and shutdown"
    ]


def test_an_sdk_that_waits_in_another_way_is_left_as_it_is(
    monkeypatch: pytest.MonkeyPatch, debug_lines: list[str]
) -> None:
    async def wait_for_rpcs() -> None: ...

    monkeypatch.setattr(stack, "wait_for_rpcs", wait_for_rpcs)
    monkeypatch.setattr(settings, "get_monitor", object)
    sdk_patches.wait_for_failures()
    assert cast(Any, stack).asyncio is asyncio
    assert [line.partition(" of Pulumi's SDK is left as it is")[0] for line in debug_lines] == [
        "fast-container: wait_for_rpcs"
    ]


def test_an_sdk_whose_provider_process_differs_is_left_as_it_is(
    monkeypatch: pytest.MonkeyPatch, debug_lines: list[str]
) -> None:
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("other"))
    sdk_patches.note_cancels(lambda: None)
    sdk_patches.format_errors(lambda: "")
    assert [line.partition(" of Pulumi's SDK is left as it is")[0] for line in debug_lines] == [
        "fast-container: Cancel",
        "fast-container: traceback",
    ]


def test_a_process_of_another_kind_goes_on() -> None:
    sdk_patches.end_process()
