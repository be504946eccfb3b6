"""A moto server for the run and the plugin's own process for each module; tests speak the engine's protocol to it."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2_grpc

from tests.localcloud.aws_plugin.plugin_driver import Plugin, endpoints

PROJECT = Path(__file__).resolve().parents[3]
REGION = "eu-west-1"


@pytest.fixture(scope="session")
def moto_endpoint() -> Iterator[str]:

    # Not at the top: it takes a second, which the tests of pure functions need not pay.
    server = importlib.import_module("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _host, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture(scope="module")
def plugin_stub() -> Iterator[Any]:
    process = subprocess.Popen(
        [sys.executable, "-m", "localcloud.aws_plugin", "127.0.0.1:1"],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(PROJECT),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    port = int(process.stdout.readline())
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield provider_pb2_grpc.ResourceProviderStub(channel)
    process.terminate()
    process.wait(timeout=10)
    process.stdout.close()


@pytest.fixture(scope="module")
def plugin(plugin_stub: Any, moto_endpoint: str) -> Plugin:
    """A plugin configured for the moto server, as the stack's configuration would do it."""
    plugin = Plugin(plugin_stub, moto_endpoint)
    plugin.configure(region=REGION, endpoints=endpoints(moto_endpoint), skipCredentialsValidation="true")
    return plugin
