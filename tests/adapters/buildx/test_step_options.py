"""What a real BuildKit makes of the options of the steps: network, hosts, shared memory, limits."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from fast_container.adapters.buildx.executor import BuildxExecutor
from fast_container.core.recipe import recipe_of
from fast_container.errors import BuilderError
from tests.adapters.buildkit_images import Local
from tests.build.fakes import ListReporter, make_job

GIVEN = {
    "network": "none",
    "add_hosts": ["db.internal:10.0.0.5", "db.internal:fd00::5"],
    "shm_size": "5m",
    "ulimits": {"nofile": "333:444", "core": 0},
}
LOOK = """\
FROM busybox
RUN (readlink /proc/self/ns/net; cat /proc/net/dev) > /network; cat /etc/hosts > /hosts; \
    grep ' /dev/shm ' /proc/mounts > /shm; (ulimit -Sn; ulimit -Hn; ulimit -Hc) > /limits
"""
# As BuildKit 0.34 ends without that entitlement.
REFUSAL = "granting entitlement network.host is not allowed by build daemon configuration"
REFUSES = f"""\
#!/bin/sh
case "$1" in
inspect) printf 'Name: mine\\nDriver: docker-container\\n'; exit 0 ;;
esac
case "$2" in --help) echo rawjson; exit 0 ;; esac
echo "ERROR: {REFUSAL}" >&2
exit 1
"""


@pytest.mark.buildkit
def test_each_option_reaches_the_steps(local: Local) -> None:
    digest = local.build(local.job(LOOK, recipe=recipe_of(GIVEN))).digest
    network, hosts, shm, limits = (
        local.content(digest, name).decode() for name in ("network", "hosts", "shm", "limits")
    )
    assert [line.partition(":")[0].strip() for line in network.splitlines()[3:]] == ["lo"]
    lines = [line.split() for line in hosts.splitlines()]
    assert [line for line in lines if "db.internal" in line] == [
        ["10.0.0.5", "db.internal"],
        ["fd00::5", "db.internal"],
    ]
    assert "size=5120k" in shm
    assert limits.split() == ["333", "444", "0"]


@pytest.mark.buildkit
def test_the_hosts_network_is_that_of_buildkit(local: Local) -> None:
    digest = local.build(local.job(LOOK, recipe=recipe_of({"network": "host"}))).digest
    assert local.content(digest, "network").decode().splitlines()[0] == os.readlink("/proc/self/ns/net")


def test_a_builder_that_does_not_allow_the_hosts_network_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "docker-buildx").write_text(REFUSES)
    (tmp_path / "docker-buildx").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "DOCKER_CONFIG": str(tmp_path)}
    executor = BuildxExecutor(None, environment, tmp_path / "logs")
    job = replace(make_job(), recipe=recipe_of({"network": "host"}))
    with pytest.raises(BuilderError, match="does not allow the host's network") as caught:
        asyncio.run(executor.build(job, ListReporter()))
    assert (caught.value.where, caught.value.why) == ('network="host"', REFUSAL)
    assert "--allow-insecure-entitlement network.host" in caught.value.next_step
