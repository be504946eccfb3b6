"""The first ``up`` of many images that cost nothing to build: what is left is the engine's time, BuildKit's, and ours.

Decides what it is compared with: the same resources with components and records that do nothing (the engine's floor),
and one ``buildx bake`` of all images, which has no engine, checks nothing and records nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import count
from statistics import median

from bench.engine import Stack
from bench.measuring import Series, number
from bench.plain_buildx import PlainBuildx
from bench.processor_seconds import ProcessorSeconds, Seconds
from bench.table import Table, Target
from bench.workplace import Workplace

IMAGES = 20
DOCKERFILE = """\
FROM scratch
ARG NONCE
LABEL nonce=$NONCE
COPY handler.py /app/
CMD ["/app/handler.py"]
"""
_WIDTHS = ("2", "4", "8")


def first_up_cost(workplace: Workplace) -> Table:
    """Wall and processor seconds by process."""
    sides = _sides(workplace)
    rounds = 1 if workplace.is_quick else 5
    found: dict[str, list[Seconds]] = {name: [] for name in sides}
    for turn in range(rounds):
        for name in list(sides) if turn % 2 == 0 else list(reversed(sides)):
            found[name].append(sides[name]())
    ours, floor, bake = found["ours"], found["the engine's floor"], found["bake"]
    over = [(one.wall - least.wall) / baked.wall for one, least, baked in zip(ours, floor, bake, strict=True)]
    each = [
        (one.own - least.program - least.provider) / IMAGES - baked.clients / IMAGES
        for one, least, baked in zip(ours, floor, bake, strict=True)
    ]
    return Table(
        f"first `up` of {IMAGES} images that cost nothing to build",
        [
            f"FROM scratch and one file; a nonce makes each image new; {os.cpu_count()} cores",
            "clients: buildx and the guard of the builds; engine: the CLI and its language host",
            "the engine's floor: a first `up` of the same components and records that do nothing",
            f"bake: one `buildx bake --push` of all {IMAGES}: no engine, no digests, no checks",
            f"{rounds} rounds in turns; wall: median (smallest-largest); processor seconds: medians",
        ],
        ["how", "s", "program", "provider", "clients", "engine"],
        [_row(name, values) for name, values in found.items()],
        [
            Target("what it takes beyond the engine's floor, in times of bake", median(over), "most", 1.5),
            Target("our own processor time an image, beyond the floor and bake", median(each), "most", 0.15, "s"),
        ],
    )


def _sides(workplace: Workplace) -> dict[str, Callable[[], Seconds]]:
    context = workplace.folder / "trivial-context"
    context.mkdir()
    (context / "Dockerfile").write_text(DOCKERFILE)
    (context / "handler.py").write_text("print('hello')\n")
    repository, nonces = workplace.repository("bench/first-up-cost"), count()
    processes = ProcessorSeconds(workplace.folder / "processes")
    buildx = PlainBuildx(workplace, context)
    buildx.build(f"{repository}:warm-up", nonce="warm-up")
    stacks = workplace.folder / "stacks"

    def ours(parallel: str = "") -> Seconds:
        nonce = f"cost-{next(nonces)}"
        configuration = {"images": str(IMAGES), "repository": repository, "context": str(context), "nonce": nonce}
        configuration |= {"runs_on": "anywhere"} | ({"parallel": parallel} if parallel else {})
        stack = Stack(workplace.cloud, stacks / "fleet", "fleet", nonce, configuration, processes.environment)
        return processes.of_up(stack.up)

    def floor() -> Seconds:
        configuration = {"images": str(IMAGES)}
        name = f"floor-{next(nonces)}"
        stack = Stack(workplace.cloud, stacks / "no-op", "no_op", name, configuration, processes.environment)
        return processes.of_up(stack.up)

    def bake() -> Seconds:
        run = next(nonces)
        images = {f"{repository}:bake-{run}-{one}": {"NONCE": f"bake-{run}-{one}"} for one in range(IMAGES)}
        return processes.of_client(lambda: buildx.bake(images))

    widths = {f"ours, max_parallel={width}": (lambda width=width: ours(width)) for width in _WIDTHS}
    return {"ours": ours, "the engine's floor": floor, "bake": bake, **widths}


def _row(name: str, values: list[Seconds]) -> list[str]:
    wall = Series(tuple(one.wall for one in values)).text()
    parts = [median(getattr(one, part) for one in values) for part in ("program", "provider", "clients", "engine")]
    return [name, wall, *(number(part) if part else "-" for part in parts)]
