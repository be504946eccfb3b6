"""Issue: the first ``up`` of a fleet in parallel, against one image at a time and against a plain loop of buildx."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from itertools import count
from pathlib import Path

from bench.engine import BenchFailed, Stack
from bench.measuring import in_turns, number, ratio
from bench.table import Table, Target
from bench.workplace import Workplace

IMAGES = 6
# Work for a processor and a wait for a network, as an installation of packages has both; the nonce makes it new.
DOCKERFILE = """\
FROM public.ecr.aws/lambda/python:3.12
ARG NONCE
RUN python3 -c "import sys; print(sys.version)" && python3 -m compileall -q -f -d /nowhere $(python3 -c \
"import json, os; print(os.path.dirname(json.__file__))") && sleep 1 && echo "$NONCE" > /var/task/nonce
COPY handler.py /var/task/
RUN python3 -m compileall -q /var/task
CMD ["handler.handler"]
"""
HANDLER = 'def handler(event, context):\n    return "hello"\n'


def first_up(workplace: Workplace) -> list[Table]:
    """Wall time of each way to get the same images into the registry."""
    context = workplace.folder / "fleet-context"
    context.mkdir()
    (context / "Dockerfile").write_text(DOCKERFILE)
    (context / "handler.py").write_text(HANDLER)
    nonces = count()
    repository = workplace.repository("bench/first-up")
    loop = PlainBuildx(workplace, context)
    loop.build(f"{repository}:warm-up", nonce="warm-up")

    def ours(parallel: str) -> float:
        nonce = f"{parallel or 'default'}-{next(nonces)}"
        configuration = {
            "images": str(IMAGES),
            "repository": repository,
            "context": str(context),
            "nonce": nonce,
        } | ({"parallel": parallel} if parallel else {})
        stack = Stack(workplace.cloud, workplace.folder / "stacks" / "fleet", "fleet", nonce, configuration)
        return stack.up().wall_s

    def plain() -> float:
        run = next(nonces)
        started = time.perf_counter()
        for image in range(IMAGES):
            loop.build(f"{repository}:loop-{run}-{image}", nonce=f"loop-{run}-{image}")
        return time.perf_counter() - started

    rounds = 1 if workplace.is_quick else 3
    sides = {"parallel": lambda: ours(""), "one": lambda: ours("1"), "six": lambda: ours(str(IMAGES)), "loop": plain}
    found = in_turns(sides, rounds)
    names = {
        "parallel": "ours, max_parallel by default (2 on 2 cores)",
        "six": f"ours, max_parallel={IMAGES}",
        "one": "ours, max_parallel=1",
        "loop": "loop of `buildx build --push`",
    }
    rows = [
        [name, found[side].text(), f"{number(ratio(found[side], found['parallel']))}x"] for side, name in names.items()
    ]
    return [
        Table(
            f"first `up` of {IMAGES} images, each with RUN steps that nothing has cached",
            [
                "ours: `pulumi up` of a new stack: engine, builds, push by digest, checks, tags",
                "loop: one `buildx build --push` after the other, nothing else: no engine, no checks, no digest",
                "same BuildKit, same registry; the base image is there; each build has a nonce of its own",
                f"{rounds} rounds in turns; median (smallest-largest)",
            ],
            ["how", "s", "against ours by default"],
            rows,
            [
                Target(
                    "in parallel is quicker than one at a time", ratio(found["one"], found["parallel"]), "least", 1.0
                ),
                Target(
                    "in parallel is quicker than a plain loop", ratio(found["loop"], found["parallel"]), "least", 1.0
                ),
            ],
        )
    ]


class PlainBuildx:
    """Plain buildx with a login as ``aws ecr get-login-password | docker login`` leaves it."""

    def __init__(self, workplace: Workplace, context: Path) -> None:
        self._context = context
        cloud = workplace.cloud
        environment = cloud.environment()
        config = workplace.folder / f"docker-config-{context.name}"
        shutil.copytree(environment["DOCKER_CONFIG"], config, symlinks=True)
        token = workplace.ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
        assert base64.b64decode(token).startswith(b"AWS:")
        (config / "config.json").write_text(json.dumps({"auths": {cloud.registry_host: {"auth": token}}}))
        self._environment = {**environment, "DOCKER_CONFIG": str(config)}
        self._buildx = shutil.which("buildx", path=environment["PATH"]) or "buildx"
        self._builder = cloud.builder_name

    def build(self, reference: str, dockerfile: str = "Dockerfile", *, nonce: str = "") -> None:
        """Build and push one image."""
        words = [self._buildx, "build", "--builder", self._builder, "--push", "--provenance=false", "--progress=quiet"]
        words += ["--build-arg", f"NONCE={nonce}"] if nonce else []
        words += ["-f", str(self._context / dockerfile), "-t", reference, str(self._context)]
        done = subprocess.run(words, env=self._environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchFailed(f"{' '.join(words)} failed:\n{done.stderr}")
