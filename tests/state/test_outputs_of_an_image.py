"""``architecture``, ``health_check`` and ``snapstart``: known before anything is built."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PROGRAM = """
import json
from fast_container import BaseImage, FastContainerImage, InlineDockerfile
from tests.state.mocked_program import run

URL = "r.example/shop/images"
CHECKED = "FROM scratch\\nCOPY app /\\nHEALTHCHECK --interval=10s CMD curl localhost\\n"
found = {}

async def program():
    arm = {"platform": "linux/arm64"}
    base = BaseImage("base", repository="r.example/shop/bases", dockerfile=InlineDockerfile(CHECKED), **arm)
    on_base = "ARG BASE\\nFROM ${BASE}\\nCOPY app /b\\n"
    images = {
        "own": FastContainerImage("own", repository=URL, dockerfile=InlineDockerfile(CHECKED)),
        "none": FastContainerImage("none", repository=URL, dockerfile=InlineDockerfile("FROM scratch\\nCOPY app /\\n")),
        "inherited": FastContainerImage(
            "inherited", repository=URL, dockerfile=InlineDockerfile(on_base), base_images={"BASE": base}, **arm
        ),
        "quick": FastContainerImage(
            "quick", repository=URL, dockerfile=InlineDockerfile(CHECKED), runs_on="lambda", snapstart=True
        ),
        "alone": FastContainerImage(
            "alone", repository=URL, dockerfile=InlineDockerfile(CHECKED), platforms=["linux/aarch64"]
        ),
    }
    found["by platform"] = [[*image.by_platform] for image in (images["alone"], images["own"])]
    assert images["alone"].by_platform["linux/arm64"] is images["alone"]
    for name, image in images.items():
        found[name] = [image.architecture, await image.health_check.future(), await image.planned_key.future()]

run(program, preview=True)
print(json.dumps(found))
"""
ROOT = Path(__file__).parents[2]


def test_outputs_are_known_in_preview(tmp_path: Path) -> None:
    """In a process of its own: Pulumi's mocks are global."""
    (tmp_path / "app").write_text("1")
    path = os.pathsep.join([str(ROOT / "components"), str(ROOT)])
    environment = {**os.environ, "FAST_CONTAINER_CACHE": str(tmp_path / "cache"), "PYTHONPATH": path}
    run = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert found["own"][0] == "x86_64"
    assert found["inherited"][0] == "arm64"
    assert found["own"][1]["command"] == ["CMD-SHELL", "curl localhost"]
    assert found["own"][1]["interval"] == 10
    assert found["inherited"][1] == found["own"][1]
    assert found["none"][1] is None
    # Also of one platform, where it is the component itself.
    assert found["by platform"] == [["linux/arm64"], []]
    # The label is content: it counts in the key.
    assert found["quick"][2] != found["own"][2]
