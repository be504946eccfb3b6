"""The steps of the demo: each is run, compared with what it claims, and becomes a row of the table.

Decides what counts as proof: builds in BuildKit's own history, records and functions in the engine's events, answers of
invoked functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from stacks.rehearsal.checkout import DemoFailed
from stacks.rehearsal.facts import Build
from stacks.rehearsal.pulumi_cli import FUNCTION_TYPE, RECORD_TYPE, Operation
from stacks.rehearsal.questions import EVENTS, SHOWN
from stacks.rehearsal.table import Row


class Evidence(Protocol):
    """What is asked of the cloud; ``Facts`` is."""

    def builds(self) -> Mapping[str, Build]:
        """BuildKit's history."""
        ...

    def invoke(self, function: str, event: Any) -> dict[str, Any]:
        """A function's answer."""
        ...


class Deployed(Protocol):
    """What is asked of a stack; ``Stack`` is."""

    name: str

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs."""
        ...


class Steps:
    """The steps that were taken, and what the functions have to answer by now.

    Args:
        facts: What is asked of the cloud.

    Attributes:
        rows: One for each step that did what it claims.
        releases: Function → the release that answers.
        gross: The price with tax that they say.
    """

    def __init__(self, facts: Evidence) -> None:
        self.rows: list[Row] = []
        self.releases = {name: f"{name} 1" for name in EVENTS}
        self.gross = "35.70"
        self._facts = facts
        self._answered: dict[tuple[str, str], dict[str, Any]] = {}

    def check(
        self,
        step: str,
        stack: Deployed,
        run: Callable[[], Operation],
        *,
        built: int = 0,
        reused: int = 0,
        created: int = 0,
        updated: int = 0,
        earlier: Operation | None = None,
    ) -> Operation:
        """Runs one operation, compares what happened with what the step claims, and adds its row."""
        before = set(self._facts.builds())
        operation = run()
        builds = [build for reference, build in self._facts.builds().items() if reference not in before]
        expect(not any(build.failed for build in builds), "BuildKit's history shows a failed build")
        recorded = operation.count(RECORD_TYPE, "create", "update")
        functions = (operation.count(FUNCTION_TYPE, "create"), operation.count(FUNCTION_TYPE, "update"))
        expect(len(builds) == built, f"{images_in_words(built)} should be built; BuildKit ran {len(builds)} builds")
        expect(recorded == built + reused, f"{images_in_words(built + reused)} should be recorded, not {recorded}")
        expect(
            functions == (created, updated),
            f"{created} functions should be created and {updated} updated, not {functions[0]} and {functions[1]}",
        )
        unchanged = operation.count(RECORD_TYPE, "same")
        row = Row(
            step=step,
            wall_s=operation.wall_s + (earlier.wall_s if earlier else 0),
            built=len(builds),
            reused=recorded - len(builds),
            unchanged=unchanged,
            functions=f"{created} created" if created else f"{updated} updated" if updated else "none",
            answers=self._answers(stack),
        )
        self.rows.append(row)
        return operation

    def _answers(self, stack: Deployed) -> str:
        """Invokes every function of a stack and checks which release answers."""
        names = stack.outputs()["functions"]
        answers = {name: self._facts.invoke(names[name], EVENTS[name]) for name in EVENTS}
        for name, answer in answers.items():
            if answer != self._answered.get((stack.name, name)):
                print(f"   {name} answers: {answer}"[:150])
            expected = self.releases[name]
            expect(answer["release"] == expected, f"{name} should answer as {expected!r}, not {answer['release']!r}")
            self._answered[stack.name, name] = answer
            if "gross" in answer:
                expect(answer["gross"] == self.gross, f"{name} should say {self.gross}, not {answer['gross']}")
        return ", ".join(f"{answer['release']}: {SHOWN[name](answer)}" for name, answer in answers.items())


def images_in_words(count: int) -> str:
    """``1 image``, ``2 images``."""
    return f"{count} image" if count == 1 else f"{count} images"


def expect(holds: bool, claim: str) -> None:
    """End the demo when something does not hold."""
    if not holds:
        raise DemoFailed(claim)
