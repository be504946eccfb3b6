"""Which builders are taken, and which one command is named where none is fit."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fast_container.adapters.buildx.builder import Builder, builder_platforms, find_builder, find_buildx
from fast_container.errors import BuilderError

NODE = "Nodes:\nName: node0\nEndpoint: unix:///x\nStatus: running\n"
CONTAINERD = " org.mobyproject.buildkit.worker.containerd.namespace: moby\n"


class Machine:
    """A PATH and a Docker configuration of their own, with a buildx that answers as told."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.docker = folder / "docker"
        self.environment = {"PATH": str(self.bin), "DOCKER_CONFIG": str(self.docker), "HOME": str(folder)}

    def install(
        self, inspected: str, *, code: int = 0, error: str = "", rawjson: bool = True, folder: Path | None = None
    ) -> Path:
        path = (folder or self.bin) / "docker-buildx"
        path.parent.mkdir(parents=True, exist_ok=True)
        usage = "--progress auto, plain, tty, rawjson" if rawjson else "--progress auto, plain, tty"
        path.write_text(
            "#!/bin/sh\n"
            f"case \"$1\" in build) echo '{usage}';; version) echo 'buildx v0.12.1';;\n"
            f"*) printf '%s' '{inspected}'; printf '%s' '{error}' >&2; exit {code};; esac\n"
        )
        path.chmod(0o755)
        return path

    def install_docker(self, driver_status: str) -> None:
        path = self.bin / "docker"
        path.write_text(f"#!/bin/sh\necho '{driver_status}'\n")
        path.chmod(0o755)

    def find(self, name: str | None = None) -> Builder:
        return asyncio.run(find_builder(name, self.environment))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("driver", ["docker-container", "remote", "kubernetes"])
def test_a_builder_that_pushes_by_digest_is_taken(machine: Machine, driver: str) -> None:
    path = machine.install(f"Name: mine\nDriver: {driver}\n\n{NODE}")
    assert machine.find() == Builder((str(path),), "mine")


def test_a_stopped_container_builder_is_taken_for_buildx_starts_it(machine: Machine) -> None:
    machine.install("Name: mine\nDriver: docker-container\n\nNodes:\nName: mine0\nStatus: inactive\n")
    assert machine.find().name == "mine"


def test_docker_over_the_containerd_store_is_taken(machine: Machine) -> None:
    machine.install(f"Name: default\nDriver: docker\n\n{NODE}Labels:\n{CONTAINERD}")
    assert machine.find().name == "default"


def test_docker_itself_is_asked_where_buildx_does_not_say(machine: Machine) -> None:
    machine.install(f"Name: default\nDriver: docker\n\n{NODE}")
    machine.install_docker('[["driver-type","io.containerd.snapshotter.v1"]]')
    assert machine.find().name == "default"


def test_docker_without_that_store_is_refused_with_the_command_that_helps(machine: Machine) -> None:
    machine.install(f"Name: default\nDriver: docker\n\n{NODE}")
    machine.install_docker('[["Backing Filesystem","extfs"]]')
    with pytest.raises(BuilderError, match="cannot push by digest") as caught:
        machine.find()
    assert caught.value.next_step == (
        "docker buildx create --name fast-container --driver docker-container --bootstrap --use"
    )


def test_a_builder_that_is_not_there_is_named(machine: Machine) -> None:
    machine.install("", code=1, error='ERROR: no builder "mine" found')
    with pytest.raises(BuilderError, match="mine cannot be used") as caught:
        machine.find("mine")
    assert caught.value.why == 'no builder "mine" found'
    assert caught.value.next_step == "docker-buildx create --name mine --driver docker-container --bootstrap"


def test_a_docker_that_does_not_run_is_said(machine: Machine) -> None:
    machine.install("Name: default\nDriver: \nError: failed to connect to the docker API\n")
    with pytest.raises(BuilderError, match="cannot be reached") as caught:
        machine.find()
    assert caught.value.why == "failed to connect to the docker API"


def test_a_remote_buildkit_that_does_not_run_is_said(machine: Machine) -> None:
    machine.install("Name: mine\nDriver: remote\n\nNodes:\nName: n\nEndpoint: unix:///x\nStatus: inactive\n")
    with pytest.raises(BuilderError, match="BuildKit of the buildx builder mine cannot be reached") as caught:
        machine.find()
    assert caught.value.where == "unix:///x"


def test_a_buildx_without_rawjson_is_too_old(machine: Machine) -> None:
    machine.install(f"Name: mine\nDriver: remote\n\n{NODE}", rawjson=False)
    with pytest.raises(BuilderError, match="too old") as caught:
        machine.find()
    assert "v0.12.1" in caught.value.why


def test_without_buildx_the_error_says_where_to_get_it(machine: Machine) -> None:
    with pytest.raises(BuilderError, match="no buildx"):
        find_buildx(machine.environment, plugin_directories=())


def test_a_docker_that_prints_its_own_help_for_a_plugin_it_lacks_has_no_buildx(machine: Machine) -> None:
    docker = machine.bin / "docker"
    docker.write_text(
        '#!/bin/sh\ncase "$*" in *--help*) echo "Usage: docker"; exit 0;; esac\n'
        'echo "docker: unknown command" >&2\nexit 1\n'
    )
    docker.chmod(0o755)
    with pytest.raises(BuilderError, match="no buildx") as caught:
        machine.find()
    assert "unknown command" in caught.value.why


def test_docker_s_plugin_comes_before_path(machine: Machine) -> None:
    machine.install("on PATH")
    plugin = machine.install("plugin", folder=machine.docker / "cli-plugins")
    assert find_buildx(machine.environment) == (str(plugin),)


def test_a_builder_says_what_it_runs_and_none_is_guessed_about(machine: Machine) -> None:
    assert asyncio.run(builder_platforms(None, machine.environment)) == frozenset()
    nodes = "Name: a\nPlatforms: linux/amd64*, linux/amd64/v2, linux/386\n\nName: b\nPlatforms: linux/arm64/v8 (+2)\n"
    machine.install(f"Name: mine\nDriver: remote\n\nNodes:\n{nodes}")
    found = asyncio.run(builder_platforms("mine", machine.environment))
    assert found == {"linux/amd64", "linux/amd64/v2", "linux/386", "linux/arm64"}
    machine.install("Name: mine\nDriver: docker-container\n\nNodes:\nName: a\nStatus: inactive\n")
    assert asyncio.run(builder_platforms(None, machine.environment)) == frozenset()
