"""Edits and fresh clones of one tree, on all sides in turn.

Decides the scenarios, the order of the sides (every second round backwards, so that none always comes first), and that
a side that fails is left out from there on, with the reason. What one run cost is measured in ``operation``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from bench.engine import BenchFailed
from bench.peers.deployed import ImageGone, files_of
from bench.peers.fresh_clone import clone_in_place
from bench.peers.job import Job
from bench.peers.monorepo import Monorepo
from bench.peers.operation import Operation, measured
from bench.peers.peer import Found, Peer, Side
from bench.peers.place import Place
from bench.peers.verdict import reason_of
from bench.tree import age

SCENARIOS: Mapping[str, str] = {
    "nothing": "nothing changed",
    "handler": "one handler edited",
    "outside": "a file edited that no image reads",
    "runner": "fresh clone, the stack's state kept, the builder's cache gone",
    "clone": "fresh clone, a new stack, the builder's cache gone",
    "first": "first `up`",
}
"""In the order of the tables: name and what it is."""

EDITS = ("nothing", "handler", "outside")
_OF_FLOOR = ("nothing", "clone", "first")
"""Scenarios in which the engine alone is measured; in the others it would do what it does in these."""

_OF_SLOW_IN_BRIEF = ("nothing", "handler", "first")
"""Scenarios in which sides that take minutes are measured where there is little time."""

_MOST_OF_SLOW = 20
Verb = Literal["preview", "up"]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Measurement:
    """One run of one side.

    Attributes:
        images: How many images there are.
        scenario: A key of ``SCENARIOS``.
        verb: What was run.
        side: Whose run it was.
        operation: What it cost.
        is_right: Whether what is deployed holds the files of the tree; None where that was not looked at.
    """

    images: int
    scenario: str
    verb: Verb
    side: str
    operation: Operation
    is_right: bool | None = None


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Attributes:
        images: How many images.
        files: How many files the tree has.
        rounds: How often the edits and the clones are measured; sides that are slow, once.
        is_brief: Whether sides that are slow are left out of some scenarios.
    """

    images: int
    files: int
    rounds: int
    is_brief: bool = False


class Entrant:
    """One side with its tree."""

    def __init__(self, place: Place, peer: Peer, found: Found, plan: Plan) -> None:
        folder = place.folder / f"{plan.images}-images" / peer.name
        self.peer = peer
        self.tree = Monorepo(
            folder / "root",
            plan.images,
            0 if peer.is_floor else plan.files,
            parent=place.parent(on_mirror=peer.asks_parent),
            is_tuned=peer.is_tuned,
        )
        age(self.tree.root)
        self._place = place
        self._found = found
        self._clones = 0
        repository = f"speed-{plan.images}-{peer.name}"
        self._job = Job(peer.name, self.tree.root, folder / "home", folder / "state", self.tree.dockerfiles, repository)
        self._side: Side = found.make(place, self._job)

    def clone(self, *, keep_state: bool) -> None:
        """Go on in a fresh clone with empty caches of one's own."""
        self._clones += 1
        clone_in_place(self.tree.root)
        home = self._job.home.with_name(f"home-{self._clones}")
        state = self._job.state if keep_state else self._job.state.with_name(f"state-{self._clones}")
        self._job = replace(self._job, home=home, state=state)
        self._side = self._found.make(self._place, self._job)

    def run(self, verb: Verb) -> Operation:
        """Measure a command."""
        command = self._side.preview if verb == "preview" else self._side.up
        return measured(self._place, self._side.repositories, command)

    def is_right(self) -> bool | None:
        """Whether the first image, as a consumer gets it, has the files of the tree."""
        if self.peer.is_floor:
            return None
        try:
            files = files_of(self._place, self._side.uri("svc000"))
        except ImageGone:
            return False
        expected = self.tree.read_by_first_image()
        return all(path in files and files[path].content == content for path, content in expected.items())


class Contest:
    """All sides on one size.

    Attributes:
        measurements: What was measured so far.
        left_out: Side to why it was not measured, or only in part.
    """

    def __init__(self, place: Place, peers: Sequence[Peer], found: Mapping[str, Found], plan: Plan, say: Say) -> None:
        self.measurements: list[Measurement] = []
        self.left_out: dict[str, str] = {}
        self._place = place
        self._plan = plan
        self._say = say
        self._entrants: list[Entrant] = []
        for peer in peers:
            if peer.is_slow and plan.images > _MOST_OF_SLOW:
                self.left_out[peer.name] = f"not measured with {plan.images} images: it takes too long"
            else:
                say(f"{plan.images} images: writes the tree of {peer.name}")
                self._entrants.append(Entrant(place, peer, found[peer.name], plan))

    def run(self) -> None:
        """Measure everything."""
        self._place.prune()
        for on_mirror in {entrant.peer.asks_parent for entrant in self._entrants}:
            self._place.pull_parent(on_mirror=on_mirror)
        for entrant in list(self._entrants):
            self._measure(entrant, "first", 0)
        for turn in range(self._plan.rounds):
            for scenario in EDITS:
                self._edit_and_measure(scenario, turn)
        for turn in range(self._plan.rounds):
            for scenario, keep_state in (("runner", True), ("clone", False)):
                for entrant in self._order(turn, scenario):
                    self._place.prune()
                    self._measure(entrant, scenario, turn, partial(entrant.clone, keep_state=keep_state))

    def _edit_and_measure(self, scenario: str, turn: int) -> None:
        for entrant in self._entrants:
            entrant.tree.edit(scenario, turn)
        for entrant in self._order(turn, scenario):
            self._measure(entrant, scenario, turn)

    def _order(self, turn: int, scenario: str) -> list[Entrant]:
        here = [entrant for entrant in self._entrants if self._takes_part(entrant.peer, turn, scenario)]
        return here if turn % 2 == 0 else here[::-1]

    def _takes_part(self, peer: Peer, turn: int, scenario: str) -> bool:
        if peer.is_slow and (turn > 0 or (self._plan.is_brief and scenario not in _OF_SLOW_IN_BRIEF)):
            return False
        return not peer.is_floor or scenario in _OF_FLOOR

    def _measure(self, entrant: Entrant, scenario: str, turn: int, prepare: Callable[[], None] = lambda: None) -> None:
        verbs: tuple[Verb, ...] = ("preview", "up") if entrant.peer.has_preview else ("up",)
        name = entrant.peer.name
        for verb in verbs:
            try:
                if verb == verbs[0]:
                    prepare()
                operation = entrant.run(verb)
                right = entrant.is_right() if verb == "up" else None
            except BenchFailed as failed:
                self.left_out[name] = f"failed in `{scenario}`, {verb}: {reason_of(str(failed))}"
                self._say(f"{self._plan.images} images: {name} {self.left_out[name]}\n{failed}")
                self._entrants.remove(entrant)
                return
            self.measurements.append(Measurement(self._plan.images, scenario, verb, name, operation, right))
            self._say(
                f"{self._plan.images} images, round {turn + 1}: {scenario}, {verb}: {name} {operation.wall_s:.2f} s, "
                f"processor {operation.cpu_s:.2f} s, {operation.work.builds} builds"
            )
