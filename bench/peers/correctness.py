"""Each case on each side: first ``up``, edit, second ``up``, and then what the deployed image holds.

Decides the order and the folders. The cases are in ``cases``, the judgement in ``verdict``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.engine import BenchFailed
from bench.peers.cases import Case
from bench.peers.deployed import ImageGone, files_of
from bench.peers.fresh_clone import clone_in_place
from bench.peers.job import Job
from bench.peers.operation import measured
from bench.peers.peer import Found, Peer, Side
from bench.peers.place import Place
from bench.peers.scene import Scene
from bench.peers.verdict import GONE, Outcome, Verdict, judge, reason_of

IMAGE = "svc000"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Judged:
    """One case on one side."""

    case: Case
    side: str
    verdict: Verdict
    refusal: str = ""


def run_cases(
    place: Place, peers: Sequence[Peer], found: Mapping[str, Found], cases: Sequence[Case], say: Say
) -> list[Judged]:
    """Run every case on every side that deploys something."""
    judged: list[Judged] = []
    for number, case in enumerate(cases):
        for peer in peers:
            # In trees as small as these, `tuned` is docker-build.
            if peer.is_floor or peer.is_tuned:
                continue
            outcome = _run(place, peer, found[peer.name], case, number)
            verdict = judge(outcome, case.before, case.after, must_build=case.must_build)
            say(f"{case.name}: {peer.name}: {verdict.text}")
            judged.append(Judged(case, peer.name, verdict, outcome.refusal))
    return judged


def _run(place: Place, peer: Peer, found: Found, case: Case, number: int) -> Outcome:
    folder = place.folder / "cases" / peer.name / f"{number:02}"
    scene = Scene(folder / "root", folder / "extra", place.parent(on_mirror=peer.asks_parent), place)
    case.make(scene)
    job = Job(
        peer.name,
        scene.root,
        folder / "home",
        folder / "state",
        {IMAGE: "Dockerfile"},
        f"case-{number:02}-{peer.name}",
        {"extra": scene.extra} if case.is_named else {},
    )
    before: object = None
    try:
        side = found.make(place, job)
        scene.repositories = side.repositories
        side.up()
        before = _held(place, side, case)
        case.edit(scene)
        if case.is_fresh_clone:
            clone_in_place(scene.root)
            side = found.make(place, _elsewhere(job))
        operation = measured(place, side.repositories, side.up)
    except BenchFailed as failed:
        return Outcome(before, refusal=reason_of(str(failed)))
    return Outcome(before, _held(place, side, case), operation.work.builds, operation.work.steps)


def _held(place: Place, side: Side, case: Case) -> object:
    try:
        return case.seen(files_of(place, side.uri(IMAGE)))
    except ImageGone:
        return GONE


def _elsewhere(job: Job) -> Job:
    """The same job on a runner: the engine's state is where it was, caches are not."""
    return Job(job.side, job.root, job.home.with_name("runner"), job.state, job.dockerfiles, job.repository, job.named)
