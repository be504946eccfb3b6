"""The plan of a remote build says all that the build needs, and no secret."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fast_container.core.image_checks import CheckSettings
from fast_container.core.key import entries_digest
from fast_container.core.oci.image_base import ImageBase
from fast_container.core.ports import SecretReference
from fast_container.core.recipe import Recipe
from fast_container.core.records.record import BuildRecord
from fast_container.core.remote.plan import (
    RemotePlan,
    planned_contexts,
    read_plan,
    read_plans,
    secret_variable,
    write_plan,
    write_plans,
)
from fast_container.core.staging.chunks import cut
from fast_container.errors import ContextError, FastContainerError, SourceUploadError
from tests.build.fakes import make_job
from tests.core.staging.test_stage import source
from tests.trees import write_tree

DOCKERFILE = {"Dockerfile": "FROM scratch\nCOPY . .\n"}


def full_plan(root: Path) -> RemotePlan:
    trees = {"context": {**DOCKERFILE, "a/b/c": "1"}, "docs": DOCKERFILE}
    contexts = {name: source(write_tree(root / name, tree)) for name, tree in trees.items()}
    job = make_job(
        dockerfile=b"FROM scratch\n# \xff\n",
        contexts=contexts,
        named_images={"base": "docker-image://r/x@sha256:1"},
        runs_on="lambda",
        timeout_s=77.0,
        source_policy="{}",
        cache_from=("type=registry,ref=r/cache:x",),
        cache_to=("type=registry,ref=r/cache:y",),
        recipe=Recipe(
            target="final",
            platform="linux/arm64",
            build_args={"A": "1"},
            labels={"l": "é"},
            network="host",
            add_hosts=("db:10.0.0.5", "db:::1"),
            shm_size=1024,
            ulimits=("core=0:0", "nofile=1:2"),
        ),
        checks=CheckSettings(max_size_bytes=1, rules={"V02": "error"}, required=("/app",), structure="{}"),
        before_bytes=7,
        base=ImageBase("deps", ("RUN", "CMD"), ("V02",)),
        leaves_record=BuildRecord("api", "h/n", "0" * 64, "", "built", 1.0, 0.0, reason="first build"),
        secrets={"direct": b"v4lue-of-the-secret"},
        secret_references={"token": SecretReference("SECRETS_MANAGER", "shop/token")},
    )
    chunks = {name: cut(context) for name, context in contexts.items()}
    return RemotePlan(
        job=job,
        contexts=planned_contexts(contexts, chunks),
        secret_variables={"token": secret_variable(0)},
        bucket="sources",
        parts_prefix="p/chunks",
        buildkit_image="mirror/buildkit:1",
        program="0" * 64,
        program_key="p/programs/0.pyz",
    )


def test_a_plan_read_back_is_the_plan_that_was_written(tmp_path: Path) -> None:
    plan = full_plan(tmp_path)
    found = read_plan(write_plan(plan))
    # Contexts travel as chunks, secrets not at all, and the key's chunks are for explaining only.
    expected = replace(plan.job, contexts={}, secrets={}, secret_references={}, key=replace(plan.job.key, parts={}))
    assert replace(found, job=replace(found.job, key=replace(found.job.key, parts={}))) == replace(plan, job=expected)
    assert found.contexts["context"].context_digest == entries_digest(plan.job.contexts["context"].entries)


def test_a_plan_has_the_same_bytes_every_time_and_no_path_of_this_machine(tmp_path: Path) -> None:
    one, two = write_plan(full_plan(tmp_path / "one")), write_plan(full_plan(tmp_path / "two"))
    assert one == two
    assert str(tmp_path).encode() not in one


def test_no_secret_is_in_a_plan(tmp_path: Path) -> None:
    written = write_plan(full_plan(tmp_path))
    assert b"v4lue" not in written
    assert b"shop/token" not in written
    assert json.loads(written)["secret_variables"] == {"token": "FAST_CONTAINER_SECRET_0"}


@pytest.mark.parametrize("prefix", ["..", "a/../..", "/etc", "a//b", "./a"])
def test_a_plan_that_leads_out_of_its_context_is_refused(tmp_path: Path, prefix: str) -> None:
    document: dict[str, Any] = json.loads(write_plan(full_plan(tmp_path)))
    document["contexts"]["context"]["parts"][0]["prefix"] = prefix
    with pytest.raises(ContextError, match="a path outside of its context"):
        read_plan(json.dumps(document).encode())


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"version": 2}', b'{"version": 1}', b'{"version": 1, "name": 3}'])
def test_a_damaged_plan_is_one_clear_error(data: bytes) -> None:
    with pytest.raises(FastContainerError) as caught:
        read_plan(data)
    assert isinstance(caught.value, SourceUploadError)


def test_a_plan_of_another_version_says_so(tmp_path: Path) -> None:
    document = json.loads(write_plan(full_plan(tmp_path))) | {"version": 99}
    with pytest.raises(SourceUploadError, match="version 99"):
        read_plan(json.dumps(document).encode())


def several(folder: Path, count: int = 2) -> list[RemotePlan]:
    plans = [full_plan(folder / str(number)) for number in range(count)]
    return [replace(plan, secret_variables={}, job=replace(plan.job, recipe=Recipe())) for plan in plans]


def test_one_plan_alone_is_written_as_a_program_that_builds_one_image_reads_it(tmp_path: Path) -> None:
    plan = full_plan(tmp_path)
    assert write_plans([plan]) == write_plan(plan)
    assert [one.job.key for one in read_plans(write_plan(plan))] == [plan.job.key]


def test_several_plans_are_refused_by_a_program_that_builds_one_image_and_read_by_this_one(tmp_path: Path) -> None:
    plans = several(tmp_path, 3)
    data = write_plans(plans)
    with pytest.raises(SourceUploadError, match="plan has version 2"):
        read_plan(data)
    assert [write_plan(plan) for plan in read_plans(data)] == [write_plan(plan) for plan in plans]


def test_the_launcher_finds_in_several_plans_what_it_needs(tmp_path: Path) -> None:
    one, both = full_plan(tmp_path / "alone"), json.loads(write_plans(several(tmp_path)))
    alone = json.loads(write_plan(one))
    for name in ("bucket", "bucket_owner", "program", "program_key"):
        assert both[name] == alone[name]


def test_an_image_that_must_be_built_alone_is_refused_beside_others(tmp_path: Path) -> None:
    for change in (
        {"secret_variables": {"token": "FAST_CONTAINER_SECRET_0"}},
        {"job": replace(full_plan(tmp_path / "host").job, recipe=Recipe(network="host"))},
    ):
        first, second = several(tmp_path / next(iter(change)))
        with pytest.raises(SourceUploadError, match="must be built alone"):
            read_plans(write_plans([first, replace(second, **change)]))


@pytest.mark.parametrize("plans", [[], [{}], "text", None, [1, 2]])
def test_damaged_plans_of_several_images_are_one_error(plans: object) -> None:
    with pytest.raises(SourceUploadError, match="cannot be read"):
        read_plans(json.dumps({"version": 2, "plans": plans}).encode())
