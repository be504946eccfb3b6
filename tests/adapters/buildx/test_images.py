"""What a real BuildKit makes of a job: the image's files, arguments, labels, caching."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from fast_container.build.pipeline import publish
from tests.adapters.buildkit_images import Local, configuration, members, select
from tests.build.fakes import ListReporter, StepClock

pytestmark = pytest.mark.buildkit

SCRATCH = "FROM scratch\nCOPY . /app/\n"


def test_an_image_is_published_and_the_next_time_reused(local: Local, tree: Path) -> None:
    (tree / "handler.py").write_text("print('hello')\n")
    job = local.job("FROM busybox\nCOPY handler.py /\nRUN echo built > /built\n", tree, runs_on="lambda")
    clock = StepClock()

    async def scenario() -> None:
        executor, registry = local.executor(), local.registry
        first = await publish(job, registry, executor, local.reporter, clock)
        second = await publish(job, registry, executor, ListReporter(), clock)
        assert (first.outcome, second.outcome, first.digest) == ("built", "reused", second.digest)
        assert (first.steps, first.image_bytes > 0) == (3, True)

    asyncio.run(scenario())
    assert local.content(asyncio.run(local.registry.find([job.key.tag]))[job.key.tag].digest, "built") == b"built\n"
    assert any(line.endswith("3/3 RUN echo built > /built") for line in local.reporter.progressed)
    assert local.reporter.notes[-1].startswith("built in ")


def test_staged_entries_keep_types_modes_and_bytes(local: Local, tree: Path) -> None:
    (tree / "folder" / "empty").mkdir(parents=True)
    (tree / "folder").chmod(0o700)
    (tree / "folder" / "plain").write_bytes(b"\0bytes")
    (tree / "folder" / "plain").chmod(0o600)
    (tree / "run").write_text("#!/bin/sh\n")
    (tree / "run").chmod(0o700)
    (tree / "link").symlink_to("folder/plain")
    (tree / "dangling").symlink_to("nowhere")
    (tree / "name with spaces, and = é").touch()
    digest = local.build(local.job(SCRATCH, tree)).digest
    found = asyncio.run(members(local.registry, digest))
    assert {name: (member.type, oct(member.mode)) for name, member in found.items() if name != "app"} == {
        "app/folder": (b"5", "0o755"),
        "app/folder/empty": (b"5", "0o755"),
        "app/folder/plain": (b"0", "0o644"),
        "app/run": (b"0", "0o755"),
        "app/link": (b"2", "0o777"),
        "app/dangling": (b"2", "0o777"),
        "app/name with spaces, and = é": (b"0", "0o644"),
    }
    assert local.content(digest, "app/folder/plain") == b"\0bytes"
    assert found["app/link"].linkname == "folder/plain"
    assert {(member.uid, member.gid) for member in found.values()} == {(0, 0)}


def rewrite(path: Path, text: str, times: os.stat_result) -> None:
    path.write_text(text)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_an_edit_that_keeps_size_and_mtime_is_built_and_plain_buildx_misses_it(local: Local, tree: Path) -> None:
    (tree / "f").write_text("AAAA")
    (tree / "Dockerfile").write_text(SCRATCH)
    times = (tree / "f").stat()
    plain, ours = [local.plain_buildx(tree)], [local.build(local.job(SCRATCH, tree)).digest]
    rewrite(tree / "f", "BBBB", times)
    plain.append(local.plain_buildx(tree))
    ours.append(local.build(local.job(SCRATCH, tree)).digest)
    assert [local.content(digest, "app/f") for digest in ours] == [b"AAAA", b"BBBB"]
    assert [local.content(digest, "app/f") for digest in plain] == [b"AAAA", b"AAAA"]


def test_another_folder_is_built_and_plain_buildx_takes_it_for_the_one_before(local: Local, tree: Path) -> None:
    # BuildKit's sync key is the last path element (and the node).
    other = tree.parent / "elsewhere" / tree.name
    other.mkdir(parents=True)
    for folder in (tree, other):
        (folder / "Dockerfile").write_text(SCRATCH)
        os.utime(folder / "Dockerfile", (1_600_000_000, 1_600_000_000))
    (tree / "g").write_text("AAAA")
    times = (tree / "g").stat()
    (other / "g").write_text("BBBB")
    os.utime(other / "g", ns=(times.st_atime_ns, times.st_mtime_ns))
    plain = [local.plain_buildx(folder) for folder in (tree, other)]
    ours = [local.build(local.job(SCRATCH, folder)).digest for folder in (tree, other)]
    assert [local.content(digest, "app/g") for digest in ours] == [b"AAAA", b"BBBB"]
    assert [local.content(digest, "app/g") for digest in plain] == [b"AAAA", b"AAAA"]


def test_no_ignore_file_is_applied_to_what_was_selected(local: Local, tree: Path) -> None:
    (tree / ".dockerignore").write_text("*\n")
    (tree / "selected").write_text("all the same")
    digest = local.build(local.job(SCRATCH, tree)).digest
    assert local.content(digest, "app/selected") == b"all the same"
    assert local.content(digest, "app/.dockerignore") == b"*\n"


def test_a_named_context_s_own_ignore_file_takes_away_nothing_more(local: Local, tree: Path) -> None:
    (tree / ".dockerignore").write_text("*\n!.dockerignore\n!deep/kept\n!deep/**/also\n")
    (tree / "deep" / "er").mkdir(parents=True)
    (tree / "deep" / "kept").write_text("kept")
    (tree / "deep" / "er" / "also").write_text("also")
    (tree / "dropped").write_text("dropped")
    source = select(tree, [".dockerignore", "deep", "deep/kept", "deep/er", "deep/er/also"])
    dockerfile = "FROM scratch\nCOPY --from=shared . /app/\n"
    digest = local.build(local.job(dockerfile, contexts={"shared": source})).digest
    names = set(asyncio.run(members(local.registry, digest)))
    assert names == {"app", "app/.dockerignore", "app/deep", "app/deep/kept", "app/deep/er", "app/deep/er/also"}


def test_arguments_labels_target_and_named_images_arrive(local: Local, tree: Path) -> None:
    dockerfile = (
        'FROM base AS first\nARG PATH_LIKE\nARG HTTP_PROXY\nRUN echo "$PATH_LIKE" > /first\n'
        "FROM first AS second\nRUN echo > /second\n"
    )
    job = local.job(
        dockerfile,
        target="first",
        build_args={"PATH_LIKE": "a=b, c;$(d)", "DOCKER_HOST": "tcp://nowhere", "PATH": "/nowhere"},
        labels={"org.example": 'with, "quotes" = and more'},
        named_images={"base": "docker-image://busybox:latest"},
    )
    digest = local.build(job).digest
    assert local.content(digest, "first") == b"a=b, c;$(d)\n"
    assert asyncio.run(configuration(local.registry, digest))["config"]["Labels"] == dict(job.recipe.labels)
    assert "second" not in asyncio.run(members(local.registry, digest))


def test_what_the_environment_holds_does_not_change_the_image(local: Local, tree: Path) -> None:
    proxies = {"httpProxy": "http://me:p4ssword@proxy.example:3128", "noProxy": "localhost"}
    (tree / "config.json").write_text(json.dumps({"proxies": {"default": proxies}}))
    job = local.job("FROM busybox\nARG HTTP_PROXY\nRUN env | tee /env\n")
    executor = local.executor(
        SOURCE_DATE_EPOCH="1", BUILDX_GIT_LABELS="full", BUILDKIT_MULTI_PLATFORM="1", DOCKER_CONFIG=str(tree)
    )
    built = asyncio.run(executor.build(job, local.reporter))
    found = asyncio.run(configuration(local.registry, built.digest))
    assert not found["created"].startswith("1970")
    everything = local.content(built.digest, "env").decode() + json.dumps(found) + Path(built.log_path).read_text()
    assert [text for text in ("proxy.example", "p4ssword") if text in everything] == []
    assert any("proxies of Docker's config.json" in line for line in local.reporter.warnings)


def test_a_cached_build_counts_every_step_as_cached(local: Local, tree: Path) -> None:
    job = local.job("FROM busybox\nRUN echo cached > /x\n", tree)
    local.build(job)
    built = local.build(job)
    assert (built.steps, built.steps_cached) == (2, 2)
