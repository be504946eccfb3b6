"""``LocalBuilder``: builds with this machine's buildx.

Decides its limits, and where full logs go. Leaves building to ``adapters.buildx``, the warnings about platforms in
preview to ``emulation``, and the questions of images to every builder to ``builder_interface``. What builds is imported
when something is to be built.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, get_args

import pulumi

from fast_container.args import DEFAULT_TIMEOUT_S, check_timeout
from fast_container.build.scheduler import default_parallel
from fast_container.builder_arguments import check_access, checked_cache
from fast_container.builder_interface import Builder, CheckRegistry, ExecutorNeeds
from fast_container.core.aws_access import AwsAccess
from fast_container.core.cache_folder import cache_folder
from fast_container.core.caches.exports import CacheExportPolicy
from fast_container.core.ports import Executor
from fast_container.core.registry_cache import RegistryCache
from fast_container.emulation import Emulation
from fast_container.errors import FastContainerError
from fast_container.shapes import PathInput, check_choice, check_count, check_path, check_string, refused_as_one_line


class LocalBuilder(Builder):
    """Builds with the BuildKit that this machine's buildx knows.

    Args:
        name: A buildx builder (``docker buildx ls``); default the current one. It must be able to push by digest;
            fast-container never creates a builder.
        max_parallel: Images built at once; default two a core, at least 4 and at most 16.
        timeout_s: Seconds after which a build is stopped if its image has no ``timeout_s`` of its own.
        cache: Import and export a registry cache (or an Output of one); without one, only what BuildKit keeps itself
            is cached.
        cache_export: ``adaptive`` leaves out exports of caches that take longer than what imports save, as earlier
            builds say; ``never`` only imports (docs/reference.md).
        aws: How to reach AWS if the stack's ``aws:`` configuration does not say it, such as with an explicit
            ``aws.Provider`` that assumes a role.
        check_registry: ``always`` looks up the images that have not changed too, so that one which was deleted or
            replaced in the registry is noticed without ``--refresh``: one call a repository for every 100 images.
        log_dir: Where full build logs go; default a folder ``fast-container/logs`` of the user's cache.
        export_records: A folder for BuildKit's own record of each build, ``.dockerbuild``, which Docker Desktop opens;
            default none.

    Raises:
        pulumi.RunError: An argument cannot be right.
    """

    kind: ClassVar[str] = "local"
    reads_secrets: ClassVar[bool] = False

    @refused_as_one_line("LocalBuilder")
    def __init__(
        self,
        *,
        name: str | None = None,
        max_parallel: int | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        cache: pulumi.Input[RegistryCache] | None = None,
        cache_export: CacheExportPolicy = "always",
        aws: AwsAccess | None = None,
        check_registry: CheckRegistry = "changed",
        log_dir: PathInput | None = None,
        export_records: PathInput | None = None,
    ) -> None:
        try:
            if name is not None:
                check_string(name, "name", may_be_empty=False)
            if max_parallel is not None:
                check_count(max_parallel, "max_parallel", least=1)
            timeout_s = check_timeout(timeout_s, "timeout_s")
            cache = checked_cache(cache)
            check_choice(cache_export, "cache_export", get_args(CacheExportPolicy))
            check_access(aws, "aws")
            check_choice(check_registry, "check_registry", get_args(CheckRegistry))
            if log_dir is not None:
                log_dir = check_path(log_dir, "log_dir")
            if export_records is not None:
                export_records = check_path(export_records, "export_records")
        except FastContainerError as error:
            raise pulumi.RunError(f"LocalBuilder: {error}") from None
        self.name = name
        self.wait, self.check_registry = True, check_registry
        self.timeout_s = timeout_s
        self.max_parallel = max_parallel or default_parallel(os.cpu_count())
        self.aws = aws
        self.cache, self.cache_export = cache, cache_export
        self._log_dir = log_dir
        self._export_records = Path(export_records).absolute() if export_records is not None else None
        self._emulation = Emulation(name)

    @property
    def log_dir(self) -> Path:
        """The folder of full build logs."""
        return Path(self._log_dir) if self._log_dir else cache_dir() / "logs"

    async def cannot_run(self, platforms: Sequence[str]) -> Sequence[str]:
        """Return warnings as ``Builder.cannot_run``; buildx is asked."""
        return await self._emulation.missing(platforms)

    async def emulated(self, platforms: Sequence[str]) -> Sequence[str]:
        """Return platforms as ``Builder.emulated``; buildx is asked."""
        return await self._emulation.emulated(platforms)

    async def executor(self, key: str, access: AwsAccess, needs: ExecutorNeeds) -> Executor:
        """Make an executor as ``Builder.executor``."""
        from fast_container.adapters.buildx.executor import BuildxExecutor  # noqa: PLC0415 - see the module
        from fast_container.adapters.process.shared_guard import SharedGuard  # noqa: PLC0415

        return BuildxExecutor(
            builder_name=self.name,
            environment=os.environ,
            log_dir=self.log_dir,
            credentials=needs.push_credentials,
            guard=SharedGuard(),
            export_records=self._export_records,
        )


def cache_dir() -> Path:
    """Return the user's cache folder by this process's environment."""
    return cache_folder(os.environ)
