"""``fast-container history``: the builds of one image.

Decides what a line says. Leaves selecting records to ``cli.recorded``, and those of other machines to
``cli.shared_history``.
"""

from __future__ import annotations

import argparse
import json

from fast_container.adapters.records.image_history import merged
from fast_container.cli.output import emit, say
from fast_container.cli.recorded import MOST as _MOST
from fast_container.cli.recorded import began_after, local_records, number
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
    last = _MOST if arguments.since else number(arguments.last, _USUAL_RECORDS)
    since = began_after(arguments.since)
    records = local_records(arguments.since)
    found = [record for record in records if record.name == arguments.image]
    names = {record.name for record in records}
    if not arguments.offline:
        # Half of the library, and the network.
        from fast_container.cli.shared_history import planned_images, shared_history  # noqa: PLC0415

        planned = planned_images(arguments.plan)
        names.update(planned)
        shared = shared_history(planned.get(arguments.image), found, most=last, since=since)
        found = merged(found, [record for record in shared if record.started >= since])
    if not found:
        raise ArgsError(
            f"There is no record of an image {arguments.image!r}.",
            property_path="IMAGE",
            why=_why(arguments, is_planned=arguments.image in names),
            next_step=did_you_mean(arguments.image, names - {arguments.image}),
        )
    found = found[-last:]
    if arguments.json:
        emit(json.dumps({"version": 1, "records": [record.document() for record in found]}) + "\n")
        return 0
    say(line for record in found for line in _lines(record, arguments.image))
    return 0


def _why(arguments: argparse.Namespace, *, is_planned: bool) -> str:
    places = "on this machine" if arguments.offline else "on this machine, and none is beside its image in the registry"
    if not is_planned and not arguments.offline:
        places = f"on this machine, and {arguments.plan or 'a plan file here'} does not have it"
    return f"no `pulumi up` has left one {places}" + (" since then" if arguments.since else "")


def _lines(record: BuildRecord, image: str) -> list[str]:
    size = megabytes(record.image_bytes) if record.image_bytes else ""
    other = f" as {record.name}" if record.name != image else ""
    lines = [f"{when(record.started, None)}  {record.key[:_KEY_CHARACTERS]}  {size:>7}  {record.summary()}{other}"]
    if record.reason:
        lines.append(f"{'':18}{record.reason}")
    return lines
