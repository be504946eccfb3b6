"""Each rule fires on an image that a real BuildKit built, and none on good images, two of the examples among them.

All are built side by side. ``tests/engine/test_ecs_service.py`` checks all services of that stack.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fast_container.checks.image.check import RULES
from fast_container.cli import main
from fast_container.core.dockerfile.read import read_dockerfile
from fast_container.core.oci.configuration import parse_configuration
from fast_container.core.oci.image_base import base_part
from fast_container.core.oci.manifest import parse_manifest
from localcloud import LocalCloud

pytestmark = pytest.mark.buildkit

DOCKERFILE = """\
FROM python:3.12-slim AS service
WORKDIR /app
COPY service/ service/
RUN python3 -m compileall -q --invalidation-mode unchecked-hash /app
USER 10001
CMD ["python3", "-m", "service"]

FROM public.ecr.aws/lambda/python:3.12 AS function
COPY handler.py /var/task/
RUN python3 -m compileall -q --invalidation-mode unchecked-hash /var/task
CMD ["handler.handler"]

FROM busybox AS leftovers
ARG NPM_TOKEN
ENV DB_PASSWORD=hunter2
RUN mkdir -p /usr/bin /var/lib/apt/lists /root/.cache/pip /app /one /two && cd /usr/lib && mkdir -p p/site-packages \\
 && cd p/site-packages && mkdir -p pytest nvidia && echo 1 > pytest/main.py && echo 1 > nvidia/libcublas.so \\
 && echo 1 > /usr/bin/make && echo 1 > /var/lib/apt/lists/deb && echo 1 > /root/.cache/pip/x && echo K=1 > /app/.env \\
 && dd if=/dev/urandom of=/usr/bin/gcc bs=1M count=2 && dd if=/dev/urandom of=/app/model bs=1M count=3 \\
 && for place in /one /two; do mkdir -p $place/a $place/a-1.dist-info && echo > $place/a-1.dist-info/METADATA; done
RUN rm /usr/bin/gcc && npm_token=$NPM_TOKEN true
RUN chmod 600 /app/model

