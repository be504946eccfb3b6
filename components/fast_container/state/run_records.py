"""The records of one ``up``: kept as each image is done, said in three lines at its end.

Decides that records never fail or hold up a deploy: what goes wrong with them is one warning. An image that the engine
left as it was gets a record too, at the end. A preview has none. Leaves what a record holds to ``core.records``,
keeping it to ``adapters.records``, and the lines to ``report``, which is imported when there are lines.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import time
import weakref
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Protocol

import pulumi
from pulumi.runtime import settings
from pulumi.runtime.mocks import MockMonitor

from fast_container.adapters.git import working_tree_state
from fast_container.adapters.otlp import is_wanted
from fast_container.adapters.records.export_history import ExportHistory, read_history
from fast_container.adapters.records.local_records import LocalRecords
from fast_container.adapters.records.outbox import Outbox
from fast_container.adapters.records.shared_records import SharedRecords
from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.adapters.threads import in_thread
from fast_container.core.caches.exports import CacheExportPolicy
from fast_container.core.ports import BuildJob, Manifest
from fast_container.core.records.origin import Origin, of_ci
from fast_container.core.records.record import BuildRecord
from fast_container.errors import FastContainerError
from fast_container.insight.ci_summary import RunSummary
from fast_container.insight.page import PageError, write_page
from fast_container.report.runs import Run
from fast_container.state.engine_log import debug_engine, say_to_engine
from fast_container.state.prepared_image import PreparedImage
from fast_container.state.sdk_patches import call_at_end

_MORE: Final = "fast-container report --last 1"
_WAIT: Final = "FAST_CONTAINER_RECORDS_WAIT_S"
_USUAL_WAIT_S: Final = 0.2
_LEARN_S: Final = 3.0


class RunReader(Protocol):
    """Gets the records of a run at its end."""

    def begin(self, run: Run) -> None:
        """Begin with a run; return at once."""

    def end(self) -> str:
        """Come to an end, within seconds; return what went wrong, in one line, or ""."""
        ...


@dataclass(slots=True)
class _Declared:
    """One image, and whether the engine has come to its record."""

    prepared: asyncio.Future[PreparedImage]
    urn: asyncio.Future[Any]

    def deployed(self) -> PreparedImage | None:
        """The image, if its record is made; None otherwise."""
        for future in (self.prepared, self.urn):
            if not future.done() or future.cancelled() or future.exception() is not None:
                return None
        return self.prepared.result() if self.urn.result() else None


@dataclass(slots=True)
class RunRecords:
    """The records of one run.

    Attributes:
        kept: Where they are kept; None keeps nothing (a preview, a unit test).
        stack: ``project/stack``.
        environment: For the variables of a CI system.
        say: Shows a line at the end of the run, on the stack's row.
        warn: Shows a warning likewise.
        shared: The records beside the images.
        readers: Those who get the run's records too.
    """

    kept: LocalRecords | None
    stack: str
    environment: Mapping[str, str]
    say: Callable[[str], object]
    warn: Callable[[str], object]
    shared: SharedRecords
    readers: list[RunReader] = field(default_factory=list[RunReader])
    run: str = field(default_factory=lambda: secrets.token_hex(6))
    started: float = field(default_factory=time.time)
    _records: list[BuildRecord] = field(default_factory=list[BuildRecord])
    _declared: list[_Declared] = field(default_factory=list[_Declared])
    _cache_history: dict[tuple[str, str], ExportHistory] = field(default_factory=dict[tuple[str, str], ExportHistory])
    _origin: asyncio.Future[Origin] | None = None
    _has_warned: bool = False
    _learning: list[asyncio.Future[None]] = field(default_factory=list[asyncio.Future[None]])
    _under_way: int = 0
    _told: int = 0

    def declare(self, prepared: asyncio.Future[PreparedImage], urn: asyncio.Future[Any]) -> None:
        """Note an image of the program."""
        if self.kept is not None:
            self._declared.append(_Declared(prepared, urn))

    @asynccontextmanager
    async def failure_of(self, image: PreparedImage) -> AsyncGenerator[None]:
        """Record it if the image cannot be published."""
        started = time.time()
        self._under_way += 1
        try:
            yield
        except FastContainerError as error:
            await self.add(_record(image, "failed", started, time.time() - started, reason=error.what))
            if self._under_way == 1:
                # The engine ends the program's process when the last hook has failed.
                await in_thread(self._tell)
                await in_thread(self.shared.keep_waiting)
            raise
        finally:
            self._under_way -= 1

    async def with_cache_export(self, job: BuildJob, policy: CacheExportPolicy, digest: str) -> BuildJob:
        """Decide whether a build exports its cache, by the records of those before it.

        Args:
            job: The build.
            policy: Its builder's.
            digest: Of the image before, or "".
        """
        if not job.cache_to:
            return job
        shared = self.shared if policy == "adaptive" else None
        history = await in_thread(read_history, job, self.kept, shared, digest)
        self._cache_history[job.name, job.repository_url] = history
        return history.decided(job, policy)

    async def add(
        self,
        record: BuildRecord,
        inputs: bytes | None = None,
        manifest: Manifest | None = None,
        bases: Iterable[str] = (),
    ) -> None:
        """Keep the record of an image that is done; with the inputs manifest of its key, if it was built.

        ``manifest`` is the image's, where it is known; ``bases`` are the build keys of its base images.
        """
        if self.kept is None:
            return
        complete = replace(record, origin=await self._asked_origin())
        complete = self._cache_history.get((record.name, record.repository_url), ExportHistory()).measured(complete)
        self._records.append(complete)
        if record.outcome != "failed":
            self.shared.resume(record.repository_url)
        if record.outcome == "built":
            self.shared.begin(complete, inputs, manifest, bases)
        await in_thread(self._keep, [complete])

    async def template(self, image: PreparedImage, reason: str, previous: str) -> BuildRecord | None:
        """Return what is known of a build that is only started, for the machine that ends it; None keeps nothing."""
        if self.kept is None:
            return None
        record = _record(image, "built", time.time(), 0.0, reason)
        return replace(record, origin=await self._asked_origin(), previous=previous)

    def learn(self, record: BuildRecord, inputs: bytes | None, bases: Iterable[str]) -> None:
        """Begin to read the record that a build has left beside its image which an earlier run had only started."""
        if self.kept is not None:
            self._learning.append(asyncio.ensure_future(self._learn(record, inputs, tuple(bases))))

    async def _learn(self, record: BuildRecord, inputs: bytes | None, bases: tuple[str, ...]) -> None:
        with suppress(FastContainerError):
            beside = await in_thread(self.shared.records_of, record.repository_url, [record.digest])
            found = [replace(one, log_path="") for one in beside if one.key == record.key and one.outcome == "built"]
            await in_thread(self._keep, found)
            for one in found:
                self.shared.begin(one, inputs, None, bases)

    async def end(self) -> None:
        """Come to an end, at the end of the program."""
        if self._learning:
            await asyncio.wait(self._learning, timeout=_LEARN_S)
        await in_thread(self.end_blocking)

    def end_blocking(self) -> None:
        """Record what is unchanged, show the run's lines, and tell the readers; nothing the second time."""
        self._tell()
        self.shared.end(self._wait_s())

    def _tell(self) -> None:
        if self.kept is None:
            return
        self._note_unchanged()
        if self._told == len(self._records):
            return
        self._told = len(self._records)
        run = Run(self.run, tuple(self._records))
        for reader in self.readers:
            reader.begin(run)
        if run.counts()["unchanged"] != len(run.records):
            from fast_container.report.run_lines import run_lines  # noqa: PLC0415 - see the module

            for line in run_lines(run, self._page() or _MORE):
                self.say(line)
        for reader in self.readers:
            if wrong := reader.end():
                self.warn(wrong)

    def _note_unchanged(self) -> None:
        known = {(record.name, record.repository_url) for record in self._records}
        origin = self._records[0].origin if self._records else self._of_ci()
        deployed = [image for one in self._declared if (image := one.deployed()) and image.known]
        unchanged = [
            replace(_record(image, "unchanged", self.started, 0.0), origin=origin)
            for image in deployed
            if (image.selected.declared.name, image.repository_url) not in known
        ]
        self._records += unchanged
        self._keep(unchanged)

    def _page(self) -> str:
        assert self.kept is not None
        try:
            return write_page(self.kept, self.stack, self.environment)
        except PageError as error:
            self.warn(str(error))
            return ""

    def _wait_s(self) -> float:
        """Seconds that the end waits for records that are not beside their images yet."""
        try:
            return max(float(self.environment.get(_WAIT, _USUAL_WAIT_S)), 0.0)
        except ValueError:
            return _USUAL_WAIT_S

    def _of_ci(self) -> Origin:
        return replace(of_ci(self.environment), run=self.run, stack=self.stack)

    async def _asked_origin(self) -> Origin:
        if self._origin is None:
            self._origin = asyncio.ensure_future(in_thread(self._ask))
        return await self._origin

    def _ask(self) -> Origin:
        told = self._of_ci()
        if told.commit:
            return told
        state = working_tree_state(Path.cwd(), self.environment)
        return replace(told, commit=state.commit, branch=told.branch or state.branch, dirty=state.dirty)

    def _keep(self, records: list[BuildRecord]) -> None:
        assert self.kept is not None
        try:
            self.kept.append(self.run, self.started, records)
        except OSError as error:
            self._warn_once(f"the records of this run cannot be kept: {error}")

    def _warn_once(self, message: str) -> None:
        if not self._has_warned:
            self._has_warned = True
            self.warn(message)


