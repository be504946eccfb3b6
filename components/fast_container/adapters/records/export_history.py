"""The records that a cache export is decided by: this machine's of an image, and those beside the image before it.

Decides how far back is read, and that whatever cannot be read counts as absent: then the cache is exported as without
records. Leaves the decision to ``core.caches.exports``. Blocking.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from fast_container.adapters.records.local_records import LocalRecords
from fast_container.adapters.records.shared_records import SharedRecords
from fast_container.core.caches.exports import CacheExportPolicy, decide, exports_of, full_mode, merged
from fast_container.core.caches.savings import with_savings
from fast_container.core.ports import BuildJob
from fast_container.core.records.record import BuildRecord
from fast_container.errors import FastContainerError

_RUNS_READ: Final = 20


@dataclass(frozen=True, slots=True)
class ExportHistory:
    """The records of one image's earlier builds that had a cache.

    Attributes:
        here: This machine's, the oldest first.
        others: Those beside the image before it.
    """

    here: tuple[BuildRecord, ...] = ()
    others: tuple[BuildRecord, ...] = ()

    def decided(self, job: BuildJob, policy: CacheExportPolicy) -> BuildJob:
        """A job that exports its cache as it is decided, and says so; one without a cache is left as it is."""
        full = full_mode(job.cache_to)
        if full == "none":
            return job
        histories = [
            record.cache_export.samples for record in (*self.others, *self.here) if record.cache_export is not None
        ]
        decision = decide(policy, merged(*histories), full)
        return replace(job, cache_to=exports_of(decision, job.cache_to), cache_export=decision)

    def measured(self, record: BuildRecord) -> BuildRecord:
        """The record of a build that is done, with what its cache took and saved."""
        if record.outcome != "built" or record.cache_export is None:
            return record
        return with_savings(record, record.cache_export, self.here, self.others)


def read_history(job: BuildJob, local: LocalRecords | None, shared: SharedRecords | None, digest: str) -> ExportHistory:
    """Read the history of a job's image.

    Args:
        job: The image.
        local: This machine's records; None for none.
        shared: The records beside images; None for none.
        digest: Of the image before it, or "".
    """
    here = () if local is None else local.builds_of(job.name, job.repository_url, last=_RUNS_READ)
    others: list[BuildRecord] = []
    if shared is not None and digest.startswith("sha256:"):
        try:
            others = [
                record
                for record in shared.records_of(job.repository_url, [digest])
                if record.outcome == "built" and record.cache_export is not None
            ]
        except FastContainerError:
            others = []
    known = {(record.started, record.key) for record in here}
    return ExportHistory(here, tuple(record for record in others if (record.started, record.key) not in known))
