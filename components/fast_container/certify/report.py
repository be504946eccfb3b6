"""The report of a certification: the findings of each step, and which call answered what, in markdown.

Decides what the reader sees first. It contains no secrets: calls are listed by name and status alone. Text from others
in it (output of a build, answers) cannot move a cursor or forge a command of a CI system (``printable``).
"""

from __future__ import annotations

import platform
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fast_container.certify.story import StepResult
from fast_container.core.spelling import counted
from fast_container.printable import printable_lines


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a certification ran.

    Attributes:
        account: The account's number, all but its last four digits hidden.
        region: The AWS region.
        versions: Program → version.
        started: Date and time, UTC.
    """

    account: str
    region: str
    versions: Mapping[str, str]
    started: str


@dataclass(slots=True)
class _Answered:
    """Calls of one operation with the same answer."""

    count: int = 0
    slowest_s: float = 0.0
    retries: int = 0


def report_text(surroundings: Surroundings, results: Sequence[StepResult]) -> str:
    """Write the whole report."""
    failed = sum(not result.ok for result in results)
    verdict = "every step met its expectations" if not failed else f"{failed} of {counted(len(results), 'step')} failed"
    lines = [
        f"# fast-container certify: {verdict}",
        "",
        f"Account {surroundings.account}, region {surroundings.region}, {surroundings.started} UTC.",
        ", ".join(f"{name} {version}" for name, version in surroundings.versions.items()) + f", {platform.platform()}",
        "",
        "| step | seconds | result |",
        "|---|---|---|",
    ]
    for result in results:
        took_s = sum(operation.took_s for operation in result.operations)
        lines.append(f"| {result.title} | {took_s:.0f} | {'as expected' if result.ok else '**differs**'} |")
    for result in results:
        lines += ["", f"## {result.title}", "", *_step_lines(result)]
    return printable_lines("\n".join(lines) + "\n")


def _step_lines(result: StepResult) -> Iterable[str]:
    for check in result.checks:
        yield f"- {'ok' if check.ok else '**differs**'}: {check.what}"
        yield from _quoted(check.found)
    if result.error:
        yield "- **stopped**:"
        yield from _quoted(result.error)
    for operation in result.operations:
        yield ""
        yield f"`pulumi {operation.verb}`: exit code {operation.code}, {operation.took_s:.1f} s"
        yield from _calls_table(operation.calls)


def _calls_table(calls: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    answered: dict[tuple[str, str], _Answered] = defaultdict(_Answered)
    for call in calls:
        said = str(call["status"] or "no answer") + (f" {call['error']}" if call["error"] else "")
        one = answered[f"{call['service']}:{call['operation']}", said]
        one.count += 1
        one.slowest_s = max(one.slowest_s, float(call["took_s"]))
        one.retries += int(call["retries"])
    if not answered:
        return
    yield ""
    yield "| call | answer | times | slowest, s | retries |"
    yield "|---|---|---|---|---|"
    for (operation, said), one in sorted(answered.items()):
        yield f"| {operation} | {said} | {one.count} | {one.slowest_s:.2f} | {one.retries} |"


def _quoted(text: str) -> Iterable[str]:
    return [f"  > {line}" for line in text.strip().splitlines()]