def records_of_run(cache: Path, registry_of: Callable[[str], OciRegistry]) -> RunRecords:
    """Begin the records of the running program; they end with it.

    Args:
        cache: The user's cache folder.
        registry_of: Returns the client of ``host/name``.
    """
    monitor, engine = settings.get_monitor(), settings.get_engine()
    is_kept = not settings.is_dry_run() and not isinstance(monitor, MockMonitor)
    records = RunRecords(
        LocalRecords(cache) if is_kept else None,
        f"{pulumi.get_project()}/{pulumi.get_stack()}",
        dict(os.environ),
        lambda line: say_to_engine(engine, line),
        lambda line: say_to_engine(engine, line, is_warning=True),
        SharedRecords(registry_of, debug_engine, Outbox(cache)),
    )
    if is_kept:
        records.readers.append(RunSummary(records.environment))
        if is_wanted(records.environment):
            from fast_container.insight.spans import RunSpans  # noqa: PLC0415 - seldom wanted

            records.readers.append(RunSpans(records.environment, records.started))
        call_at_end(records.end)
        weakref.finalize(monitor, records.end_blocking)
    return records


def _record(image: PreparedImage, outcome: Any, started: float, duration_s: float, reason: str = "") -> BuildRecord:
    declared = image.selected.declared
    return BuildRecord(
        name=declared.name,
        repository_url=image.repository_url,
        key=image.selected.key.hex,
        digest="",
        outcome=outcome,
        started=started,
        duration_s=duration_s,
        executor=image.builder.kind if outcome == "failed" else "",
        platform=declared.recipe.platform,
        reason=reason,
    )
