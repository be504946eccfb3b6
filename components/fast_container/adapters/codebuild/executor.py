"""Builds an image on AWS CodeBuild; satisfies ``core.ports.Executor``.

Decides what is uploaded and which running build is joined. The remote build runs the same pipeline as a local one and
puts the key tag itself; the result is then read from the registry, never from a log: a line of the log is only the
occasion to look, since the machine needs some seconds more to end. A build is not stopped when its
watcher goes: the next run joins it. Leaves reading a build's lines and end to ``adapters.codebuild.follow``, and which
failure is worth another build to ``adapters.codebuild.attempts``.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from fast_container.adapters.codebuild.api import (
    KEY_VARIABLE,
    REPOSITORY_VARIABLE,
    RUNNING,
    Build,
    CodeBuildApi,
    LimitReached,
    link_of,
    queued_s,
)
from fast_container.adapters.codebuild.attempts import Attempts
from fast_container.adapters.codebuild.follow import Follow
from fast_container.adapters.codebuild.own_zipapp import launcher_bytes, program_bytes, zip_bytes
from fast_container.adapters.codebuild.s3_source import S3SourceStore
from fast_container.adapters.codebuild.watch import BuildWatch
from fast_container.adapters.threads import in_thread
from fast_container.core.oci.repository import host_of
from fast_container.core.ports import BuildJob, BuiltImage, Registry, Reporter, SecretReference
from fast_container.core.remote.plan import RemotePlan, planned_contexts, secret_variable, write_plan
from fast_container.core.spelling import counted
from fast_container.core.staging.chunks import Part, cut
from fast_container.errors import ArgsError, AuthError, BuilderError, RegistryError, bracketed

LAUNCHER_FILE = "fast_container.pyz"
PLAN_FILE = "plan.json"
_LIMIT_FIRST_S = 3.0
_LIMIT_LONGEST_S = 30.0
# The build's own time limit comes first and explains more; this is for a machine that hangs.
_SPARE_MINUTES = 5
_LONGEST_MINUTES = 2160
_QUEUE_MINUTES = (5, 480)
_GOES_ON = "The build on AWS goes on; the next `pulumi up` joins it, `fast-container cancel` stops it."


@dataclass(slots=True)
class CodeBuildExecutor:
    """The executor of one CodeBuild project.

    Args:
        api: The project.
        store: Where sources go.
        repository: ``host/name`` → the repository.
        buildkit_image: What the remote docker-container builder starts from; "" is buildx's own choice.
        mirrors: Registry → where BuildKit looks first.
        logins: Registry → where AWS keeps a login for it.
        pull_hosts: Registries that every build is logged in to, where it may be.
        queue_timeout_s: How long limits are waited out, and how long a build may queue.
        limit_pause_s: Seconds before the first time that a refused start is tried again.
        watch: The project's poller; made here unless given.
    """

    api: CodeBuildApi
    store: S3SourceStore
    repository: Callable[[str], Registry]
    buildkit_image: str = ""
    mirrors: Mapping[str, str] = field(default_factory=dict[str, str])
    logins: Mapping[str, SecretReference] = field(default_factory=dict[str, SecretReference])
    pull_hosts: tuple[str, ...] = ()
    queue_timeout_s: float = 8 * 3600.0
    limit_pause_s: float = _LIMIT_FIRST_S
    watch: BuildWatch = field(default=None)  # pyright: ignore[reportAssignmentType] - see __post_init__
    _program: bytes = field(default=b"", init=False)
    _making: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    def __post_init__(self) -> None:
        """Make the one poller of the project."""
        if self.watch is None:  # pyright: ignore[reportUnnecessaryComparison]
            self.watch = BuildWatch(self.api)

    async def build(self, job: BuildJob, reporter: Reporter) -> BuiltImage:
        """Upload, start or join, watch.

        Raises:
            BuildFailed: The build ran and failed, or was stopped.
            BuilderError: The project cannot be used.
            SourceUploadError: The sources could not be uploaded.
            AuthError: Credentials are missing, expired, or not allowed to.
        """
        attempts = Attempts(self.watch.now_s, self.store)
        while True:
            build = await self.start(job, reporter, on_waited=attempts.add_waited)
            follow, begun_s = Follow(reporter), self.watch.now_s()
            ended = await self._wait(build["id"], job, follow, reporter)
            attempts.add_waited(queued_s(ended, self.watch.now_s() - begun_s))
            self.watch.forget_recent()
            if ended["buildStatus"] == "SUCCEEDED":
                return await self._published(job, follow, attempts)
            pause_s = await attempts.pause_before_next(follow, ended, reporter)
            if pause_s is None:
                raise follow.error(job, ended)
            await self.watch.sleep(pause_s)

    async def start(
        self, job: BuildJob, reporter: Reporter, *, on_waited: Callable[[float], None] = lambda _: None
    ) -> Build:
        """Join the image's build that is under way, or upload and start one; does not wait for its end.

        Args:
            job: The image.
            reporter: Gets progress and notes.
            on_waited: Called with the seconds of every pause in which CodeBuild took no build.
        """
        for secret in job.secrets:
            raise remote_secret(secret)
        running, finished = await self._latest(job, reporter)
        if running is not None:
            return running
        begun_s = self.watch.now_s()
        request = await self._request(job, reporter)
        if self.watch.now_s() - begun_s > self.watch.first_pause_s:
            # While this machine was uploading, another may have started the same build.
            self.watch.forget_recent()
            running, finished = await self._latest(job, reporter)
            if running is not None:
                return running
        # A token lasts five minutes and would return a build that has failed meanwhile.
        last = str((finished or {}).get("id", ""))
        while True:
            # Projects that share a bucket share the tokens of an account.
            words = [self.api.project, job.key.hex, request, last]
            token = hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()
            build = await self._start(job, {**request, "idempotencyToken": token}, reporter, on_waited)
            if build.get("buildStatus") in (RUNNING, None):
                self.watch.remember(build)
                return build
            last = str(build["id"])

    async def _latest(self, job: BuildJob, reporter: Reporter) -> tuple[Build | None, Build | None]:
        running, finished = await self.watch.latest(job.key.hex, job.repository_url)
        if running is not None:
            reporter.note(f"joined the build that is under way: {link_of(running)}")
        return running, finished

    async def _wait(self, build_id: str, job: BuildJob, follow: Follow, reporter: Reporter) -> Build:
        """Wait for the build's end, or for its image in the registry once it says that it is there."""
        ending = asyncio.ensure_future(self.watch.wait(build_id, follow))
        saying = asyncio.ensure_future(follow.said_built.wait())
        try:
            await asyncio.wait((ending, saying), return_when=asyncio.FIRST_COMPLETED)
            if not ending.done() and await self._is_published(job):
                return {**follow.build, "buildStatus": "SUCCEEDED", "endTime": datetime.now(UTC)}
            return await ending
        except asyncio.CancelledError:
            reporter.note(_GOES_ON)
            raise
        except (AuthError, BuilderError) as error:
            error.next_step = f"{error.next_step} {_GOES_ON}".strip()
            raise
        finally:
            saying.cancel()
            ending.cancel()
            await asyncio.gather(ending, saying, return_exceptions=True)

    async def _is_published(self, job: BuildJob) -> bool:
        try:
            return bool(await self.repository(job.repository_url).find([job.key.tag]))
        except RegistryError:
            return False  # The build's end tells.

    async def _request(self, job: BuildJob, reporter: Reporter) -> dict[str, Any]:
        parts = {name: await in_thread(cut, source) for name, source in job.contexts.items()}
        bundle = await self._upload(job, parts, reporter)
        variables = [
            {"name": KEY_VARIABLE, "value": job.key.hex, "type": "PLAINTEXT"},
            {"name": REPOSITORY_VARIABLE, "value": job.repository_url, "type": "PLAINTEXT"},
        ]
        for number, reference in enumerate((*job.secret_references.values(), *self.logins.values())):
            variables.append({"name": secret_variable(number), "value": reference.reference, "type": reference.kind})
        least, most = _QUEUE_MINUTES
        return {
            "sourceTypeOverride": "S3",
            "sourceLocationOverride": f"{self.store.bucket}/{bundle}",
            "environmentVariablesOverride": variables,
            "timeoutInMinutesOverride": min(math.ceil(job.timeout_s / 60) + _SPARE_MINUTES, _LONGEST_MINUTES),
            "queuedTimeoutInMinutesOverride": min(max(least, math.ceil(self.queue_timeout_s / 60)), most),
        }

    async def _upload(self, job: BuildJob, parts: Mapping[str, Sequence[Part]], reporter: Reporter) -> str:
        every = [part for cut_off in parts.values() for part in cut_off]
        loop, sent = asyncio.get_running_loop(), [0, 0]

        def show() -> None:
            reporter.progress(f"uploading sources: {counted(sent[0], 'part')}, {_size(sent[1])}")

        def on_bytes(count: int) -> None:
            sent[0] += 1
            sent[1] += count
            loop.call_soon_threadsafe(show)

        reporter.progress(f"uploading sources: {counted(len(every), 'part')}")
        upload, (program_key, program_sent) = await asyncio.gather(
            in_thread(self.store.put_parts, every, on_bytes), self._put_program()
        )
        # Also the registries of BuildKit's own image and of the mirrors.
        places = (*job.pull_hosts, *self.pull_hosts, *self.mirrors.values(), self.buildkit_image)
        hosts = {host_of(place) for place in places if "/" in place or "." in place}
        first_login = len(job.secret_references)
        plan = RemotePlan(
            job=replace(job, secrets={}, pull_hosts=tuple(sorted(hosts))),
            contexts=planned_contexts(job.contexts, parts),
            secret_variables={secret: secret_variable(n) for n, secret in enumerate(job.secret_references)},
            bucket=self.store.bucket,
            bucket_owner=self.store.owner,
            parts_prefix=self.store.key("parts"),
            buildkit_image=self.buildkit_image,
            program=hashlib.sha256(self._program).hexdigest(),
            program_key=program_key,
            mirrors=self.mirrors,
            login_variables={host: secret_variable(n) for n, host in enumerate(self.logins, start=first_login)},
        )
        content = await in_thread(zip_bytes, {PLAN_FILE: write_plan(plan), LAUNCHER_FILE: launcher_bytes()})
        name, bundle_bytes = await in_thread(self.store.put_bundle, content)
        total = upload.sent_bytes + program_sent + bundle_bytes
        reporter.note(f"uploaded {_size(total)}: {upload.put} of {counted(upload.put + upload.present, 'part')} new")
        return name

    async def _put_program(self) -> tuple[str, int]:
        async with self._making:
            self._program = self._program or await in_thread(program_bytes)
        return await in_thread(self.store.put_program, self._program)

    async def _start(
        self, job: BuildJob, request: Mapping[str, Any], reporter: Reporter, on_waited: Callable[[float], None]
    ) -> Build:
        deadline_s = self.watch.now_s() + self.queue_timeout_s
        pause_s = self.limit_pause_s
        while True:
            try:
                build = await in_thread(self.api.start, request)
                reporter.note(f"building on CodeBuild, also if this run is interrupted: {link_of(build)}")
                return build
            except LimitReached as error:
                if self.watch.now_s() + pause_s > deadline_s:
                    raise BuilderError(
                        "CodeBuild did not start the build within the queue's time limit.",
                        where=f"project {self.api.project}",
                        why=str(error),
                        next_step="Ask for a higher quota of concurrent builds (Service Quotas, CodeBuild).",
                    ) from error
                reporter.progress(f"waiting for CodeBuild: {error}")
            await self.watch.sleep(pause_s)
            on_waited(pause_s)
            pause_s = min(pause_s * 1.5, _LIMIT_LONGEST_S)
            # Another machine's build of this image may have got the place.
            running, _ = await self._latest(job, reporter)
            if running is not None:
                return running

    async def _published(self, job: BuildJob, follow: Follow, attempts: Attempts) -> BuiltImage:
        registry = self.repository(job.repository_url)
        manifest = (await registry.find([job.key.tag])).get(job.key.tag)
        if manifest is None:
            raise BuilderError(
                f"The build of {job.name} succeeded on CodeBuild, but its image is not in the registry.",
                where=f"{job.repository_url}:{job.key.tag}",
                next_step="Look at the build's log; the image may have been deleted meanwhile.",
            )
        return BuiltImage(
            digest=manifest.digest,
            steps=int(follow.built.get("steps", 0)),
            steps_cached=int(follow.built.get("cached", 0)),
            pushed_bytes=int(follow.built.get("pushed", 0)),
            duration_s=attempts.elapsed_s - attempts.waited_s,
            waited_s=attempts.waited_s,
            checked=str(follow.built.get("checked", "")),
        )


def remote_secret(secret: str) -> ArgsError:
    """Make the error for a secret whose value this machine has."""
    return ArgsError(
        f"The secret {secret!r} cannot reach a build on CodeBuild.",
        property_path=f"secrets{bracketed(secret)}",
        why="its value would have to travel in the source, the plan or the build's environment",
        next_step="Keep it in Secrets Manager or Parameter Store: `SecretsManagerSecret(…)`, `SsmParameter(…)`.",
    )


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"
