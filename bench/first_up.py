"""Issue: the first ``up`` of a fleet in parallel, against one image at a time and against a plain loop of buildx."""

from __future__ import annotations

import time
from itertools import count

from bench.engine import Stack
from bench.first_up_cost import first_up_cost
from bench.measuring import in_turns, number, ratio
from bench.plain_buildx import PlainBuildx
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
        "parallel": "ours, max_parallel by default (4 on 2 cores)",
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
                    "in parallel is quicker than a plain loop", ratio(found["loop"], found["parallel"]), "least", 1.5
                ),
            ],
        ),
        first_up_cost(workplace),
    ]
