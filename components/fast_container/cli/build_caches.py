"""The registry cache of the builds of ``warm``, and their records.

Decides where ``--cache`` lies, that ``--cache-export`` is decided as in ``pulumi up``, and that each build leaves a
record on this machine. Leaves the decision to ``core.caches.exports``.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from fast_container.adapters.records.export_history import ExportHistory, read_history
from fast_container.adapters.records.local_records import LocalRecords
from fast_container.cli.output import complain
from fast_container.core.cache_folder import cache_folder
from fast_container.core.caches.exports import CacheExportPolicy
from fast_container.core.oci.repository import Repository, is_host, is_repository_name
from fast_container.core.ports import BuildJob
from fast_container.core.records.origin import of_ci
from fast_container.core.records.record import BuildRecord
from fast_container.core.registry_cache import RegistryCache
from fast_container.errors import ArgsError


@dataclass(slots=True)
class BuildCaches:
    """The caches and records of one command.

    Attributes:
        cache: The registry cache; None without one.
        policy: Whether it is exported.
        environment: For the variables of a CI system, and the cache folder.
    """

    cache: RegistryCache | None
    policy: CacheExportPolicy
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    run: str = field(default_factory=lambda: secrets.token_hex(6))
    started: float = field(default_factory=time.time)
    _histories: dict[tuple[str, str], ExportHistory] = field(default_factory=dict[tuple[str, str], ExportHistory])

    @property
    def _kept(self) -> LocalRecords:
        return LocalRecords(cache_folder(self.environment))

    def of(self, job: BuildJob) -> BuildJob:
        """A job with the cache that it imports, and exports if that is decided. Blocking."""
        if self.cache is None:
            return job
        job = replace(job, cache_from=self.cache.imports(job.name), cache_to=self.cache.exports(job.name))
        history = read_history(job, self._kept, None, "")
        self._histories[job.name, job.repository_url] = history
        return history.decided(job, self.policy)

    def keep(self, record: BuildRecord) -> None:
        """Keep the record of an image that is done. Blocking."""
        complete = replace(record, origin=replace(of_ci(self.environment), run=self.run))
        complete = self._histories.get((record.name, record.repository_url), ExportHistory()).measured(complete)
        try:
            self._kept.append(self.run, self.started, [complete])
        except OSError as error:
            complain(f"fast-container: the record of {record.name} cannot be kept: {error}")


def build_caches(url: str | None, branch: str, policy: CacheExportPolicy) -> BuildCaches:
    """The caches of ``--cache``, ``--cache-branch`` and ``--cache-export``.

    Raises:
        ArgsError: The first is not a repository.
    """
    if url is None:
        return BuildCaches(None, policy)
    found = Repository.parse(url)
    if not is_host(found.host) or not is_repository_name(found.name):
        raise ArgsError(
            f"{url!r} is not a repository.",
            property_path="--cache",
            why="the form is host/name, without a tag",
            next_step="Give a repository with mutable tags, another one than that of the images.",
        )
    return BuildCaches(RegistryCache(url, branch=branch), policy)
