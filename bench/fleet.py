"""Issue: a whole fleet over shared packages: naive one after the other, naive in parallel, and ours with base images.

Decides the ratios and how they are shown. Ours is a real ``pulumi up``: engine, base images, builds, push by digest,
checks, tags. Naive is ``buildx build --push`` of every image, with nothing else. Leaves what each side does in which
step to ``bench.fleet_sides``, the tree to ``bench.fleet_tree`` and the counts to ``bench.build_facts``.
"""

from __future__ import annotations

from dataclasses import replace

from bench.fleet_sides import IMAGES, STEPS, Side, Step, measure_naive, measure_ours, warm_pip_cache
from bench.fleet_tree import PACKAGES
from bench.measuring import number
from bench.table import Table, Target
from bench.workplace import Workplace

_MB = 1e6
_SLOW = "naive, one by one"


def fleet(workplace: Workplace) -> list[Table]:
    """One row for each step and side."""
    images, weight = (2, "20 MB (quick)") if workplace.is_quick else (IMAGES, "180 MB")
    warm_pip_cache(workplace)
    ours, decision_s, decided = measure_ours(workplace, images)
    sides = {
        _SLOW: measure_naive(workplace, images, "sequential", at_once=1),
        "naive, parallel": measure_naive(workplace, images, "parallel", at_once=images),
        "ours, pulumi up": ours,
    }
    rows = [_row(step, name, sides) for step in STEPS for name in sides]
    skip = {"unchanged": replace(ours["unchanged"], wall_s=decision_s)}
    rows.append(_row(STEPS[-1], "ours, the decision", {**sides, "ours, the decision": skip}))
    shared = sides[_SLOW]["shared-package edit"].wall_s / ours["shared-package edit"].wall_s
    unchanged = sides[_SLOW]["unchanged"].wall_s
    return [
        Table(
            f"a fleet of {images} images over {len(PACKAGES)} shared packages, {weight} of installed wheels",
            [
                "naive: `buildx build --push` of each image from the whole context, into a repository of its own;",
                "packages and dependencies in one step, as in the replaced system, and no installation is shared",
                "between images, since there each was built by a machine of its own; no engine, no checks",
                f"ours: `pulumi up` (engine, two base images, {images} functions, checks, tags); decision: the keys of",
                f"all {decided} images computed and compared in a new process: an unchanged up without the engine",
                "all sides: one BuildKit that keeps its layers from step to step, and a warm pip cache in a cache",
                "mount; which favours naive, since a machine for each build keeps neither. One round.",
                "steps: what BuildKit executed; pushed: blobs new in the registry; uploaded: bytes of context that",
                "BuildKit received; *: one image, scaled (in parallel: as the shared-package edit)",
            ],
            ["step; side", "s", "naive / it", "builds", "steps", "pushed MB", "uploaded kB"],
            rows,
            # A quick run has neither the weight nor the number of images that the claims are about.
            []
            if workplace.is_quick
            else [
                Target("shared-package edit against naive one by one", shared, "least", 8.0),
                Target("unchanged: naive one by one against our decision", unchanged / decision_s, "least", 100.0),
            ],
        )
    ]


def _row(step: Step, name: str, sides: dict[str, Side]) -> list[str]:
    found, slow = sides[name][step.name], sides[_SLOW][step.name]
    return [
        f"{step.name}; {name}{' *' if found.is_inferred else ''}",
        number(found.wall_s),
        f"{number(slow.wall_s / found.wall_s)}x",
        str(found.work.builds),
        str(found.work.steps),
        number(found.work.pushed / _MB),
        number(found.work.uploaded / 1e3),
    ]
