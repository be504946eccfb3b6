"""A local cloud starts, lasts and ends as a whole, and leaves nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from localcloud import LocalCloud, LocalCloudError
from localcloud.state import CloudPaths, CloudRecord
from tests.conftest import leftovers
from tests.localcloud.registry_client import client

pytestmark = pytest.mark.buildkit
PROJECT = Path(__file__).resolve().parents[2]


def wait_gone(*places: Path, timeout_s: float = 15) -> None:
    deadline = time.monotonic() + timeout_s
    while leftovers(*places):
        assert time.monotonic() < deadline, leftovers(*places)
        time.sleep(0.05)


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "localcloud", *words], cwd=PROJECT, capture_output=True, text=True, check=False
    )


def test_the_command_line_starts_once_shows_and_stops(tmp_path: Path) -> None:
    state = f"--state={tmp_path}"
    try:
        assert command("status", state).returncode == 3
        started = command("start", state)
        assert started.returncode == 0, started.stderr
        record = CloudRecord.read(CloudPaths(tmp_path).record)
        assert record
        for address in (record.aws_endpoint, record.registry_host, record.buildkit_address):
            assert address in started.stdout
        again = command("start", state)
        assert "runs already" in again.stdout
        assert CloudRecord.read(CloudPaths(tmp_path).record) == record
        assert record.aws_endpoint in command("status", state).stdout
    finally:
        stopped = command("stop", state)
    assert stopped.returncode == 0, stopped.stderr
    assert "tools:" not in stopped.stderr
    assert leftovers(tmp_path, Path(record.sockets_dir)) == []
    assert not Path(record.sockets_dir).exists()
    assert "no local cloud runs" in command("stop", state).stdout


def test_two_clouds_live_side_by_side_and_a_part_that_crashes_stops_its_own_only(
    cloud: LocalCloud, tmp_path: Path
) -> None:
    (tmp_path / "registry" / "docker").mkdir(parents=True)  # of an earlier cloud in the same directory
    with LocalCloud.running(tmp_path) as other:
        assert other.aws_endpoint != cloud.aws_endpoint
        # BuildKit's own place for it is one for the whole machine.
        assert (Path(other.sockets_dir) / "traces.sock").is_socket()
        assert (Path(cloud.sockets_dir) / "traces.sock").is_socket()
        assert client(other, "ecr").describe_repositories()["repositories"] == []
        client(other, "ecr").create_repository(repositoryName="only/there")
        found = client(cloud, "ecr").describe_repositories()["repositories"]
        assert "only/there" not in [one["repositoryName"] for one in found]
        with pytest.raises(LocalCloudError, match="another local cloud runs"), LocalCloud.running(tmp_path):
            pass
        os.kill(registry_pid(other), signal.SIGKILL)
        wait_gone(tmp_path, other.sockets_dir)
        crash = (tmp_path / "crash.txt").read_text()
        assert crash.startswith("the registry ended")
        assert "last lines of" in crash
    assert "the last one ended by itself: the registry ended" in command("status", f"--state={tmp_path}").stdout
    assert client(cloud, "sts").get_caller_identity()["Account"] == cloud.account_id


@pytest.mark.parametrize("victim", ["owner", "supervisor"])
def test_a_kill_leaves_nothing(tmp_path: Path, victim: str) -> None:
    program = (
        "import sys, time; from pathlib import Path; from localcloud import LocalCloud\n"
        "with LocalCloud.running(Path(sys.argv[1])): print('up', flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], cwd=PROJECT, stdout=subprocess.PIPE)
    try:
        assert owner.stdout
        assert owner.stdout.readline() == b"up\n"
        record = CloudRecord.read(CloudPaths(tmp_path).record)
        assert record
        if victim == "owner":
            owner.kill()
            owner.wait()
        else:
            os.kill(record.supervisor_pid, signal.SIGKILL)
            owner.kill()  # it would wait for its sleep
            owner.wait()
        wait_gone(tmp_path, Path(record.sockets_dir))
        assert CloudRecord.read(CloudPaths(tmp_path).record) is None
        assert command("stop", f"--state={tmp_path}").returncode == 0
        assert not Path(record.sockets_dir).exists()
    finally:
        owner.kill()
        owner.wait()
        owner.stdout.close()


def registry_pid(cloud: LocalCloud) -> int:
    """The registry's process; it names the sockets' folder and not the state directory."""
    sockets = cloud.buildkit_address.removeprefix("unix://").rpartition("/")[0]
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_text().split("\0")
        except OSError:
            continue
        if "serve" in words and sockets in " ".join(words):
            return int(folder.name)
    raise AssertionError("no registry process")


def test_buildkit_comes_back_at_the_same_address(cloud: LocalCloud) -> None:
    before = cloud.status()["buildkit_pid"]
    cloud.kill_buildkit()
    assert cloud.status()["buildkit_pid"] == 0
    cloud.start_buildkit()
    assert cloud.status()["buildkit_pid"] not in {0, before}


def test_the_environment_is_private(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("PULUMI_ACCESS_TOKEN", "secret")
    environment = cloud.environment()
    assert "AWS_PROFILE" not in environment
    assert "PULUMI_ACCESS_TOKEN" not in environment
    state = str(cloud.state_dir)
    for name in ("BUILDX_CONFIG", "DOCKER_CONFIG", "PULUMI_HOME"):
        assert environment[name].startswith(state)
    assert environment["PULUMI_BACKEND_URL"] == f"file://{state}/pulumi-state"
    assert "XDG_CACHE_HOME" in cloud.environment(private_cache=True)


def test_the_control_routes_want_their_token(cloud: LocalCloud) -> None:
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(f"{cloud.aws_endpoint}/_localcloud/stop", data=b"")
    with raised.value:
        assert raised.value.code == 403
