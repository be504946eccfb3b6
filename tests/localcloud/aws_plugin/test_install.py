"""The plugin as the engine finds and starts it."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2_grpc

from localcloud.aws_plugin import install


@pytest.fixture
def executable(tmp_path: Path) -> Path:
    home = tmp_path / "a home with spaces"
    install(home)
    install(home)
    (folder,) = (home / "plugins").iterdir()
    assert folder.name == f"resource-aws-v{version('pulumi-aws')}"
    assert (folder / "PulumiPlugin.yaml").read_text() == ""
    return folder / "pulumi-resource-aws"


def test_the_installed_plugin_starts_and_has_the_sdks_version(executable: Path) -> None:
    with subprocess.Popen([executable, "127.0.0.1:1"], stdout=subprocess.PIPE, text=True, cwd="/") as process:
        assert process.stdout is not None
        with grpc.insecure_channel(f"127.0.0.1:{process.stdout.readline().strip()}") as channel:
            stub = provider_pb2_grpc.ResourceProviderStub(channel)
            assert stub.GetPluginInfo(empty_pb2.Empty(), timeout=10).version == version("pulumi-aws")
        process.terminate()


def test_the_plugin_ends_with_its_engine(executable: Path) -> None:
    engine = '"$0" 127.0.0.1:1 & echo $!; wait'
    with subprocess.Popen(["sh", "-c", engine, executable], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        plugin = int(process.stdout.readline())
        assert process.stdout.readline(), "the plugin's port"
        process.kill()
    until = time.monotonic() + 5
    while Path(f"/proc/{plugin}").exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not Path(f"/proc/{plugin}").exists()


def test_starting_loads_neither_pulumi_nor_botocore(executable: Path) -> None:
    assert f"python={shlex.quote(sys.executable)}\n" in executable.read_text()
    program = (
        "import sys, localcloud.aws_plugin.__main__\n"
        "assert not hasattr(sys.modules['pulumi'], 'Output')\n"
        "assert 'botocore' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).resolve().parents[3])
