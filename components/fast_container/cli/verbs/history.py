"""``fast-container history``: the builds of one image.

Decides what a line says. Leaves selecting records to ``cli.recorded``.
"""

from __future__ import annotations

import argparse
import json

from fast_container.cli.output import emit, say
from fast_container.cli.recorded import local_records, number
from fast_container.core.records.record import BuildRecord
from fast_container.core.spelling import did_you_mean, megabytes
from fast_container.errors import ArgsError
from fast_container.report.text import when

_USUAL_RECORDS = 20
_KEY_CHARACTERS = 12


def run(arguments: argparse.Namespace) -> int:
    """Print the history of an image.

    Raises:
        ArgsError: An option has no sense, or there is no record of such an image.
    """
    last = number(arguments.last, _USUAL_RECORDS)
    records = local_records(arguments.since)
    found = [record for record in records if record.name == arguments.image]
    if not found:
        raise ArgsError(
            f"There is no record of an image {arguments.image!r}.",
            property_path="IMAGE",
            why="no `pulumi up` on this machine has built it" + (" since then" if arguments.since else ""),
            next_step=did_you_mean(arguments.image, {record.name for record in records}),
        )
    found = found if arguments.since else found[-last:]
    if arguments.json:
        emit(json.dumps({"version": 1, "records": [record.document() for record in found]}) + "\n")
        return 0
    say(line for record in found for line in _lines(record))
    return 0


def _lines(record: BuildRecord) -> list[str]:
    size = megabytes(record.image_bytes) if record.image_bytes else ""
    lines = [f"{when(record.started, None)}  {record.key[:_KEY_CHARACTERS]}  {size:>7}  {record.summary()}"]
    if record.reason:
        lines.append(f"{'':18}{record.reason}")
    return lines
