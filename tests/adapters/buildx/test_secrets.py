"""Where secrets, tokens and logs of a real build are found, and where they are not."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import threading
import time
from pathlib import Path

import pytest

from fast_container.adapters.buildx.executor import registry_hosts
from tests.adapters.buildkit_images import Local, make_job

pytestmark = pytest.mark.buildkit

SCRATCH = "FROM scratch\nCOPY . /app/\n"


class Watch:
    """Looks, while something runs, for texts in any process's arguments and environment and in files."""

    def __init__(self, texts: list[str], folders: list[Path]) -> None:
        self.texts = [text.encode() for text in texts]
        self.folders = folders
        self.seen: set[str] = set()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._end.wait(0.02):
            for process in Path("/proc").glob("[0-9]*"):
                for name in ("cmdline", "environ"):
                    with contextlib.suppress(OSError):
                        data = (process / name).read_bytes()
                        if any(text in data for text in self.texts):
                            self.seen.add(f"{name} of {(process / 'cmdline').read_bytes()!r}")

    def in_files(self) -> list[Path]:
        """Files that hold one of the texts."""
        files = [path for folder in self.folders for path in folder.rglob("*") if path.is_file()]
        return [path for path in files if any(text in path.read_bytes() for text in self.texts)]


def test_secrets_and_tokens_are_in_no_argument_environment_log_or_file(local: Local, tree: Path) -> None:
    (tree / "f").write_text("x")
    token = local.registries.push_credentials(local.cloud.registry_host)
    assert token is not None
    dockerfile = "FROM busybox\nCOPY f /\nRUN --mount=type=secret,id=key sleep 0.3; sha256sum /run/secrets/key\n"
    job = local.job(dockerfile, tree, secrets={"key": b"hunter3-secret"})
    pair = base64.b64encode(f"{token.username}:{token.password}".encode()).decode()
    folders = [local.folder, Path(local.environment["BUILDX_CONFIG"]), Path(local.environment["DOCKER_CONFIG"])]
    with Watch(["hunter3-secret", token.password, pair], folders) as watch:
        local.build(job)
    assert watch.seen == set()
    assert watch.in_files() == []
    assert repr(job).count("hunter3") == 0


def test_the_user_s_store_serves_other_hosts_and_our_token_ours(local: Local, tree: Path) -> None:
    helpers = local.folder / "helpers"
    helpers.mkdir()
    helper = helpers / "docker-credential-kept"
    helper.write_text(
        f'#!/bin/sh\nread -r host\necho "$host" >> {local.folder}/asked\n'
        "echo 'credentials not found in native keychain'\nexit 1\n"
    )
    helper.chmod(0o755)
    docker = local.folder / "docker"
    docker.mkdir()
    (docker / "config.json").write_text('{"credsStore": "kept"}')
    executor = local.executor(DOCKER_CONFIG=str(docker), PATH=f"{helpers}:{local.environment['PATH']}")
    (tree / "f").write_text("store")
    asyncio.run(executor.build(local.job(SCRATCH, tree), local.reporter))
    asked = local.folder / "asked"
    assert not asked.exists() or local.cloud.registry_host not in asked.read_text()


def test_a_refused_token_is_fetched_again(local: Local) -> None:
    registry = local.registry
    assert asyncio.run(registry.manifest("sha256:" + "0" * 64)) is None
    local.cloud.expire_tokens()
    assert asyncio.run(registry.manifest("sha256:" + "0" * 64)) is None


def test_old_logs_are_removed_and_young_ones_kept(local: Local, tree: Path) -> None:
    local.logs.mkdir()
    old, young = local.logs / "old.log", local.logs / "young.log"
    for path in (old, young):
        path.touch()
    os.utime(old, (time.time() - 20 * 24 * 3600,) * 2)
    (tree / "f").write_text("logs")
    built = local.build(local.job(SCRATCH, tree))
    assert young.exists()
    assert not old.exists()
    assert Path(built.log_path).stat().st_mode & 0o777 == 0o600


def test_credentials_are_asked_for_every_registry_that_a_build_names() -> None:
    job = make_job(
        "images.example/shop/api",
        "FROM scratch\n",
        named_images={"base": "docker-image://bases.example/shop/base@sha256:0"},
        cache_from=("type=registry,ref=read.example/shop/cache:api",),
        cache_to=("type=registry,ref=written.example/shop/cache:api,mode=max",),
    )
    assert registry_hosts(job) == ["bases.example", "images.example", "read.example", "written.example"]
