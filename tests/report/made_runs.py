"""Runs made by hand, as many as a fleet has: builds on a few places, some of which wait."""

from __future__ import annotations

import heapq
import random

from fast_container.core.records.origin import Origin
from fast_container.core.records.phases import PhaseSeconds
from fast_container.core.records.record import BuildRecord
from fast_container.core.records.steps import StepRun
from fast_container.report.runs import Run, runs_of

DAY_S = 86_400.0
FIRST_S = 1_795_000_000.0


def made_runs(images: int, runs: int, *, places: int = 8, seed: int = 1) -> list[Run]:
    """Runs of a fleet; in each a part of the images is built, and the first one grows."""
    rng = random.Random(seed)
    sizes = [rng.randrange(20, 400) * 1_000_000 for _ in range(images)]
    return runs_of(record for at in range(runs) for record in _records(rng, at, sizes, places, is_last=at == runs - 1))


def _records(rng: random.Random, at: int, sizes: list[int], places: int, *, is_last: bool) -> list[BuildRecord]:
    began = FIRST_S + at * DAY_S
    free = [0.0] * places
    found: list[BuildRecord] = []
    origin = Origin(run=f"run-{at}", stack="shop/prod", branch="main", commit=f"{at:040x}", dirty="no")
    for number, size in enumerate(sizes):
        record = BuildRecord(f"image-{number}", "host/shop", "0" * 64, "sha256:0", "unchanged", began, 0.0)
        changes = {"origin": origin, "image_bytes": size + (at * 9_000_000 if number == 0 else 0)}
        if number == 0 or is_last or rng.random() < 0.2:
            place = heapq.heappop(free)
            spent = rng.uniform(3, 60)
            heapq.heappush(free, place + spent)
            changes |= _built(spent, place)
        found.append(BuildRecord(**{**{f: getattr(record, f) for f in record.__slots__}, **changes}))
    return found


def _built(spent: float, waited: float) -> dict[str, object]:
    return {
        "outcome": "built",
        "duration_s": spent,
        "waited_s": waited,
        "steps": 5,
        "steps_cached": 3,
        "pushed_bytes": 4_000_000,
        "executor": "local",
        "reason": "app/main.py changed",
        "phases": PhaseSeconds(waiting=waited, staging=spent * 0.05, building=spent * 0.7, pushing=spent * 0.2),
        "timeline": (
            StepRun("", 1, 4, "FROM python:3.12-slim", 0.0, 0.1, cached=True),
            StepRun("", 2, 4, "RUN pip install --no-cache-dir -r requirements.txt", 0.2, spent * 0.5),
            StepRun("", 3, 4, "COPY app /app", spent * 0.6, 0.3),
        ),
    }
