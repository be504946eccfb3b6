"""Tables of what was measured: one to quote, one with every figure, and one of the rows that ours loses.

Decides columns and words, that the quickest is bold, and that a side which is not there keeps its column. The floor is
shown and takes no part in who is quickest: it builds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from statistics import median

from bench.measuring import Series, number
from bench.peers.peer import Peer
from bench.peers.scenarios import SCENARIOS, Measurement, Verb
from bench.table import Table

OURS = "ours"
NOT_HERE = "not measured"
_VERBS: tuple[Verb, ...] = ("preview", "up")
_LOST_FROM = 1.05
"""How many times the quickest side's time ours takes where it loses; less is noise."""


def counted(count: int, noun: str) -> str:
    """``1 image``, ``20 images``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


class Results:
    """The measurements of one size."""

    def __init__(self, measurements: Sequence[Measurement], peers: Sequence[Peer]) -> None:
        self.measurements = measurements
        self.peers = peers
        self.images = measurements[0].images

    def of(self, scenario: str, verb: Verb, side: str) -> list[Measurement]:
        """All rounds of one side."""
        wanted = (scenario, verb, side)
        return [one for one in self.measurements if (one.scenario, one.verb, one.side) == wanted]

    def walls(self, scenario: str, verb: Verb) -> Mapping[str, float]:
        """Side to median of its seconds, without the floor."""
        found = {peer.name: self.of(scenario, verb, peer.name) for peer in self.peers if not peer.is_floor}
        return {name: median(one.operation.wall_s for one in runs) for name, runs in found.items() if runs}

    def summary(self, compares: Sequence[str]) -> Table:
        """One row for each scenario, one column for each side: seconds of ``up``, and the images really built."""
        rows = [[text, *(self._cell(scenario, peer) for peer in self.peers)] for scenario, text in SCENARIOS.items()]
        title = f"Other tools: {counted(self.images, 'image')} over one tree"
        return Table(title, compares, ["`up`, seconds", *(peer.name for peer in self.peers)], rows)

    def _cell(self, scenario: str, peer: Peer) -> str:
        runs = self.of(scenario, "up", peer.name)
        if not runs:
            return NOT_HERE
        text = number(median(one.operation.wall_s for one in runs))
        walls = self.walls(scenario, "up")
        if not peer.is_floor and walls[peer.name] == min(walls.values()):
            text = f"**{text}**"
        return f"{text} ({median(one.operation.work.builds for one in runs):.0f})"

    def detail(self) -> Table:
        """One row for each scenario, command and side, with every figure."""
        rows: list[list[str]] = []
        for scenario, verb in product(SCENARIOS, _VERBS):
            ours = self.walls(scenario, verb).get(OURS)
            found = {peer.name: self.of(scenario, verb, peer.name) for peer in self.peers}
            rows += [[f"{scenario}, {verb}; {name}", *_figures(runs, ours)] for name, runs in found.items() if runs]
        about = [
            "s: wall time, median (smallest-largest); / ours: how many times ours it is",
            "client s: processor time of the tool's processes; BuildKit s: that of its daemon and the steps it ran",
            "sent: context and Dockerfile that BuildKit received; pushed: blobs new in the registry",
            "right: whether the image deployed holds the tree's files",
        ]
        head = ["scenario, command; side", "s", "/ ours", "client s", "BuildKit s"]
        head += ["builds", "steps", "sent kB", "pushed kB", "right"]
        return Table(f"Every figure: {counted(self.images, 'image')}", about, head, rows)

    def losses(self) -> list[list[str]]:
        """Rows in which another side is quicker than ours, the worst first."""
        lost: list[tuple[float, list[str]]] = []
        for scenario, text in SCENARIOS.items():
            for verb in _VERBS:
                walls = self.walls(scenario, verb)
                best = min(walls, key=lambda name: walls[name], default=OURS)
                if OURS in walls and walls[OURS] > walls[best] * _LOST_FROM:
                    times = walls[OURS] / walls[best]
                    row = [
                        f"{counted(self.images, 'image')}, {text}, {verb}",
                        best,
                        number(walls[best]),
                        number(walls[OURS]),
                    ]
                    lost.append((times, [*row, f"{number(times)}x"]))
        return [row for _, row in sorted(lost, key=lambda one: -one[0])]


def losses_table(results: Sequence[Results]) -> Table:
    """The rows that ours loses, of all sizes."""
    rows = [row for one in results for row in one.losses()]
    about = [
        f"every row in which another side took less time than ours by more than {round(_LOST_FROM * 100 - 100)} %",
    ]
    return Table("Where ours is slower", about, ["row", "quickest", "s", "ours s", "ours / it"], rows)


def _figures(runs: Sequence[Measurement], ours: float | None) -> list[str]:
    operations = [one.operation for one in runs]
    wall = Series(tuple(one.wall_s for one in operations))
    rights = {one.is_right for one in runs if one.is_right is not None}
    return [
        wall.text(),
        "" if ours is None else f"{number(wall.median / ours)}x",
        number(median(one.client_cpu_s for one in operations)),
        number(median(one.buildkit_cpu_s for one in operations)),
        f"{median(one.work.builds for one in operations):.0f}",
        f"{median(one.work.steps for one in operations):.0f}",
        number(median(one.work.uploaded for one in operations) / 1e3),
        number(median(one.work.pushed for one in operations) / 1e3),
        "NO" if False in rights else "yes" if rights else "",
    ]
