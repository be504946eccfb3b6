"""Which pairs there are, what is edited in them, how they are started, and what their budgets are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CASES = Path(__file__).parents[2] / "docs" / "cases"


@dataclass(frozen=True)
class Side:
    """One way to write an image.

    Attributes:
        dockerfile: In the folder of its case.
        start: Options of ``fast-container coldstart``.
    """

    dockerfile: str
    start: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pair:
    """One image, written in two ways.

    Attributes:
        case: A folder of ``docs/cases``, which is the build context of both.
        image: Which image of it; ``""`` if it is the only one.
        runs_on: ``lambda`` or ``ecs``.
        edited: A source file that people edit.
        max_size: The budget of the good one.
    """

    case: str
    image: str
    runs_on: str
    edited: str
    max_size: str
    before: Side
    after: Side

    @property
    def name(self) -> str:
        return f"{self.case} {self.image}".strip()

    @property
    def folder(self) -> Path:
        return CASES / self.case

    def side(self, name: str) -> Side:
        return self.before if name == "before" else self.after


_MAIN = (Side("before/Dockerfile"), Side("after/Dockerfile"))

PAIRS = (
    Pair("geospatial", "", "lambda", "handler.py", "250MB", *_MAIN),
    Pair("machine_learning", "", "ecs", "service.py", "500MB", *_MAIN),
    Pair(
        *("shop", "api", "ecs", "api/app.py", "500MB"),
        Side("before/api.Dockerfile"),
        Side("after/api.Dockerfile"),
    ),
    Pair(
        *("shop", "worker", "ecs", "worker/worker.py", "500MB"),
        Side("before/worker.Dockerfile", ("--module", "worker.worker")),
        Side("after/worker.Dockerfile", ("--module", "worker")),
    ),
    Pair(
        *("shop", "site", "ecs", "site/render.py", "100MB"),
        Side("before/site.Dockerfile"),
        Side("after/site.Dockerfile"),
    ),
    Pair("five_stages", "", "ecs", "service/app.py", "500MB", *_MAIN),
)

FLEET = CASES / "fleet"
FLEET_SIZE = 20

LEFTOVERS = {
    ".git/config": 200,
    ".git/objects/pack/pack-1.pack": 12_000_000,
    ".venv/lib/python3.13/site-packages/everything.so": 30_000_000,
    ".pytest_cache/v/cache/lastfailed": 2_000,
}
"""What lies in a checkout beside what git has, with sizes: made for the bench, since it cannot be committed."""
