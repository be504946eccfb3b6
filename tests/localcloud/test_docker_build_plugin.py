"""The stand-in for the docker-build provider is strict, finds what differs, and stays on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from localcloud.aws_plugin.errors import PluginError
from localcloud.docker_build_plugin import arguments, image


@pytest.fixture
def inputs(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    return {
        "context": {"location": str(tmp_path)},
        "push": True,
        "tags": ["127.0.0.1:5000/shop/api:latest"],
        "registries": [{"address": "127.0.0.1:5000/shop/api", "username": "AWS", "password": "one"}],
        "network": "default",
    }


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"noCache": True}, "noCache"),
        ({"context": {"location": ".", "named": {}}}, "context.named"),
        ({"cacheTo": [{"gha": {}}]}, "cacheTo[0].gha"),
        ({"cacheTo": [{"registry": {"ref": "a", "compression": "zstd"}}]}, "cacheTo[0].registry.compression"),
        ({"platforms": ["linux/amd64", "linux/arm64"]}, "platforms"),
        ({"push": False}, "push"),
        ({"tags": []}, "tags"),
        ({"network": "host"}, "network"),
    ],
)
def test_what_it_does_not_have_is_a_failure(inputs: dict[str, Any], wrong: dict[str, Any], path: str) -> None:
    assert arguments.failures(inputs) == []
    assert [found for found, _ in arguments.failures({**inputs, **wrong})] == [path]


def test_inputs_and_files_differ_and_a_new_token_does_not(inputs: dict[str, Any], tmp_path: Path) -> None:
    state = {**inputs, "contextHash": arguments.context_hash(inputs)}
    renewed = {**inputs, "registries": [{**inputs["registries"][0], "password": "two"}]}
    assert arguments.changed(state, renewed) == []
    assert arguments.changed(state, {**inputs, "buildArgs": {"A": "1"}}) == ["buildArgs"]
    (tmp_path / "Dockerfile").chmod(0o600)
    assert arguments.changed(state, inputs) == ["contextHash"]


@pytest.mark.parametrize("reference", ["ghcr.io/shop/api:latest", "127.0.0.1.example.com/shop/api:latest"])
def test_no_registry_but_this_machines_is_pushed_to_or_deleted_from(inputs: dict[str, Any], reference: str) -> None:
    elsewhere = {**inputs, "tags": [reference], "digest": "sha256:0"}
    for call in (lambda: image.build(elsewhere, {}), lambda: image.delete(elsewhere)):
        with pytest.raises(PluginError, match="not on this machine"):
            call()
