"""``python -m bench peers``: other tools and ours, side by side.

Decides sizes and rounds, and the order of the tables: the one that README and docs quote comes first.
"""

from __future__ import annotations

import sys

from bench.engine import BenchFailed
from bench.peers.case_table import case_table
from bench.peers.cases import CASES, QUICK
from bench.peers.correctness import run_cases
from bench.peers.machine import machine
from bench.peers.monorepo import IGNORED_FILES
from bench.peers.place import Place
from bench.peers.scenarios import Contest, Plan
from bench.peers.sides import PEERS, Sides, look
from bench.peers.speed_tables import Results, counted, losses_table
from bench.table import Table
from bench.workplace import Workplace

PARTS = ("speed", "correctness")
_FILES, _IMAGES, _ROUNDS = 20_000, (20, 1, 100), 3
_QUICK_FILES, _QUICK_IMAGES, _QUICK_ROUNDS = 3_000, (3,), 1
_BRIEF_IMAGES, _BRIEF_ROUNDS = (20,), 2


def peers(workplace: Workplace) -> list[Table]:
    """Tables of what each tool costs, and of what it deploys."""
    choice = workplace.choice
    parts = choice.parts or PARTS
    if unknown := [part for part in parts if part not in PARTS]:
        raise BenchFailed(f"there is no part {', '.join(unknown)}; there are: {', '.join(PARTS)}")
    place = Place(workplace)
    place.folder.mkdir()
    where = machine()
    sides = look(place, choice.sides)
    tables: list[Table] = []
    reasons = dict(sides.missing)
    if "speed" in parts:
        results = _speed(place, sides, workplace, where, tables, reasons)
        tables.append(losses_table(results))
    if "correctness" in parts:
        cases = [CASES[number] for number in QUICK] if workplace.is_quick else CASES
        tables.append(case_table(run_cases(place, sides.peers(), sides.found, cases, _say)))
    tables.append(sides_table(sides, reasons, where))
    return tables


def _speed(
    place: Place, sides: Sides, workplace: Workplace, where: str, tables: list[Table], reasons: dict[str, str]
) -> list[Results]:
    files = _QUICK_FILES if workplace.is_quick else _FILES
    sizes, rounds = _IMAGES, _ROUNDS
    if workplace.is_quick:
        sizes, rounds = _QUICK_IMAGES, _QUICK_ROUNDS
    elif workplace.choice.is_brief:
        sizes, rounds = _BRIEF_IMAGES, _BRIEF_ROUNDS
    rounds = workplace.choice.rounds or rounds
    found: list[Results] = []
    for images in workplace.choice.images or sizes:
        plan = Plan(images, files, rounds, is_brief=workplace.choice.is_brief)
        contest = Contest(place, sides.peers(), sides.found, plan, _say)
        contest.run()
        results = Results(contest.measurements, PEERS)
        about = [
            f"seconds of `up`, medians of {counted(rounds, 'round')} in turns (docker-build and cdk: one); in brackets "
            "the images that were really built; bold: the quickest",
            f"a tree of {files + IGNORED_FILES:,} files, {IGNORED_FILES:,} of them ignored; each image copies two "
            "shared packages and its service, and has one step of half a second",
            "each side has its own tree, repository and build arg, so that none finds the layers of another",
            *(["--brief: docker-build and cdk, which take minutes, in three scenarios only"] if plan.is_brief else []),
            where,
        ]
        tables += [results.summary(about), results.detail()]
        found.append(results)
        for side, reason in contest.left_out.items():
            reasons[side] = "; ".join(filter(None, [reasons.get(side), f"{counted(images, 'image')}: {reason}"]))
    return found


def sides_table(sides: Sides, reasons: dict[str, str], where: str) -> Table:
    """Every side: its version and setting, or why it is not measured."""
    rows: list[list[str]] = []
    for peer in PEERS:
        found = sides.found.get(peer.name)
        rows.append([peer.name, found.version if found else "", reasons.get(peer.name, "")])
    about = [
        where,
        *(f"{peer.name}: {peer.setting}" for peer in PEERS),
        "all on one local cloud: the same BuildKit and registry; no side adds attestations",
        "command lines find a registry login that is there already; ours fetches its own",
    ]
    return Table("The tools and their settings", about, ["side", "version", "not measured"], rows)


def _say(text: str) -> None:
    print(f"peers: {text}", file=sys.stderr, flush=True)
