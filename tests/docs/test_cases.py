"""The pairs of ``docs/cases``: static rules say nothing of the good ones, and a known lot of the first ones."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pulumi
import pytest

from bench.cases.pairs import CASES, FLEET, PAIRS, Pair
from fast_container.cli import main
from tests.state.mocked_program import Mocks, run

ALWAYS = {"FI001", "FI004", "FI005", "FI011"}
EXPECTED = {
    "geospatial": {*ALWAYS, "FI002"},
    "machine_learning": {*ALWAYS, "FI008", "FI014"},
    "shop api": {*ALWAYS, "FI014"},
    "shop worker": {*ALWAYS, "FI014"},
    "shop site": {*ALWAYS, "FI014"},
    "five_stages": {*ALWAYS, "FI002", "FI014"},
}


@pytest.fixture(autouse=True)
def private_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path))


def rules(capsysbinary: pytest.CaptureFixture[bytes], context: Path, runs_on: str, *more: str) -> set[str]:
    words = ["lint", "--no-hadolint", "--format", "json", "--fail-on", "never", "--context", str(context)]
    assert main([*words, "--runs-on", runs_on, *more]) == 0
    document = json.loads(capsysbinary.readouterr().out)
    assert document["notes"] == []
    return {one["rule"] for one in document["findings"]}


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_no_rule_fires_on_the_good_ones(pair: Pair, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    place = str(pair.folder / pair.after.dockerfile)
    assert rules(capsysbinary, pair.folder, pair.runs_on, "--dockerfile", place) == set()


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_the_first_ones_have_their_findings(pair: Pair, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    place = str(pair.folder / pair.before.dockerfile)
    assert rules(capsysbinary, pair.folder, pair.runs_on, "--dockerfile", place) == EXPECTED[pair.name]


def test_a_fleet_that_installs_the_same_packages_is_told(
    capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> None:
    context = tmp_path / "fleet"
    for name in ("function.py", "before/requirements.txt"):
        (context / name).parent.mkdir(parents=True, exist_ok=True)
        (context / name).write_bytes((FLEET / name).read_bytes())
    places: list[str] = []
    for number in range(3):
        place = context / f"{number}.Dockerfile"
        place.write_bytes((FLEET / "before" / "Dockerfile").read_bytes())
        places += ["--dockerfile", str(place)]
    assert "FI003" in rules(capsysbinary, context, "lambda", *places)


@pytest.mark.parametrize("name", ["Dockerfile", "base.Dockerfile"])
def test_no_rule_fires_on_the_good_fleet(name: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    place = str(FLEET / "after" / name)
    assert rules(capsysbinary, FLEET, "lambda", "--dockerfile", place, "--build-arg", "BASE_IMAGE=own:1") == set()


class _Registry(Mocks):
    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        name, outputs = super().new_resource(args)
        return name, {**outputs, "repositoryUrl": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/cases/images"}


@pytest.mark.usefixtures("mock_loops")
def test_the_program_declares_every_good_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CASES)

    async def make() -> dict[str, Any]:
        return runpy.run_path("program.py")

    made = run(make, preview=True, mocks=_Registry())
    names = {name.replace("_", " ") for name in made} | {f"shop {name}" for name in made["shop"]}
    assert {pair.name.replace("_", " ") for pair in PAIRS} <= names
