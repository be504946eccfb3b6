"""The demo fails when a step did not do what it claims."""

from collections import Counter
from typing import Any

import pytest

from stacks.rehearsal.checkout import DemoFailed
from stacks.rehearsal.facts import Build
from stacks.rehearsal.pulumi_cli import FUNCTION_TYPE, RECORD_TYPE, Operation
from stacks.rehearsal.questions import EVENTS
from stacks.rehearsal.steps import Steps

ANSWER = {
    "gross": "35.70",
    "found": [{"sku": "TE-001"}],
    "designator": "3-M",
    "kilometres": 900.1,
    "totals": {"DE": "40.00"},
}


class Cloud:
    """Facts and a stack in one; ``up`` adds builds to BuildKit's history."""

    def __init__(self, *, builds: int, recorded: int, updated: int, release: str = "1", failed: bool = False) -> None:
        self._history: dict[str, Build] = {"earlier": Build("earlier", 0, 1, 3, 0, failed=True)}
        self._plan = (builds, recorded, updated, failed)
        self._release = release
        self.name = "dev"

    def up(self) -> Operation:
        builds, recorded, updated, failed = self._plan
        self._history |= {str(n): Build(str(n), n, n + 1, 3, 0, failed) for n in range(builds)}
        counted = {(RECORD_TYPE, "update"): recorded, (RECORD_TYPE, "same"): 4 - recorded}
        return Operation(2.5, Counter({**counted, (FUNCTION_TYPE, "update"): updated}))

    def builds(self) -> dict[str, Build]:
        return dict(self._history)

    def outputs(self) -> dict[str, Any]:
        return {"functions": {name: name for name in EVENTS}}

    def invoke(self, function: str, _event: object) -> dict[str, Any]:
        return {**ANSWER, "release": f"{function} {self._release}"}


def test_a_step_that_did_what_it_claims_becomes_a_row(capsys):
    cloud = Cloud(builds=1, recorded=3, updated=1)
    steps = Steps(cloud)
    steps.check("a step", cloud, cloud.up, built=1, reused=2, updated=1)
    (row,) = steps.rows
    assert (row.built, row.reused, row.unchanged, row.functions, row.wall_s) == (1, 2, 1, "1 updated", 2.5)
    assert "orders 1: 35.70 EUR" in row.answers


@pytest.mark.parametrize(
    ("cloud", "complaint"),
    [
        (Cloud(builds=2, recorded=1, updated=1), "BuildKit ran 2 builds"),
        (Cloud(builds=0, recorded=1, updated=1), "BuildKit ran 0 builds"),
        (Cloud(builds=1, recorded=2, updated=1), "should be recorded, not 2"),
        (Cloud(builds=1, recorded=1, updated=0), "not 0 and 0"),
        (Cloud(builds=1, recorded=1, updated=1, failed=True), "a failed build"),
        (Cloud(builds=1, recorded=1, updated=1, release="2"), "should answer as 'orders 1'"),
    ],
)
def test_a_step_that_did_something_else_ends_the_demo(cloud, complaint, capsys):
    steps = Steps(cloud)
    with pytest.raises(DemoFailed, match=complaint):
        steps.check("a step", cloud, cloud.up, built=1, updated=1)
    assert not steps.rows
