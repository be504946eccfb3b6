"""Issue: the full decision to skip an image, in milliseconds, without the engine."""

from __future__ import annotations

from bench.build_keys import worker
from bench.measuring import Series, number
from bench.table import Table, Target
from bench.workplace import Workplace

TREE_FILES = 2_000


def skip(workplace: Workplace) -> list[Table]:
    """Per image, for 1, 20 and 100 images over one root."""
    root, rounds = workplace.tree(TREE_FILES), 3 if workplace.is_quick else 9
    rows: list[list[str]] = []
    targets: list[Target] = []
    for whole in (False, True):
        dockerfiles = workplace.dockerfiles(whole=whole)
        cache = str(workplace.folder / f"skip-cache-{whole}")
        for images in (1, 20, 100):
            runs = [worker("ours", root, images, dockerfiles, cache) for _ in range(rounds + 1)][1:]
            total = Series(tuple(run["seconds"] for run in runs))
            each = Series(tuple(value / images for value in total.values))
            reads = "all files" if whole else "a service and two packages"
            rows.append([f"{reads}; {images}", number(runs[0]["files"]), total.text("ms"), each.text("ms")])
            if images == 100:
                claim = f"deciding 100 unchanged images that read {reads}"
                targets.append(Target(claim, total.median, "most", 1.0, "s"))
    return [
        Table(
            f"the full decision to skip, one context of {TREE_FILES:,} files",
            [
                "check of the arguments, Dockerfile, ignore file, selection, key, comparison with what state recorded;",
                "compared with the promise that 100 unchanged images cost less than a second, Pulumi's own time aside",
                f"warm; {rounds} rounds, a new process each; median (smallest-largest)",
            ],
            ["image reads; images", "files an image", "all images ms", "an image ms"],
            rows,
            targets,
        )
    ]
