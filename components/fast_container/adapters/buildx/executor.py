"""Builds an image with a local buildx and pushes it by digest; satisfies ``core.ports.Executor``.

Decides the order of one build and the meaning of its end. Secrets and tokens are in private files that are removed
afterwards, even if this program is killed. Leaves which buildx to ``adapters.buildx.builder``, its files and arguments
to ``adapters.buildx.command``, reading progress to ``adapters.buildx.progress``, and the key tag to the pipeline.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from fast_container.adapters.buildx.build_log import BuildLog, remove_old_logs
from fast_container.adapters.buildx.build_record import export_record
from fast_container.adapters.buildx.builder import Builder, find_builder
from fast_container.adapters.buildx.builder_clock import BuilderClock, ClockDiffers
from fast_container.adapters.buildx.command import slug_of, write_job
from fast_container.adapters.buildx.ending import failure, is_lost, pushed_digest, refused_by_machine
from fast_container.adapters.buildx.progress import BuildProgress, Scrubber
from fast_container.adapters.buildx_inputs import passed_variables
from fast_container.adapters.digests.mount_table import MountTable
from fast_container.adapters.docker_config import DockerConfig, private_docker_config
from fast_container.adapters.process.child import Guard, run
from fast_container.adapters.process.private_directory import private_directory, remove_abandoned, secret_directory
from fast_container.adapters.threads import entered_in_thread, in_thread
from fast_container.core.oci.repository import host_of
from fast_container.core.ports import BuildJob, BuiltImage, Credentials, Reporter
from fast_container.core.records.steps import public_text
from fast_container.errors import BuilderError, BuildFailed

_TICK_S = 1.0
# A client lives for a moment, of which a fifth would go to looking for garbage.
_DEFAULTS: Final = {"GOGC": "400"}
# Buildx's answer has no provenance in it, so it need not start git to find out where a context comes from.
_CONSTANTS: Final = {"BUILDX_METADATA_PROVENANCE": "disabled", "BUILDX_GIT_INFO": "false"}


@dataclass(frozen=True, slots=True)
class _Places:
    """What one build reads: its private directories, buildx's arguments and variables, and Docker's configuration."""

    directory: Path
    secrets: Path
    arguments: tuple[str, ...]
    config: DockerConfig
    variables: Mapping[str, str]
    staging_s: float


class BuildxExecutor:
    """The local executor.

    Args:
        builder_name: A buildx builder; the current one by default. fast-container never creates a builder.
        environment: The user's environment: for Docker's and buildx's configuration, proxies and PATH.
        log_dir: Where full build logs go; made when absent. Logs older than 14 days are removed.
        credentials: Registry host → what is needed beyond the user's Docker configuration; called in a thread.
        guard: Guards all builds; by default each has its own.
        export_records: Folder for BuildKit's own records of builds; None exports none.
    """

    def __init__(
        self,
        builder_name: str | None,
        environment: Mapping[str, str],
        log_dir: str | Path,
        *,
        credentials: Callable[[str], Credentials | None] = lambda _: None,
        guard: Guard | None = None,
        export_records: Path | None = None,
    ) -> None:
        self._export_records = export_records
        self._builder_name = builder_name
        self._environment = _DEFAULTS | passed_variables(environment)
        self._log_dir = Path(log_dir)
        self._credentials = credentials
        self._builder: Builder | None = None
        self._finding = asyncio.Lock()
        self._clock_ahead_s = 0.0
        self._guard = guard
        self._mounts = MountTable()
        self._has_told_proxies = False

    async def prepare(self, reporter: Reporter) -> None:
        """Look for BuildKit before there is something to build.

        Raises:
            BuilderError: There is no BuildKit to build with.
        """
        await self._fit_builder(reporter)

    async def build(self, job: BuildJob, reporter: Reporter) -> BuiltImage:
        """Build and push by digest.

        Raises:
            BuildFailed: The build ran and failed, or took too long.
            BuilderError: There is no BuildKit to build with.
            ContextError: A file changed since it was hashed.
            AuthError: No credentials could be had for the registry.
        """
        if job.secret_references:
            raise BuilderError(
                f"The local builder does not read secrets of AWS ({', '.join(sorted(job.secret_references))}).",
                where=job.name,
                next_step="Give their values, or build with CodeBuild.",
            )
        started_s = time.monotonic()
        builder = await self._fit_builder(reporter)
        try:
            progress, log_path, digest = await self._build_by_its_clock(builder, job, reporter)
        except (TimeoutError, ConnectionError):
            raise
        except OSError as error:
            raise refused_by_machine(error, job) from error
        return BuiltImage(
            digest=digest,
            steps=progress.steps,
            steps_cached=progress.steps_cached,
            duration_s=time.monotonic() - started_s,
            log_path=log_path,
            ran=progress.ran,
            warnings=tuple(progress.warnings),
            phases=progress.timeline.phases,
            timeline=progress.timeline.steps,
            caches=progress.timeline.caches,
            builder=builder.name,
        )

    async def _build_by_its_clock(
        self, builder: Builder, job: BuildJob, reporter: Reporter
    ) -> tuple[BuildProgress, str, str]:
        try:
            return await self._build_with(builder, job, reporter, check_clock=True)
        except ClockDiffers as found:
            reporter.progress("setting the context's dates by BuildKit's clock")
            self._clock_ahead_s = found.ahead_s
            return await self._build_with(builder, job, reporter, check_clock=False)

    async def _build_with(
        self, builder: Builder, job: BuildJob, reporter: Reporter, *, check_clock: bool
    ) -> tuple[BuildProgress, str, str]:
        """Stage and build; the progress, the log's place and the digest.

        Raises:
            ClockDiffers: The files have to be dated anew; nothing of the build is left.
        """
        credentials = await in_thread(self._fetch_credentials, job)
        reporter.progress("staging the context")
        # Tens of calls to the file system, which would keep all other images of the program from going on.
        async with entered_in_thread(self._places(job, credentials)) as places:
            self._tell_proxies(places.config, reporter)
            scrub = Scrubber([*job.secrets.values(), *_token_texts(credentials)])
            env = {**self._environment, **places.variables, **_CONSTANTS}
            if job.source_policy:
                env["EXPERIMENTAL_BUILDKIT_SOURCE_POLICY"] = str(places.directory / "policy.json")
            argv = [*builder.command, "build", "--builder", builder.name, *places.arguments]
            clock = BuilderClock(time.time, self._clock_ahead_s)
            on_begin = clock.check if check_clock else _nothing
            show = partial(BuildProgress, show=reporter.progress, monotonic=time.monotonic, on_begin=on_begin)
            read = partial(show, scrub=scrub)
            directories = places.directory, places.secrets
            progress, log_path = await self._run(job, argv, env, directories, reporter, read)
            progress.timeline.staging_s = places.staging_s
            progress.timeline.clean = partial(public_text, build_args=job.recipe.build_args)
            await self._export(builder, job, places, env, reporter)
            return progress, log_path, pushed_digest(places.directory / "metadata.json")

    async def _export(
        self, builder: Builder, job: BuildJob, places: _Places, env: Mapping[str, str], reporter: Reporter
    ) -> None:
        if self._export_records is None:
            return
        reporter.progress("exporting the build's record")
        name, metadata = _file_name(job), places.directory / "metadata.json"
        if why := await export_record(builder, metadata, self._export_records, name, env):
            reporter.note(f"BuildKit's record of the build was not exported: {why}")

    @contextmanager
    def _places(self, job: BuildJob, credentials: Mapping[str, Credentials]) -> Generator[_Places]:
        """Private directories with everything that a build reads; blocking."""
        size_bytes, start_s = sum(len(value) for value in job.secrets.values()), time.monotonic()
        with private_directory() as directory, secret_directory(self._environment, size_bytes, self._mounts) as secrets:
            arguments = write_job(job, directory, secrets, ahead_s=self._clock_ahead_s)
            config = DockerConfig.load(self._environment)
            with private_docker_config(config, credentials, secrets) as variables:
                staging_s = time.monotonic() - start_s
                yield _Places(directory, secrets, tuple(arguments), config, variables, staging_s)

    def _tell_proxies(self, config: DockerConfig, reporter: Reporter) -> None:
        if config.has_proxies and not self._has_told_proxies:
            self._has_told_proxies = True
            reporter.warn(
                "the proxies of Docker's config.json are not passed to the build: they would be in every step and in no"
                ' build key. A step that needs one: build_args={"HTTPS_PROXY": …}, and volatile_build_args for those'
                " whose value differs between machines"
            )

    async def _fit_builder(self, reporter: Reporter) -> Builder:
        async with self._finding:
            if self._builder is None:
                reporter.progress("looking for BuildKit")
                await in_thread(self._tidy)
                self._builder = await find_builder(self._builder_name, self._environment)
            return self._builder

    def _tidy(self) -> None:
        remove_abandoned(self._environment)
        remove_old_logs(self._log_dir)

    def _fetch_credentials(self, job: BuildJob) -> dict[str, Credentials]:
        known = {host: self._credentials(host) for host in registry_hosts(job)}
        return {host: found for host, found in known.items() if found is not None}

    async def _run(
        self,
        job: BuildJob,
        argv: list[str],
        env: Mapping[str, str],
        directories: tuple[Path, Path],
        reporter: Reporter,
        read: Callable[[BuildLog], BuildProgress],
    ) -> tuple[BuildProgress, str]:
        with BuildLog(self._log_dir, _file_name(job)) as log:
            progress = read(log)
            ticking = asyncio.create_task(_tick(progress))
            try:
                code = await run(
                    argv,
                    env=env,
                    cwd=directories[0],
                    on_stdout_line=progress.feed,
                    on_stderr_line=progress.feed,
                    timeout_s=job.timeout_s,
                    remove_on_stop=directories,
                    guard=self._guard,
                )
            except TimeoutError as error:
                progress.close()
                raise BuildFailed(
                    f"The build of {job.name} was stopped after {job.timeout_s:.0f} s.",
                    log_path=log.path,
                    last_lines=progress.last_lines,
                    next_step="Raise timeout_s=, or find out what takes so long in the log.",
                ) from error
            finally:
                ticking.cancel()
                progress.close()
        if code != 0:
            if not progress.began or is_lost(progress):
                self._builder = None  # The next build looks again.
            raise failure(job, progress, code, log.path)
        if log.why:
            reporter.note(f"the build's log could not be written{' to its end' if log.path else ''}: {log.why}")
        return progress, log.path


def _file_name(job: BuildJob) -> str:
    """How the names of a build's files begin."""
    return f"{slug_of(job.name)}-{job.key.hex[:12]}"


def _nothing(_: str) -> None:
    """Nothing to do."""


async def _tick(progress: BuildProgress) -> None:
    while True:
        await asyncio.sleep(_TICK_S)
        progress.tick()


def _token_texts(credentials: Mapping[str, Credentials]) -> list[str]:
    """The forms in which a token could show up in a log."""
    texts: list[str] = []
    for known in credentials.values():
        pair = f"{known.username}:{known.password}".encode()
        texts += (known.password, base64.b64encode(pair).decode())
    return texts


def registry_hosts(job: BuildJob) -> list[str]:
    """Hosts of the registries that a build names, sorted: its own, those of its bases and of its caches."""
    hosts = {host_of(job.repository_url), *job.pull_hosts}
    for reference in job.named_images.values():
        scheme, _, rest = reference.partition("://")
        if scheme == "docker-image" and "/" in rest:
            hosts.add(host_of(rest))
    for cache in (*job.cache_from, *job.cache_to):
        for part in cache.split(","):
            if part.startswith("ref="):
                hosts.add(host_of(part.removeprefix("ref=")))
    return sorted(hosts)
