"""``fast-container promote``: what is copied, what is left alone, and what a run that was killed leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fast_container.cli import main
from tests.adapters.http_registry import HttpRegistry, http_registry
from tests.cli.test_image import push
from tests.cli.test_plan import PLAN, TREE, write_plan
from tests.layer_images import file
from tests.trees import write_tree

TAG, OTHER = (f"key-{digit * 40}" for digit in "ab")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def target() -> Iterator[HttpRegistry]:
    with http_registry() as running:
        yield running


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["promote", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def shown(said: str) -> dict[str, Any]:
    return {one["name"]: one for one in json.loads(said)["images"]}


def test_an_image_arrives_by_digest_its_tag_last_and_the_second_run_sends_nothing(
    registry: HttpRegistry, target: HttpRegistry, run: Run
) -> None:
    reference = push(registry, TAG, [file("app", 5000)])
    code, said, _ = run(reference, "--to", target.host)
    assert (code, target.tags) == (0, registry.tags)
    assert f"\t{target.url}\tcopied, " in said
    assert "1 image: 1 copied" in said
    puts = target.paths("PUT")
    assert puts[-1].endswith(f"/manifests/{TAG}")
    assert "/manifests/sha256:" in puts[-2]
    before = len(target.paths("PUT")) + len(target.paths("POST"))
    code, said, _ = run(reference, "--to", target.url, "--json")
    assert (code, shown(said)[reference]["outcome"]) == (0, "there")
    assert len(target.paths("PUT")) + len(target.paths("POST")) == before


def test_a_dry_run_looks_and_changes_nothing(registry: HttpRegistry, target: HttpRegistry, run: Run) -> None:
    code, said, _ = run(push(registry, TAG, [file("app", 5)]), "--to", target.host, "--dry-run", "--json")
    document = json.loads(said)
    assert (code, document["dry_run"]) == (0, True)
    assert [one["outcome"] for one in document["images"]] == ["would_copy"]
    assert target.paths("PUT") == target.paths("POST") == []


def test_one_failure_does_not_stop_the_others(registry: HttpRegistry, target: HttpRegistry, run: Run) -> None:
    good, absent = push(registry, TAG, [file("app", 5)]), f"{registry.url}:{OTHER}"
    code, said, told = run(absent, good, "--to", target.host)
    assert code == 1
    assert list(target.tags) == [TAG]
    assert "2 images: 1 copied, 1 failed" in said
    assert f"{absent}: The image is not in the source's repository." in told
    assert "Traceback" not in told


def test_a_tag_that_names_another_image_there_is_left_as_it_is(
    registry: HttpRegistry, target: HttpRegistry, run: Run
) -> None:
    reference = push(registry, TAG, [file("app", 5)])
    push(target, TAG, [file("app", 6)])
    held = dict(target.tags)
    code, _, told = run(reference, "--to", target.host)
    assert (code, target.tags) == (1, held)
    assert "names another image in the target's repository" in told
    assert registry.tags[TAG] in told
    assert held[TAG] in told


def test_what_arrived_damaged_gets_no_tag(registry: HttpRegistry, target: HttpRegistry, run: Run) -> None:
    """The target's blobs are read back: a registry that answers with others is found out."""
    reference = push(registry, TAG, [file("app", 5)])
    manifest = json.loads(registry.manifests[registry.tags[TAG]][1])
    target.blobs[manifest["config"]["digest"]] = b"{}" + b" " * (manifest["config"]["size"] - 2)
    code, _, told = run(reference, "--to", target.host)
    assert (code, target.tags) == (1, {})
    assert "a blob that does not fit its digest" in told


def test_images_of_a_plan_go_with_their_bases_where_asked(
    registry: HttpRegistry, target: HttpRegistry, run: Run, tmp_path: Path
) -> None:
    write_tree(tmp_path, TREE)
    keys = write_plan(tmp_path, url=registry.url)
    plan = tmp_path / PLAN
    plan.write_text(plan.read_text().replace("registry.example/shop/bases", f"{registry.host}/shop/bases"))
    plan.write_text(plan.read_text().replace('"lambda"', '"anywhere"'))
    for number, key in enumerate(keys.values()):
        push(registry, f"key-{key[:40]}", [file("app", number + 1)])
    registry.repositories.add("shop/bases")
    target.repositories.add("shop/bases")
    asked = ["--plan", str(plan), "--image", "api", "--to", target.host, "--json"]
    assert shown(run(*asked)[1]).keys() == {"api"}
    code, said, _ = run(*asked, "--bases")
    found = shown(said)
    assert code == 0
    assert {name: one["outcome"] for name, one in found.items()} == {"deps": "copied", "api": "there"}
    assert found["deps"]["target"] == f"{target.host}/shop/bases"
    assert run("--plan", str(plan), "--image", "none", "--to", target.host)[0] == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--to", "nowhere", "{ref}"], "where: --to"),
        (["--to", "host.example/UPPER", "{ref}"], "neither a registry nor a repository"),
        (["--to", "{host}", "{ref}"], "that is where it would be copied from"),
        (["--to", "host.example", "{host}/shop/images:latest"], "names no build key"),
        (["--to", "host.example", "::"], "where: REF"),
        (["--to", "host.example"], "where: --plan"),
    ],
)
def test_nonsense_is_one_message_that_names_the_flag(
    registry: HttpRegistry, run: Run, arguments: list[str], said: str
) -> None:
    reference = f"{registry.url}:{TAG}"
    code, _, told = run(*(one.format(ref=reference, host=registry.host) for one in arguments))
    assert code == 2
    assert said in told
    assert registry.requests == []


def test_a_run_that_was_killed_leaves_no_tag_and_the_next_one_goes_on(
    registry: HttpRegistry, target: HttpRegistry, run: Run
) -> None:
    reference = push(registry, TAG, [file("one", 50)], [file("two", 60)], [file("three", 70)], [file("four", 80)])
    command = [sys.executable, "-m", "fast_container.cli", "promote", reference, "--to", target.host]
    environment = {**os.environ, "AWS_EC2_METADATA_DISABLED": "true"}
    target.gate = threading.Event()
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        # Killed in the middle: the blobs have arrived, and the manifest is on its way.
        while not any("/manifests/" in path for path in target.paths("PUT")):
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    target.gate.set()
    assert (process.returncode, target.tags) == (-signal.SIGKILL, {})
    sent = len(target.paths("POST"))
    assert sent == len(registry.blobs)
    assert run(reference, "--to", target.host)[0] == 0
    assert (target.tags, len(target.paths("POST"))) == (registry.tags, sent)
