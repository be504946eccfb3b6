"""``fast-container coldstart`` on a real BuildKit: functions, services and modules, and starts that fail."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fast_container.cli import main
from localcloud import LocalCloud
from tests.trees import write_tree

HANDLER = "import shop_a, shop_b\n\n\ndef handler(event, context):\n    return 1\n"
FUNCTION = "FROM public.ecr.aws/lambda/python:3.12\nCOPY . /var/task/\nRUN {step}\nCMD {command}\n"
COMPILED = "python3 -m compileall -q --invalidation-mode unchecked-hash /var/task"
FILES = {"handler.py": HANDLER, "shop_a.py": "A = 1\n", "shop_b.py": "import shop_a\n", "data.bin": "x" * 500_000}

Build = Callable[[str], str]


@pytest.fixture(scope="module")
def built() -> dict[str, str]:
    """Dockerfile → reference of what is built of it, with ``FILES``."""
    return {}


@pytest.fixture
def build(cloud: LocalCloud, built: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """Build a Dockerfile and push it, unless a test has; return the reference."""
    for name, value in {**cloud.environment(), "FAST_CONTAINER_CACHE": str(tmp_path / "cache")}.items():
        monkeypatch.setenv(name, value)

    def make(dockerfile: str) -> str:
        if dockerfile not in built:
            context = tmp_path / "context"
            write_tree(context, {**FILES, "Dockerfile": dockerfile})
            reference = f"{cloud.mirror_host}/coldstart/image-{len(built)}:v1"
            words = ["buildx", "build", "--push", "--provenance=false", "--quiet", "-t", reference, str(context)]
            subprocess.run(words, env={**os.environ}, check=True, capture_output=True)
            built[dockerfile] = reference
        return built[dockerfile]

    return make


@pytest.mark.buildkit
def test_two_functions_are_compared(build: Build, capsys: pytest.CaptureFixture[str]) -> None:
    before = build(FUNCTION.format(step="true", command='["handler.handler"]'))
    after = build(FUNCTION.format(step=COMPILED, command='["handler.handler"]'))
    assert main(["coldstart", after, "--against", before, "--runs", "1", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    first, second = said["images"]
    assert [first["image"].partition("@")[0], second["image"].partition("@")[0]] == [
        before.removesuffix(":v1"),
        after.removesuffix(":v1"),
    ]
    own = {f"/var/task/{name}.py" for name in ("handler", "shop_a", "shop_b")}
    assert own <= set(first["compiled"])
    assert not own & set(second["compiled"])
    assert second["bytecode_hits"] >= first["bytecode_hits"] + 3
    for image in said["images"]:
        assert image["kind"] == "lambda"
        assert 0 < image["start_s"]["median"] < 20
        assert {"shop_a", "shop_b", "awslambdaric"} <= set(image["import_s_by_package"])
        # The 500 kB of data are shipped and not touched.
        assert 1_000_000 < image["touched_bytes"] < image["shipped_bytes"] - 500_000
        assert 0 < image["mapped_resident_bytes"] <= image["mapped_bytes"]
        assert 5_000_000 < image["peak_bytes"]["median"] < 200_000_000


@pytest.mark.buildkit
def test_a_service_without_python_and_a_module(build: Build, capsys: pytest.CaptureFixture[str]) -> None:
    site = 'FROM busybox:1\nCOPY . /srv/\nUSER 10001\nCMD ["httpd", "-f", "-p", "8080", "-h", "/srv"]\n'
    assert main(["coldstart", build(site), "--runs", "1"]) == 0
    said = capsys.readouterr().out
    assert "in 1 run, until it listens on a port" in said
    assert "no Python was at work" in said
    function = build(FUNCTION.format(step="true", command='["handler.handler"]'))
    assert main(["coldstart", function, "--runs", "1", "--module", "shop_b", "--json"]) == 0
    (image,) = json.loads(capsys.readouterr().out)["images"]
    assert image["kind"] == "module"
    assert {"shop_a", "shop_b"} <= set(image["import_s_by_package"])
    assert "handler" not in image["import_s_by_package"]


@pytest.mark.buildkit
@pytest.mark.parametrize(
    ("command", "more", "said"),
    [
        ('["no_such.handler"]', [], "The function reported an error of its initialisation."),
        ('["handler.handler"]', ["--runs-on", "ecs"], "The program ended before it had started (exit code"),
        (
            '["handler.handler"]',
            ["--module", "time", "--builder", "none-such"],
            "The buildx builder none-such cannot be",
        ),
        ('["handler.handler"]', ["--platform", "linux/arm64"], "The image is for linux/amd64, not for linux/arm64."),
    ],
)
def test_a_start_that_fails_is_one_message(
    build: Build, capsys: pytest.CaptureFixture[str], command: str, more: list[str], said: str
) -> None:
    reference = build(FUNCTION.format(step="true", command=command))
    assert main(["coldstart", reference, *more]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"fast-container: {said}")
    assert "Traceback" not in error.partition("why:")[0]


@pytest.mark.buildkit
def test_a_program_that_never_starts_is_ended_when_its_time_is_over(
    build: Build, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = build('FROM busybox:1\nCMD ["sleep", "60"]\n')
    assert main(["coldstart", reference, "--timeout", "0.5"]) == 2
    assert "had not started when its time was over" in capsys.readouterr().err
    assert main(["coldstart", reference, "--module", "shop"]) == 2
    assert "the image has no Python" in capsys.readouterr().err


@pytest.mark.parametrize(
    "more",
    [["--runs", "0"], ["--runs", "1000"], ["--timeout", "0"], ["--env", "A"], ["--env", "=1"], ["--platform", "x"]],
)
def test_bad_input(more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["coldstart", "127.0.0.1:1/a:v1", *more]) == 2
    assert more[0] in capsys.readouterr().err
