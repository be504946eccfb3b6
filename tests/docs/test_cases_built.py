"""One pair of ``docs/cases``, really built: the good image has no finding, the first one has those that it is told for.

The front end, since it is the smallest; the others are built by ``python -m bench cases``. In place of Docker's full
Python image stands the slim one, which every local cloud serves.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bench.cases.findings import checks_passed
from bench.cases.pairs import PAIRS
from fast_container.cli import main
from localcloud import LocalCloud

(SITE,) = (pair for pair in PAIRS if pair.name == "shop site")


@pytest.mark.buildkit
def test_the_front_end_before_and_after(
    cloud: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    for name, value in {**cloud.environment(), "FAST_CONTAINER_CACHE": str(tmp_path / "cache")}.items():
        monkeypatch.setenv(name, value)
    context = shutil.copytree(SITE.folder, tmp_path / "shop")
    (context / ".git").mkdir()
    (context / ".git" / "config").write_text("[core]\n")

    def built(side: str) -> dict[str, Any]:
        reference = f"{cloud.mirror_host}/cases/site-{side}:v1"
        words = ["buildx", "build", "--push", "--provenance=false", "--quiet", "--tag", reference]
        words += ["--build-context", "python:3.12=docker-image://docker.io/library/python:3.12-slim"]
        words += ["--file", str(context / SITE.side(side).dockerfile), str(context)]
        subprocess.run(words, env=cloud.environment(), check=True, capture_output=True)
        main(["check-image", reference, "--runs-on", SITE.runs_on, "--max-size", SITE.max_size, "--json"])
        return json.loads(capsysbinary.readouterr().out)

    before, after = built("before"), built("after")
    assert after["findings"] == []
    assert checks_passed(after["findings"]) == 12
    assert {"V04", "V08", "V10"} <= {one["rule"] for one in before["findings"]}
    assert after["unpacked_bytes"] < before["unpacked_bytes"] / 4
