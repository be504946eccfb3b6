"""The throw-away build whose steps are the runs: a Dockerfile, and the plan that the probe reads.

Decides the order of the runs. Two images are started in turns (A B B A …), so that a busy moment of the machine meets
both; the first start of each is told apart, since files may still come from the disk. Each run is a stage of its own on
the untouched image, and each waits for the one before by mounting what that one wrote. No run has a network unless it
is asked for. An image without Python is started by one that is copied from another image. Leaves building it to
``adapters.buildx.throw_away``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from fast_container.startup.subject import Subject

What = Literal["first", "time", "imports", "files"]

RESULT: Final = "runs.jsonl"
FAILURE_MARK: Final = "fast-container: the start failed: "
IMPORT_RUNS: Final = 5
MOST_RUNS: Final = 100
_PLACE: Final = "/.fast-container"
_OUT: Final = "/.fast-container-out"


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One start: of which subject, and what is observed."""

    subject: str
    what: What


def order_of_runs(subjects: Sequence[str], runs: int, with_imports: Sequence[str]) -> list[PlannedRun]:
    """List all runs in their order.

    Args:
        subjects: One name or two.
        runs: How often each is timed.
        with_imports: Those whose imports and files are looked at: with a Python of their own.
    """
    timed: list[What] = ["time"] * runs
    imports: list[What] = ["imports"] * min(runs, IMPORT_RUNS)
    rounds: list[What] = ["first", *timed, "files", *imports]
    return [
        PlannedRun(name, what)
        for turn, what in enumerate(rounds)
        for name in (subjects if turn % 2 == 0 else reversed(subjects))
        if what in {"first", "time"} or name in with_imports
    ]


def plan_json(subjects: Mapping[str, Subject], runs: Sequence[PlannedRun]) -> str:
    """Write the plan that ``startup.probe.start_once`` reads."""
    return json.dumps(
        {
            "subjects": {name: subject.as_json() for name, subject in subjects.items()},
            "runs": [{"subject": run.subject, "what": run.what} for run in runs],
            "failure_mark": FAILURE_MARK,
        }
    )


def dockerfile(
    subjects: Mapping[str, Subject], runs: Sequence[PlannedRun], *, python_image: str, network: str = "none"
) -> str:
    """Write the Dockerfile; its last stage holds ``RESULT`` and nothing else.

    Args:
        subjects: Name → image.
        runs: In their order.
        python_image: Where the Python for images without one comes from.
        network: ``none`` or ``default``.
    """
    lines: list[str] = []
    if any(not subject.python for subject in subjects.values()):
        lines += [
            f"FROM {python_image} AS python",
            "USER 0:0",
            f"RUN --mount=type=bind,target={_PLACE}/probe {_exec('python3', f'{_PLACE}/probe/bundle_python.py', _OUT)}",
        ]
    for number, run in enumerate(runs):
        subject = subjects[run.subject]
        earlier = [f"--mount=type=bind,from=run-{number - 1},source={_OUT},target={_PLACE}/earlier"] if number else []
        python = [] if subject.python else [f"--mount=type=bind,from=python,source={_OUT},target={_PLACE}/python"]
        mounts = [f"--mount=type=bind,target={_PLACE}/probe", *earlier, *python]
        arguments = (f"{_PLACE}/probe/start_once.py", str(number), _OUT, f"{_PLACE}/earlier/{RESULT}")
        lines += [
            f"FROM {subject.image} AS run-{number}",
            "USER 0:0",
            f"RUN --network={network} {' '.join(mounts)} {_exec(*_python(subject), '-I', '-S', '-B', *arguments)}",
        ]
    lines += ["FROM scratch", f"COPY --from=run-{len(runs) - 1} {_OUT}/{RESULT} /"]
    return "\n".join(lines) + "\n"


def _python(subject: Subject) -> tuple[str, ...]:
    if subject.python:
        return (subject.python,)
    bundle = f"{_PLACE}/python"
    return (f"{bundle}/loader", "--library-path", f"{bundle}/libraries", f"{bundle}/bin/python3")


def _exec(*words: str) -> str:
    return json.dumps(list(words))
