"""Answers of examinations, which run side by side and end in time.

Decides that an examination which does not end is an answer too, and that one which fails unexpectedly never takes the
others with it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from fast_container.errors import FastContainerError


class Level(Enum):
    """How much an answer matters."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one examination found.

    Attributes:
        subject: What was looked at.
        level: How much it matters.
        what: What was found.
        fix: What to do about it, or "".
    """

    subject: str
    level: Level
    what: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Examination:
    """One examination.

    Attributes:
        subject: What is looked at.
        ask: Looks; blocking.
        failed: What it means if that cannot be found out.
    """

    subject: str
    ask: Callable[[], Sequence[Answer]]
    failed: Level = Level.NOTE


def examine(examinations: Sequence[Examination], limit_s: float) -> list[Answer]:
    """Run examinations side by side; return their answers in order, after so many seconds at most.

    The threads of those that have not ended are left alone: they end with the process.
    """
    found: dict[int, Sequence[Answer]] = {}

    def run(number: int, one: Examination) -> None:
        try:
            found[number] = one.ask()
        except FastContainerError as error:
            what = " ".join(part for part in (error.what, error.why) if part)
            found[number] = [Answer(one.subject, one.failed, what, error.next_step)]
        except Exception as error:  # noqa: BLE001, RUF100 - the others go on
            found[number] = [
                Answer(one.subject, one.failed, f"could not be found out: {type(error).__name__}: {error}")
            ]

    threads = [
        threading.Thread(target=run, args=(number, one), daemon=True, name=one.subject)
        for number, one in enumerate(examinations)
    ]
    for thread in threads:
        thread.start()
    end_s = time.monotonic() + limit_s
    for thread in threads:
        thread.join(max(end_s - time.monotonic(), 0.0))
    late = [Answer("", Level.NOTE, f"no answer within {limit_s:.0f} s")]
    return [
        # One line each: what a tool said may have several.
        Answer(
            answer.subject or one.subject,
            answer.level if answer.subject else one.failed,
            " ".join(answer.what.split()),
            answer.fix,
        )
        for number, one in enumerate(examinations)
        for answer in found.get(number, late)
    ]