FROM service AS stale
USER 0
RUN mkdir many && for name in 1 2 3 4 5 6 7 8 9 10 11 12; do echo "x = $name" > many/m$name.py; done \\
 && python3 -m compileall -q many && touch -d 2001-01-01 many/*.py

FROM service AS root
USER root
RUN cp /bin/busybox /usr/bin/own && chmod 4755 /usr/bin/own

FROM function AS broken
RUN chmod 600 /var/task/handler.py
CMD ["missing.handler"]
"""
TARGETS = ("service", "function", "leftovers", "stale", "root", "broken")
ROOT = Path(__file__).parents[3]
EXAMPLES = {
    "worker": ("stacks/ecs_service/worker", "stacks/ecs_service/worker/Dockerfile"),
    "labels": ("lambdas", "lambdas/labels/Dockerfile"),
}
"""Name → context and Dockerfile of an example of this repository."""
PLACES = {name: "ecs" for name in ("service", "stale", "root", "worker")}
FIRES = {
    "V01": ("leftovers", ["The image has", "A layer has"]),
    "V02": ("leftovers", ["holds a build program", "deletes a compiler"]),
    "V03": ("leftovers", ["apt's lists", "pip's or uv's cache"]),
    "V04": ("leftovers", ["a package for development"]),
    "V05": ("leftovers", ["chmod or chown copied 3.1 MB", "Later layers replace or delete"]),
    "V06": ("stale", ["12 files of bytecode will not be used"]),
    "V07": ("broken", ["cannot be read by Lambda's user", "handler missing.handler is not"]),
    "V08": ("root", ["runs as root", "A set-user-id program"]),
    "V09": ("leftovers", ["NVIDIA's libraries"]),
    "V10": ("leftovers", ["a file of settings", "The configuration holds a secret", "The history holds a secret"]),
    "V11": ("leftovers", ["/none is required", "/app/* is forbidden", "structure test 'user' fails"]),
    "V12": ("leftovers", ["a is in the image 2 times"]),
}
STRUCTURE = "schemaVersion: 2.0.0\nfileExistenceTests: [{name: user, path: /app/service, uid: 0}]\n"


@dataclass(frozen=True)
class Images:
    """The layouts of the images by target."""

    folder: Path

    def findings(self, target: str, *options: str) -> list[dict[str, Any]]:
        said = self.folder / f"{target}.json"
        command = ["check-image", f"oci-layout://{self.folder / target}", "--runs-on", PLACES.get(target, "lambda")]
        with said.open("w") as out, pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.stdout", out)
            patch.setenv("FAST_CONTAINER_CACHE", str(self.folder / "cache"))
            assert main([*command, "--json", *options]) in (0, 1)
        return json.loads(said.read_text())["findings"]


@pytest.fixture(scope="module")
def images(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Images:
    folder = tmp_path_factory.mktemp("images")
    context = folder / "context"
    (context / "service").mkdir(parents=True)
    (context / "Dockerfile").write_text(DOCKERFILE)
    (context / "service" / "__main__.py").write_text("print('ready')\n")
    (context / "handler.py").write_text("def handler(event, context):\n    return event\n")
    (folder / "structure.yaml").write_text(STRUCTURE)
    own = {name: {"context": str(context), "target": name, "args": {"NPM_TOKEN": "npm-1234"}} for name in TARGETS}
    examples = {
        name: {"context": str(ROOT / context), "dockerfile": str(ROOT / dockerfile)}
        for name, (context, dockerfile) in EXAMPLES.items()
    }
    bake(cloud, folder, own | examples)
    return Images(folder)


def bake(cloud: LocalCloud, folder: Path, targets: Mapping[str, Mapping[str, object]]) -> None:
    """Build images side by side, each into an OCI layout of its name."""
    plan = {
        "group": {"default": {"targets": list(targets)}},
        "target": {
            name: {**target, "output": [f"type=oci,dest={folder / name},tar=false"]} for name, target in targets.items()
        },
    }
    (folder / "bake.json").write_text(json.dumps(plan))
    command = ["buildx", "bake", "--allow=fs=*", "--provenance=false", "-f", str(folder / "bake.json")]
    done = subprocess.run(command, env=cloud.environment(), capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("target", ["service", "function"])
def test_no_rule_fires_on_a_good_image(images: Images, target: str) -> None:
    required = "/app/service" if target == "service" else "/var/task/handler.py"
    budgets = ["--max-size", "100MB", "--max-layer", "90MB"]
    options = [*budgets, "--require", required, "--forbid", "*.log"]
    if target == "service":
        options += ["--structure", str(images.folder / "structure.yaml")]
    assert images.findings(target, *options) == []


@pytest.mark.parametrize("target", TARGETS)
def test_the_history_of_a_real_image_tells_its_base_from_its_own_layers(images: Images, target: str) -> None:
    """The base of each is one layer, a stand-in for one of the outside."""
    reads = read_dockerfile(DOCKERFILE.encode(), file="Dockerfile", target=target)
    blobs = images.folder / target / "blobs" / "sha256"

    def blob(digest: str) -> bytes:
        return (blobs / digest.removeprefix("sha256:")).read_bytes()

    (entry,) = json.loads((images.folder / target / "index.json").read_bytes())["manifests"]
    manifest = parse_manifest(blob(entry["digest"]), entry["mediaType"])
    assert manifest.config is not None
    assert reads.own_steps is not None
    history = parse_configuration(blob(manifest.config.digest)).history
    part = base_part(history, len(manifest.layers), reads.own_steps)
    assert part is not None
    assert part.layers == 1
    assert part.steps == len(history) - len(reads.own_steps)


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_rule_fires_on_an_example_of_this_repository(images: Images, name: str) -> None:
    assert images.findings(name) == []


def test_every_rule_has_an_image_that_it_fires_on() -> None:
    assert set(FIRES) == set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_fires_on_a_real_image(images: Images, rule: str) -> None:
    target, said = FIRES[rule]
    options = ["--max-size", "1MB", "--max-layer", "1MB", "--require", "/none", "--forbid", "/app/*"]
    options += ["--structure", str(images.folder / "structure.yaml")]
    found = [one for one in images.findings(target, *options) if one["rule"] == rule]
    whats = [one["what"] for one in found]
    for expected in said:
        assert any(expected in what for what in whats), whats
    assert not any(one["cannot_be_checked"] for one in found)
