"""No rule fires on the example images, and none of the repository's Dockerfiles is too much for the rules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fast_container.cli import main

ROOT = Path(__file__).parents[3]
LAMBDAS = sorted(ROOT.glob("lambdas/*/Dockerfile"))
STACKS = sorted(ROOT.glob("stacks/**/Dockerfile"))


def findings(capsysbinary: pytest.CaptureFixture[bytes], *arguments: str) -> list[str]:
    assert (
        main(
            [
                "lint",
                "--no-hadolint",
                "--format",
                "json",
                "--fail-on",
                "never",
                "--build-arg",
                "BASE_IMAGE=own:1",
                *arguments,
            ]
        )
        == 0
    )
    document = json.loads(capsysbinary.readouterr().out)
    assert document["notes"] == []
    return [f"{one['file']}:{one['line']} {one['rule']} {one['what']}" for one in document["findings"]]


def test_no_rule_fires_on_the_lambda_images(
    capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path))
    monkeypatch.chdir(ROOT)
    given = [word for place in LAMBDAS for word in ("--dockerfile", str(place))]
    assert len(LAMBDAS) > 3
    assert findings(capsysbinary, "--context", "lambdas", "--runs-on", "lambda", *given) == []


@pytest.mark.parametrize("place", STACKS, ids=lambda place: place.parent.name)
def test_no_rule_fires_on_the_images_of_the_stacks(
    place: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path))
    monkeypatch.chdir(ROOT)
    runs_on = "ecs" if "ecs_service" in place.parts else "lambda"
    assert findings(capsysbinary, "--context", str(place.parent), "--runs-on", runs_on) == []


@pytest.mark.parametrize("runs_on", ["lambda", "ecs", "anywhere"])
@pytest.mark.parametrize(
    "place",
    sorted([*ROOT.glob("tests/**/Dockerfile"), *ROOT.glob("components/**/Dockerfile")]),
    ids=lambda place: place.parent.name,
)
def test_every_dockerfile_of_the_repository_is_linted(
    place: Path,
    runs_on: str,
    capsysbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path))
    code = main(
        ["lint", "--format", "json", "--fail-on", "never", "--context", str(place.parent), "--runs-on", runs_on]
    )
    captured = capsysbinary.readouterr()
    assert code in (0, 2)
    assert b"not foreseen" not in captured.err
