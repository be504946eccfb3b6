"""Issue: a second ``up`` (and a preview) with unchanged images, against the same components with no-op records."""

from __future__ import annotations

from bench.engine import Cost, Stack
from bench.measuring import Series, difference, in_turns, number, ratio
from bench.table import Table, Target
from bench.workplace import Workplace

TREE_FILES = 2_000
_MB = 1e6


def second_up(workplace: Workplace) -> list[Table]:
    """One row for each number of images and each command."""
    sizes, rounds = ((20,), 2) if workplace.is_quick else ((1, 20, 100), 5)
    repository = workplace.repository("bench/second-up")
    rows: list[list[str]] = []
    targets: list[Target] = []
    for images in sizes:
        configuration = {
            "images": str(images),
            "repository": repository,
            "context": str(workplace.tree(TREE_FILES)),
            "dockerfiles": str(workplace.dockerfiles(whole=False)),
        }
        stacks = {
            name: Stack(
                workplace.cloud,
                workplace.folder / "stacks" / name,
                name,
                f"{name.replace('_', '-')}-{images}",
                configuration,
            )
            for name in ("images", "no_op")
        }
        for stack in stacks.values():
            stack.up()
        for verb in ("up", "preview"):
            row, of_row = _compare(stacks, verb, images, rounds)
            rows.append(row)
            targets += of_row
    return [
        Table(
            f"second `up` and preview, nothing changed, over one context of {TREE_FILES:,} files",
            [
                "ours: FastContainerImage; no-op: a component with a dynamic record that does nothing; in turns,",
                f"{rounds} rounds, `pulumi … --skip-preview` on the real engine and the local cloud;",
                "median (smallest-largest); CPU and memory are those of the program's process, without the engine's",
            ],
            ["images, command", "ours s", "no-op s", "ratio", "ours adds s", "CPU ours s", "no-op s", "memory adds MB"],
            rows,
            targets,
        )
    ]


def _compare(stacks: dict[str, Stack], verb: str, images: int, rounds: int) -> tuple[list[str], list[Target]]:
    costs: dict[str, list[Cost]] = {name: [] for name in stacks}

    def run(name: str) -> float:
        cost = getattr(stacks[name], verb)()
        costs[name].append(cost)
        return cost.wall_s

    walls = in_turns({name: lambda name=name: run(name) for name in stacks}, rounds)
    cpu = {name: Series(tuple(cost.cpu_s for cost in found)) for name, found in costs.items()}
    memory = {name: Series(tuple(cost.memory_bytes / _MB for cost in found)) for name, found in costs.items()}
    adds, adds_memory = difference(walls["images"], walls["no_op"]), difference(memory["images"], memory["no_op"])
    row = [
        f"{images}, {verb}",
        walls["images"].text(),
        walls["no_op"].text(),
        f"{number(ratio(walls['images'], walls['no_op']))}x",
        adds.text(),
        cpu["images"].text(),
        cpu["no_op"].text(),
        number(adds_memory.median),
    ]
    targets: list[Target] = []
    if images >= 20:
        targets.append(Target(f"{images} unchanged images add to `{verb}`", adds.median, "most", 1.0, "s"))
        targets.append(Target(f"{images} images add to `{verb}` in memory", adds_memory.median, "most", 100.0, "MB"))
    return row, targets
