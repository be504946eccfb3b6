"""Every input of buildx is in the build key, or on the list of what cannot change an image, or does not get through."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fast_container.adapters.buildx.command import write_job
from fast_container.adapters.buildx.executor import BuildxExecutor
from fast_container.adapters.buildx_inputs import CANNOT_CHANGE_THE_IMAGE, COUNTED, DOCKER_SETTINGS, is_passed
from fast_container.core.declared import DeclaredImage
from fast_container.core.image_checks import CheckSettings
from fast_container.core.job import job_of
from fast_container.core.ports import BuildJob, SecretReference
from fast_container.core.recipe import OPTIONS
from fast_container.core.records.cache_export import CacheExport
from fast_container.core.records.record import BuildRecord
from fast_container.core.select import SharedWalks, select_image
from tests.build.fakes import ListReporter
from tests.trees import changed, declare, write_tree

ONE, TWO = "sha256:" + "1" * 64, "sha256:" + "2" * 64
DOCKERFILE = """\
ARG BASE
FROM python:3.12 AS first
ARG A
COPY . /
COPY --from=shared . /
FROM ${BASE} AS second
COPY --from=first / /
COPY --from=tool / /
"""
# Field of a job → the kind of key part that covers it, or why it cannot change the image.
FIELDS = {
    "name": "messages",
    "key": "the key",
    "repository_url": "--output",
    "dockerfile": "dockerfile",
    "dockerfile_name": "messages",
    "contexts": "context",
    "pull_hosts": "whose credentials the build has",
    "platform": "platform",
    "target": "target",
    "build_args": "arg",
    "labels": "label",
    "named_images": "image",
    "secrets": "ids only, by decision",
    "runs_on": "which checks follow",
    "checks": "what is checked afterwards",
    "before_bytes": "what is checked afterwards",
    "base": "what is checked afterwards",
    "timeout_s": "when it is given up",
    "source_policy": "image",
    "assumed": "compared after the build",
    "secret_references": "ids only, by decision",
    "cache_from": "--cache-from",
    "cache_to": "--cache-to",
    "cache_export": "what a record says of it",
    "leaves_record": "what a record says",
    **dict.fromkeys((option.name for option in OPTIONS), "option"),
}


def full(root: Path) -> DeclaredImage:
    """An image that uses everything."""
    write_tree(root, {"Dockerfile": DOCKERFILE, "a": "1", "b": "1"})
    write_tree(root.parent / "shared", {"s": "1"})
    return declare(
        root,
        target="second",
        build_args={"A": "1", "BASE": "own", "HTTPS_PROXY": "http://proxy", "BUILDKIT_SYNTAX": "docker/dockerfile:1"},
        labels={"l": "1"},
        named_contexts={
            "shared": str(root.parent / "shared"),
            "tool": "docker-image://busybox:1",
            "own": "docker-image://fast-container.invalid/own",
        },
        secret_ids=("token",),
        base_keys={"BASE": "b" * 64},
        image_pins={"python:3.12": ONE, "docker-image://busybox:1": ONE},
        network="host",
        add_hosts=("db:10.0.0.5",),
        shm_size=1024,
        ulimits=("nofile=1:2",),
    )


def full_job(root: Path) -> BuildJob:
    selected = select_image(full(root), SharedWalks())
    return job_of(
        selected,
        "registry.example/shop/images",
        selected.named_images,
        {},
        secrets={"token": b"v"},
        secret_references={"other": SecretReference("SECRETS_MANAGER", "x")},
        runs_on="lambda",
        timeout_s=1.0,
        cache_from=("type=registry,ref=r/c:a",),
        cache_to=("type=registry,ref=r/c:b",),
    )


def test_every_field_of_a_job_is_on_the_list_and_used(tmp_path: Path) -> None:
    job = dataclasses.replace(full_job(tmp_path / "tree"), checks=CheckSettings(), before_bytes=1)
    record = BuildRecord("api", "h/n", "0" * 64, "", "built", 1.0, 0.0)
    job = dataclasses.replace(job, leaves_record=record, cache_export=CacheExport("max"))
    found = {field.name: getattr(one, field.name) for one in (job, job.recipe) for field in dataclasses.fields(one)}
    assert found.keys() == {*FIELDS, "recipe"}
    assert [name for name, value in found.items() if not value] == []


def test_every_option_is_counted_or_cannot_change_the_image(tmp_path: Path) -> None:
    for place in ("private", "secrets"):
        (tmp_path / place).mkdir()
    argv = write_job(full_job(tmp_path / "tree"), tmp_path / "private", tmp_path / "secrets")
    options = {word.partition("=")[0] for word in argv if word.startswith("--")}
    assert options - set(COUNTED) - set(CANNOT_CHANGE_THE_IMAGE) == set()
    assert not set(COUNTED) & set(CANNOT_CHANGE_THE_IMAGE)
    # Without a value, buildx takes a build arg out of the environment.
    assert all("=" in argv[place + 1] for place, word in enumerate(argv) if word == "--build-arg")
    listed = {option for option in {**COUNTED, **CANNOT_CHANGE_THE_IMAGE} if option.startswith("--")}
    assert listed - options == {"--builder"}, "the executor's own"


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("dockerfile", {}),
        ("context", {}),
        ("platform", {"platform": "linux/arm64"}),
        ("target", {"target": "first"}),
        ("arg", {"build_args": {"A": "2", "BASE": "own"}}),
        ("arg", {"build_args": {"A": "1", "BASE": "own", "http_proxy": "http://me:pw@proxy"}}),
        ("arg", {"build_args": {"A": "1", "BASE": "own", "All_Proxy": "socks5://proxy"}}),
        ("arg", {"build_args": {"A": "1", "BASE": "own", "SOURCE_DATE_EPOCH": "1"}}),
        ("label", {"labels": {"l": "2"}}),
        ("option", {"network": "none"}),
        ("option", {"add_hosts": ()}),
        ("secret", {"secret_ids": ("token", "more")}),
        ("base", {"base_keys": {"BASE": "c" * 64}}),
        ("image", {"image_pins": {"python:3.12": TWO, "docker-image://busybox:1": ONE}}),
        ("image", {"image_pins": {"python:3.12": ONE, "docker-image://busybox:1": TWO}}),
    ],
)
def test_what_is_counted_changes_the_key(tmp_path: Path, kind: str, changes: dict[str, Any]) -> None:
    image = full(tmp_path / "tree")
    if not any(name.upper().endswith("_PROXY") for name in changes.get("build_args", {"HTTPS_PROXY": ""})):
        image = changed(image, build_args={"A": "1", "BASE": "own"})
    before = select_image(image, SharedWalks()).key
    if kind == "dockerfile":
        (tmp_path / "tree/Dockerfile").write_text(f"{DOCKERFILE}ENV a=b\n")
    if kind == "context":
        (tmp_path / "shared/s").write_text("2")
    after = select_image(changed(image, **changes), SharedWalks()).key
    differ = {name for name in {**before.parts, **after.parts} if before.parts.get(name) != after.parts.get(name)}
    assert before.hex != after.hex
    assert kind in {name.partition(":")[0] for name in differ}
    assert any(kind in counted for counted in COUNTED.values())


def test_only_images_of_the_key_are_in_the_source_policy(tmp_path: Path) -> None:
    image = full(tmp_path / "tree")
    pins = {**image.image_pins, "docker/dockerfile:1": TWO, "alpine": TWO}
    before, after = (select_image(one, SharedWalks()) for one in (image, replace(image, image_pins=pins)))
    assert (before.key.hex, before.source_policy) == (after.key.hex, after.source_policy)
    assert {rule["updates"]["identifier"] for rule in json.loads(after.source_policy)["rules"]} == {
        f"docker-image://docker.io/library/{name}@{ONE}" for name in ("python:3.12", "busybox:1")
    }


RECORD = """\
#!/bin/sh
case "$1" in
inspect) printf 'Name: mine\\nDriver: docker-container\\n'; exit 0 ;;
esac
case "$2" in --help) echo rawjson; exit 0 ;; esac
env > "$SEEN/environment"
cp "$DOCKER_CONFIG/config.json" "$SEEN/config.json"
while [ "$1" != --metadata-file ]; do shift; done
stat -c %Y "$(dirname "$2")"/contexts/0/* >> "$SEEN/dates"
echo "$FIRST_LINE" >&2
echo '{"containerimage.digest": "sha256:x"}' > "$2"
"""


def recorded(folder: Path, config: dict[str, Any], **environment: str) -> tuple[Path, ListReporter]:
    """What a buildx got that only writes it down."""
    for name in ("bin", "seen", "docker"):
        (folder / name).mkdir()
    (folder / "bin/docker-buildx").write_text(RECORD)
    (folder / "bin/docker-buildx").chmod(0o755)
    (folder / "docker/config.json").write_text(json.dumps(config))
    own = {"PATH": f"{folder}/bin:/usr/bin:/bin", "SEEN": str(folder / "seen"), "DOCKER_CONFIG": str(folder / "docker")}
    reporter = ListReporter()
    executor = BuildxExecutor(None, {**environment, **own}, folder / "logs")
    job = replace(full_job(folder / "tree"), secret_references={})
    asyncio.run(executor.build(job, reporter))
    return folder / "seen", reporter


def test_of_the_environment_nothing_comes_through_that_changes_the_image(tmp_path: Path) -> None:
    hostile = {
        "SOURCE_DATE_EPOCH": "1",
        "DOCKER_DEFAULT_PLATFORM": "linux/s390x",
        "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY": "/tmp/other.json",
        "BUILDX_GIT_LABELS": "full",
        "BUILDX_GIT_INFO": "1",
        "BUILDX_EXPERIMENTAL": "1",
        "BUILDX_NO_DEFAULT_LOAD": "1",
        "BUILDX_OF_TOMORROW": "1",
        "BUILDKIT_OF_TOMORROW": "1",
        "BUILDKIT_SYNTAX": "evil/frontend",
        "PULUMI_CONFIG_PASSPHRASE": "secret",
        # Buildx would wait ten seconds for a receiver of its spans that does not answer.
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
        "TRACEPARENT": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    }
    needed = {
        "AWS_PROFILE": "ci",
        "HTTPS_PROXY": "http://proxy",
        "SSH_AUTH_SOCK": "/run/agent",
        "BUILDX_BUILDER": "mine",
    }
    seen, _ = recorded(tmp_path, {}, **hostile, **needed)
    got = dict(line.partition("=")[::2] for line in (seen / "environment").read_text().splitlines())
    assert {name: got.get(name) for name in needed} == needed
    assert got.pop("EXPERIMENTAL_BUILDKIT_SOURCE_POLICY").endswith("/policy.json"), "our own, of the pins"
    assert got.pop("BUILDX_GIT_INFO") == "false", "our own: buildx runs no git"
    assert [name for name in hostile if name in got] == []
    assert all(is_passed(name) for name in got)


def test_of_dockers_configuration_only_identities_and_endpoints_come_through(tmp_path: Path) -> None:
    proxy = "http://me:p4ssword@proxy.example:3128"
    config = {
        "auths": {"ghcr.io": {"auth": "YTpi"}},
        "currentContext": "default",
        "proxies": {"default": {"httpProxy": proxy, "noProxy": "localhost"}},
        "of-tomorrow": {"x": "y"},
    }
    seen, reporter = recorded(tmp_path, config)
    got = json.loads((seen / "config.json").read_text())
    assert set(got) <= DOCKER_SETTINGS
    assert {"auths", "currentContext"} <= set(got)
    assert [line for line in reporter.warnings if "proxies of Docker's config.json" in line] == reporter.warnings
    assert len(reporter.warnings) == 1
    assert "p4ssword" not in "".join(path.read_text() for path in (*seen.iterdir(), *(tmp_path / "logs").iterdir()))


def test_files_are_dated_by_the_clock_of_a_builder_that_is_off(tmp_path: Path) -> None:
    first = {"digest": "d", "name": "[internal] load build definition", "started": "2001-09-09T01:46:40.123456789Z"}
    seen, reporter = recorded(tmp_path, {}, FIRST_LINE=json.dumps({"vertexes": [first]}))
    dated = [int(line) for line in (seen / "dates").read_text().split()]
    assert abs(dated[1] - 1_000_000_000) <= 2
    assert dated[0] > 1_700_000_000
    assert "setting the context's dates by BuildKit's clock" in reporter.progressed
