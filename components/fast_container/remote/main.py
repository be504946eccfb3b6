"""One remote build, from its plan to the verified tags of its images.

A composition root (its environment is CodeBuild's). Decides the order and the exit codes: 0 built or found, 1 failed,
3 chunks of the sources are missing or damaged and must be uploaded again. Several images are built one after the other
with one BuildKit; the end of each is its own. Leaves everything else to ``build.pipeline``.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from fast_container.adapters.clock import SystemClock
from fast_container.adapters.records.shared_records import SharedRecords
from fast_container.build.pipeline import publish
from fast_container.core.ports import BuildJob, ContextSource
from fast_container.core.records.phases import PhaseSeconds
from fast_container.core.records.record import BuildRecord
from fast_container.core.remote import log_lines
from fast_container.core.remote.plan import RemotePlan, read_plans
from fast_container.errors import BuildFailed, FastContainerError
from fast_container.remote.chunks import ChunksUnusable, fetch_contexts
from fast_container.remote.machine import Machine
from fast_container.remote.phases import PhaseTimes
from fast_container.remote.sources import WithSources, fetched_meanwhile

EXIT_FAILED = 1
EXIT_CHUNKS_UNUSABLE = 3
PLAN_FILE = "plan.json"
_RECORD_S = 10.0
BUILD_ID = "CODEBUILD_BUILD_ID"

Say = Callable[[str, object], None]
"""Prints one marked line at once: its kind and its content."""


class LineReporter:
    """Satisfies ``core.ports.Reporter`` on standard output; at most one progress line a second.

    Args:
        say: Prints a marked line about the image.
    """

    def __init__(self, say: Say) -> None:
        self._say = say
        self._last_s = 0.0

    def progress(self, line: str) -> None:
        """Print a marked line of progress."""
        if time.monotonic() - self._last_s >= 1.0:
            self._last_s = time.monotonic()
            self._say(log_lines.PROGRESS, line)

    def note(self, line: str) -> None:
        """Print a marked line with a note."""
        self._say(log_lines.NOTE, line)

    def warn(self, line: str) -> None:
        """Print a marked line with a warning."""
        self._say(log_lines.WARNING, line)


def main(launched: Mapping[str, tuple[float, float]] = MappingProxyType({}), s3: Any = None) -> int:
    """Build what ``plan.json`` in the source directory describes; return the build's exit code.

    Args:
        launched: When the phases before this began and ended.
        s3: An existing client of S3.
    """
    source = Path(os.environ.get("CODEBUILD_SRC_DIR") or Path.cwd())
    try:
        plans = read_plans((source / PLAN_FILE).read_bytes())
        return asyncio.run(build_all(plans, os.environ, PhaseTimes(launched), s3))
    except FastContainerError as error:
        say(log_lines.FAILED, failure(error))
        return EXIT_FAILED


async def build_all(
    plans: Sequence[RemotePlan], environment: Mapping[str, str], times: PhaseTimes, s3: Any = None
) -> int:
    """Build one image after the other; return the build's exit code.

    Raises:
        FastContainerError: What all of them need cannot be had.
    """
    with tempfile.TemporaryDirectory(prefix="fast-container-") as folder:
        machine = Machine.of(plans[0], environment, Path(folder), times, s3)
        machine.buildkit.begin(plans[0].job.recipe, LineReporter(say))
        try:
            if len(plans) == 1:
                return await build_one(plans[0], machine, say)
            return await build_each(plans, machine)
        finally:
            await machine.buildkit.end()


async def build_each(plans: Sequence[RemotePlan], machine: Machine) -> int:
    """Build several images; the failure of one, whatever it is, does not touch the others."""
    codes: list[int] = []
    for number, plan in enumerate(plans, start=1):
        say_of = partial(say_about, log_lines.image_name(plan.job.key.hex, plan.job.repository_url))
        say_of(log_lines.PROGRESS, f"begins as image {number} of {len(plans)} of this build")
        try:
            codes.append(await build_one(plan, machine, say_of, turn_s=machine.times.elapsed_s))
        except Exception as error:  # noqa: BLE001, RUF100 - the others are built all the same
            traceback.print_exc()
            say_of(log_lines.FAILED, {"what": f"The build of {plan.job.name} failed unexpectedly.", "why": repr(error)})
            codes.append(EXIT_FAILED)
    return EXIT_FAILED if EXIT_FAILED in codes else max(codes)


async def build_one(plan: RemotePlan, machine: Machine, say: Say, turn_s: float | None = None) -> int:
    """Build an image and say how it ended; return its exit code.

    Args:
        plan: The image.
        machine: What builds it.
        say: Prints a line about it.
        turn_s: How long it waited for the images before it, or None if it is alone.
    """
    try:
        record = await build(plan, machine, say)
    except ChunksUnusable as chunks:
        say(log_lines.CHUNKS_UNUSABLE, {"absent": chunks.absent, "damaged": chunks.damaged})
        return EXIT_CHUNKS_UNUSABLE
    except FastContainerError as error:
        say(log_lines.FAILED, failure(error))
        return EXIT_FAILED
    built = {"digest": record.digest, "steps": record.steps, "cached": record.steps_cached}
    waited = {} if turn_s is None else {"turn_s": round(turn_s, 1)}
    told = {"pushed": record.pushed_bytes, "record": record.to_json(), **waited}
    say(log_lines.BUILT, {**built, **told, **checks_said(plan.job, record.digest, machine.environment)})
    if plan.job.leaves_record is not None and record.outcome == "built":
        leave_record(record, plan.job.leaves_record, machine, say)
    return 0


def checks_said(job: BuildJob, digest: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of the last line that say by which settings an image was checked; none without checks."""
    build_id = environment.get(BUILD_ID, "")
    if job.checks is None or not build_id:
        return {}
    checked = job.checks.fingerprint
    image = log_lines.image_name(job.key.hex, job.repository_url)
    return {"checked": checked, "proof": log_lines.checked_proof(build_id, image, digest, checked)}


