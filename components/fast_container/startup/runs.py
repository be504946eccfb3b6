"""What the runs wrote down: one JSON object a line.

Decides what a run says, and how a start that failed is told. Leaves medians to ``startup.summary``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from fast_container.core.json_document import parse_object
from fast_container.startup.files_read import FilesRead, read_files
from fast_container.startup.import_times import ImportTime, parse_import_times

_NOT_IN_TIME: Final = {
    "lambda": "it never asked the Runtime API for an event; Lambda ends an initialisation after 10 s and repeats it in"
    " the first invocation",
    "service": "it never listened on a port; of a program that does not, a module can be imported",
    "module": "its import never came to an end",
}


@dataclass(frozen=True, slots=True)
class Run:
    """One start that came to its end.

    Attributes:
        subject: Of which image.
        what: ``first``, ``time``, ``imports`` or ``files``.
        start_s: From the start of the process until it had started.
        peak_bytes: The most memory that its processes had, together.
        imports: What was imported; empty unless ``imports``.
        files: What was read; None unless ``files``.
    """

    subject: str
    what: str
    start_s: float
    peak_bytes: int
    imports: tuple[ImportTime, ...] = ()
    files: FilesRead | None = None


@dataclass(frozen=True, slots=True)
class FailedStart:
    """A start that failed.

    Attributes:
        subject: Of which image.
        what: One sentence.
        why: What is known of the cause.
        last_lines: The end of what the program wrote.
    """

    subject: str
    what: str
    why: str
    last_lines: tuple[str, ...]


def read_runs(text: str) -> list[Run] | FailedStart:
    """Read the runs, or the start that failed.

    Raises:
        ValueError: It is not what the probe writes.
    """
    found: list[Run] = []
    for line in text.splitlines():
        fields = parse_object(line.encode())
        if "failure" in fields:
            return _failed(fields)
        found.append(_run(fields))
    if not found:
        raise ValueError("there is not a single run")
    return found


def _run(fields: Mapping[str, Any]) -> Run:
    try:
        what = str(fields["what"])
        lines = cast("Sequence[str]", fields.get("import_lines", ()))
        return Run(
            str(fields["subject"]),
            what,
            int(fields["ready_ns"]) / 1e9,
            int(fields["peak_bytes"]),
            tuple(parse_import_times(lines)) if what == "imports" else (),
            read_files(fields) if what == "files" else None,
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"a run lacks {error}") from None


def _failed(fields: Mapping[str, Any]) -> FailedStart:
    kind, why = str(fields["failure"]), str(fields.get("why", ""))
    what = {
        "exited": f"The program ended before it had started ({why}).",
        "timeout": "The program had not started when its time was over.",
        "init_error": "The function reported an error of its initialisation.",
        "not_started": "The program could not be run.",
    }.get(kind, f"The start failed: {kind}.")
    said = {"exited": "", "timeout": _NOT_IN_TIME.get(str(fields.get("kind", "")), "")}.get(kind, why)
    lines = tuple(str(fields.get("output", "")).splitlines()[-20:])
    return FailedStart(str(fields.get("subject", "")), what, said, lines)
