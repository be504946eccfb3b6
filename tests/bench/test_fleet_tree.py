"""The fleet's bench measures what it says: what an edit changes, and what is counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.build_facts import Work, executed_steps, received_bytes
from bench.fleet_tree import BUILD_BACKEND, LAMBDAS, PACKAGES, FleetTree
from fast_container.python_base.dependencies import declared_dependencies
from tests.python_base.written import requirements_text


@pytest.fixture
def tree(tmp_path: Path) -> FleetTree:
    return FleetTree(tmp_path, 3, "one")


def _declared(tree: FleetTree) -> str:
    packages = [f"packages/{package}" for package in PACKAGES]
    return requirements_text(declared_dependencies(packages, root=str(tree.root)))


def test_only_the_dependency_edit_changes_what_the_base_image_installs(tree: FleetTree) -> None:
    before = _declared(tree)
    tree.edit_package()
    tree.edit_handler()
    assert _declared(tree) == before
    tree.edit_dependency()
    assert _declared(tree).splitlines() == sorted([*before.splitlines(), "segno==1.6.6"])


def test_no_step_of_a_naive_image_can_be_found_in_the_cache_of_another(tree: FleetTree) -> None:
    second_lines = [
        (tree.root / "functions" / name / "Dockerfile.naive").read_text().splitlines()[1] for name in tree.names
    ]
    assert len(set(second_lines)) == len(tree.names)


def test_two_trees_share_no_package(tmp_path: Path) -> None:
    trees = [FleetTree(tmp_path / nonce, 1, nonce) for nonce in ("one", "two")]
    one, two = ((tree.root / "packages/shop_core/shop_core/__init__.py").read_text() for tree in trees)
    assert one != two


def test_the_build_backend_is_the_one_that_is_pinned() -> None:
    pinned = (LAMBDAS / "packages" / "build-requirements.txt").read_text()
    assert BUILD_BACKEND.replace("_", "-") in pinned


def test_bytes_received_are_the_last_count_of_each_transfer() -> None:
    def line(vertex: str, name: str, current: int) -> str:
        return json.dumps({"statuses": [{"vertex": vertex, "id": name, "current": current}]})

    log = [
        line("a", "transferring context:", 100),
        line("a", "transferring context:", 4_000),
        line("b", "transferring dockerfile: 300B done", 300),
        line("c", "sha256:abc", 9_000_000),
        "not json",
        json.dumps({"vertexes": []}),
    ]
    assert received_bytes("\n".join(log)) == 4_300


def test_work_of_some_images_is_scaled_to_the_fleet() -> None:
    assert Work(2, 6, 10, 1_000).times(4.0) == Work(8, 24, 40, 4_000)


def test_steps_are_executed_when_they_end_and_were_not_cached() -> None:
    def line(digest: str, name: str, **facts: object) -> str:
        return json.dumps({"vertexes": [{"digest": digest, "name": name, **facts}]})

    log = [
        line("a", "[1/3] FROM docker.io/library/python", completed="now"),
        line("b", "[2/3] RUN pip install", started="now"),
        line("b", "[2/3] RUN pip install", started="now", completed="now"),
        line("c", "[wheels 1/1] COPY . /src", completed="now"),
        line("d", "[3/3] COPY handler.py .", completed="now", cached=True),
        line("e", "[internal] load build definition from Dockerfile", completed="now"),
        line("f", "[2/2] RUN never ends", started="now"),
    ]
    assert executed_steps("\n".join(log)) == 2