async def build(plan: RemotePlan, machine: Machine, say: Say) -> BuildRecord:
    """Fetch and check, while BuildKit starts and the registry is asked; build, push, verify, tag."""
    reporter = LineReporter(say)
    job = machine.job_of(plan)
    registry = machine.registries.repository(job.repository_url)
    with tempfile.TemporaryDirectory(prefix="image-", dir=machine.folder) as folder:

        def fetch() -> Mapping[str, ContextSource]:
            with machine.times.phase("sources: fetch and check"):
                return fetch_contexts(plan, machine.s3, Path(folder) / "contexts")

        try:
            async with fetched_meanwhile(fetch) as contexts:
                with machine.times.phase("publish"):
                    return await publish(
                        job,
                        registry,
                        WithSources(machine.buildkit, contexts),
                        reporter,
                        SystemClock(),
                        executor_name="codebuild",
                        looks=machine.looks,
                        content_checks=machine.content_checks,
                    )
        finally:
            print_logs(machine.logs)
            say(log_lines.TIMES, machine.times.content())


def leave_record(record: BuildRecord, known: BuildRecord, machine: Machine, say: Say) -> None:
    """Put the record of a build that is not awaited beside its image.

    Args:
        record: What happened here.
        known: What the program knew when it started the build.
        machine: Has the registry.
        say: Gets a line if that is not possible.
    """
    waited_s = max(record.started - known.started, 0.0)
    complete = replace(record, reason=known.reason, origin=known.origin, previous=known.previous, started=known.started)
    complete = replace(complete, waited_s=waited_s, phases=record.phases + PhaseSeconds(queued=round(waited_s, 3)))
    shared = SharedRecords(machine.registries.oci_blocking, lambda line: say(log_lines.NOTE, line))
    shared.begin(complete)
    shared.end(_RECORD_S)


def failure(error: FastContainerError) -> dict[str, object]:
    """Return the fields from which the watcher raises the same error."""
    found: dict[str, object] = {"what": error.what, "why": error.why, "next": error.next_step, "where": error.where}
    found["type"] = type(error).__name__
    if isinstance(error, BuildFailed):
        found |= {"step": error.step, "exit_code": error.exit_code, "last_lines": list(error.last_lines)}
    return found


def print_logs(folder: Path) -> None:
    """Print the full log of BuildKit into the build's own log, once."""
    for path in sorted(folder.glob("*.log")):
        sys.stdout.write(log_lines.as_plain(path.read_text(encoding="utf-8", errors="replace")))
        path.unlink()
    sys.stdout.flush()


def say_about(image: str, kind: str, content: object) -> None:
    """Print one marked line about one image of several at once."""
    sys.stdout.write(log_lines.write_line_of(image, kind, content) + "\n")
    sys.stdout.flush()


def say(kind: str, content: object) -> None:
    """Print one marked line at once."""
    sys.stdout.write(log_lines.write_line(kind, content) + "\n")
    sys.stdout.flush()
