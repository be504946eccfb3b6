"""The tables: every side keeps its column, the quickest is bold, and the rows that ours loses are listed."""

from __future__ import annotations

from bench.build_facts import Work
from bench.peers.operation import Operation
from bench.peers.scenarios import SCENARIOS, Measurement, Verb
from bench.peers.sides import PEERS
from bench.peers.speed_tables import NOT_HERE, Results, losses_table


def _run(
    scenario: str, side: str, wall_s: float, *, builds: int = 0, verb: Verb = "up", right: bool | None = True
) -> Measurement:
    return Measurement(20, scenario, verb, side, Operation(wall_s, 1.0, 0.5, Work(builds, 0, 2_000, 3_000)), right)


RESULTS = Results(
    [
        _run("nothing", "ours", 2.0),
        _run("nothing", "ours", 2.2),
        _run("nothing", "bake", 4.4, builds=20),
        _run("nothing", "floor", 1.0, right=None),
        _run("handler", "ours", 5.0, builds=1),
        _run("handler", "bake", 2.5, builds=20, right=False),
    ],
    PEERS,
)


def test_the_quickest_is_bold_and_the_floor_takes_no_part() -> None:
    table = RESULTS.summary([])
    row = dict(zip(table.head, table.rows[0], strict=True))
    assert row["ours"] == "**2.10** (0)"
    assert row["bake"] == "4.40 (20)"
    assert row["floor"] == "1.00 (0)"


def test_a_side_that_is_not_here_keeps_its_column() -> None:
    table = RESULTS.summary([])
    assert table.head[1:] == [peer.name for peer in PEERS]
    assert dict(zip(table.head, table.rows[0], strict=True))["skaffold"] == NOT_HERE
    assert len(table.rows) == len(SCENARIOS)


def test_a_row_tells_the_processor_time_and_the_work_beside_the_seconds() -> None:
    table = RESULTS.detail()
    row = dict(zip(table.head, next(row for row in table.rows if row[0] == "handler, up; bake"), strict=True))
    assert row["s"] == "2.50"
    assert row["/ ours"] == "0.50x"
    assert (row["client s"], row["BuildKit s"], row["builds"]) == ("1.00", "0.50", "20")
    assert (row["sent kB"], row["pushed kB"], row["right"]) == ("2.00", "3.00", "NO")


def test_every_row_that_ours_loses_is_listed_and_no_other() -> None:
    rows = losses_table([RESULTS]).rows
    assert rows == [["20 images, one handler edited, up", "bake", "2.50", "5.00", "2.00x"]]


def test_a_size_without_ours_has_no_losses() -> None:
    assert Results([_run("nothing", "bake", 1.0)], PEERS).losses() == []
