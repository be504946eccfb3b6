"""Builds an image on AWS CodeBuild; satisfies ``core.ports.Executor``.

Decides what is uploaded, which running build is joined, and how the end of a remote build reads here. The remote build
runs the same pipeline as a local one and puts the key tag itself; what it published is then read from the registry,
never believed from a log. A build is not stopped when the watcher goes: the next run joins it.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from fast_container.adapters.codebuild_api import Build, CodeBuildApi, LimitReached
from fast_container.adapters.codebuild_watch import KEY_VARIABLE, REPOSITORY_VARIABLE, BuildWatch
from fast_container.adapters.own_zipapp import zip_bytes, zipapp_bytes
from fast_container.adapters.s3_source import S3SourceStore
from fast_container.core import build_lines
from fast_container.core.parts import Part, cut
from fast_container.core.ports import BuildJob, BuiltImage, Registry, Reporter
from fast_container.core.remote_plan import RemotePlan, planned_contexts, secret_variable, write_plan
from fast_container.errors import ArgsError, BuilderError, BuildFailed, FastContainerError

ZIPAPP_FILE = "fast_container.pyz"
PLAN_FILE = "plan.json"
_TAIL_LINES = 40
_LIMIT_FIRST_S = 5.0
_LIMIT_LONGEST_S = 30.0


@dataclass(slots=True)
class CodeBuildExecutor:
    """The executor of one CodeBuild project.

    Args:
        api: The project.
        store: Where sources go.
        registry_of: Job → its repository.
        buildkit_image: What the remote docker-container builder starts from; "" is buildx's own choice.
        queue_timeout_s: How long limits are waited out, and how long a build may queue.
        watch: The project's poller.
    """

    api: CodeBuildApi
    store: S3SourceStore
    registry_of: Callable[[BuildJob], Awaitable[Registry]]
    buildkit_image: str = ""
    queue_timeout_s: float = 8 * 3600.0
    watch: BuildWatch = field(init=False)
    limit_pause_s: float = _LIMIT_FIRST_S

    def __post_init__(self) -> None:
        """Make the one poller of the project."""
        self.watch = BuildWatch(self.api)

    async def build(self, job: BuildJob, reporter: Reporter) -> BuiltImage:
        """Upload, start or join, watch.

        Raises:
            BuildFailed: The build ran and failed, or was stopped.
            BuilderError: The project cannot be used.
            SourceUploadError: The sources could not be uploaded.
            AuthError: Credentials are missing, expired, or not allowed to.
        """
        started_s = time.monotonic()
        for attempt in (1, 2):
            build = await self.start(job, reporter)
            follow = _Follow(reporter)
            ended = await self.watch.wait(build["id"], follow.on_build, follow.on_line)
            self.watch.forget_recent()
            if follow.missing_part and attempt == 1:
                reporter.note("a part of the sources had expired: uploading it again")
                self.store.forget()
                continue
            if ended["buildStatus"] != "SUCCEEDED":
                raise _failure(job, ended, follow)
            return await self._published(job, follow, time.monotonic() - started_s)
        raise AssertionError("unreachable")  # pragma: no cover

    async def start(self, job: BuildJob, reporter: Reporter) -> Build:
        """Join the image's build that is under way, or upload and start one; does not wait for its end."""
        _refuse_local_secrets(job)
        running, finished = await self.watch.latest(job.key.hex, job.repository_url)
        if running is not None:
            reporter.note(f"joined the build that is under way: {_link(running)}")
            return running
        request = await self._request(job, reporter)
        token = hashlib.sha256(
            json.dumps([job.key.hex, request, (finished or {}).get("id", "")], sort_keys=True).encode()
        ).hexdigest()
        build = await self._start({**request, "idempotencyToken": token}, reporter)
        reporter.note(f"building on CodeBuild, also if this run is interrupted: {_link(build)}")
        return build

    async def _request(self, job: BuildJob, reporter: Reporter) -> dict[str, Any]:
        parts = {name: cut(source) for name, source in job.contexts.items()}
        bundle = await self._upload(job, parts, reporter)
        variables = [
            {"name": KEY_VARIABLE, "value": job.key.hex, "type": "PLAINTEXT"},
            {"name": REPOSITORY_VARIABLE, "value": job.repository_url, "type": "PLAINTEXT"},
        ]
        for number, reference in enumerate(job.secret_references.values()):
            variables.append({"name": secret_variable(number), "value": reference.reference, "type": reference.kind})
        return {
            "sourceTypeOverride": "S3",
            "sourceLocationOverride": f"{self.store.bucket}/{bundle}",
            "environmentVariablesOverride": variables,
            "timeoutInMinutesOverride": min(max(5, math.ceil(job.timeout_s / 60)), 2160),
            "queuedTimeoutInMinutesOverride": min(max(5, math.ceil(self.queue_timeout_s / 60)), 480),
        }

    async def _upload(self, job: BuildJob, parts: Mapping[str, Sequence[Part]], reporter: Reporter) -> str:
        every = [part for cut_off in parts.values() for part in cut_off]
        sent = 0

        def on_bytes(count: int) -> None:
            nonlocal sent
            sent += count

        reporter.progress(f"uploading sources: {len(every)} parts")
        upload = await asyncio.to_thread(self.store.put_parts, every, on_bytes)
        plan = RemotePlan(
            job=replace(job, secrets={}),
            contexts=planned_contexts(job.contexts, parts),
            secret_variables={secret: secret_variable(n) for n, secret in enumerate(job.secret_references)},
            bucket=self.store.bucket,
            parts_prefix=self.store.key("parts"),
            buildkit_image=self.buildkit_image,
        )
        content = await asyncio.to_thread(lambda: zip_bytes({PLAN_FILE: write_plan(plan), ZIPAPP_FILE: zipapp_bytes()}))
        name, bundle_bytes = await asyncio.to_thread(self.store.put_bundle, content)
        reporter.note(
            f"uploaded {_size(upload.sent_bytes + bundle_bytes)}: {upload.put} of {upload.put + upload.present} parts"
            " were new"
        )
        return name

    async def _start(self, request: Mapping[str, Any], reporter: Reporter) -> Build:
        deadline_s = time.monotonic() + self.queue_timeout_s
        pause_s = self.limit_pause_s
        while True:
            try:
                return await asyncio.to_thread(self.api.start, request)
            except LimitReached as error:
                if time.monotonic() + pause_s > deadline_s:
                    raise BuilderError(
                        "CodeBuild took no build within the queue's time limit.",
                        where=f"project {self.api.project}",
                        why=str(error),
                        next_step="Ask for a higher quota of concurrent builds (Service Quotas, CodeBuild).",
                    ) from error
                reporter.progress(f"waiting for CodeBuild: {error}")
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 1.5, _LIMIT_LONGEST_S)

    async def _published(self, job: BuildJob, follow: _Follow, duration_s: float) -> BuiltImage:
        registry = await self.registry_of(job)
        manifest = (await registry.find([job.key.tag])).get(job.key.tag)
        if manifest is None:
            raise BuilderError(
                f"The build of {job.name} ended well on CodeBuild, but its image is not in the registry.",
                where=f"{job.repository_url}:{job.key.tag}",
                next_step="Look at the build's log; the image may have been deleted meanwhile.",
            )
        return BuiltImage(
            digest=manifest.digest,
            steps=int(follow.built.get("steps", 0)),
            steps_cached=int(follow.built.get("cached", 0)),
            pushed_bytes=int(follow.built.get("pushed", 0)),
            duration_s=duration_s,
        )


class _Follow:
    """What a watcher makes of a remote build's phases and lines."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._phase = ""
        self.built: dict[str, Any] = {}
        self.failed: dict[str, Any] = {}
        self.missing_part = ""
        self.tail: list[str] = []

    def on_build(self, build: Build) -> None:
        phase = str(build.get("currentPhase") or "")
        if phase != self._phase:
            self._phase = phase
            self._reporter.progress(f"CodeBuild: {phase.lower().replace('_', ' ')}")

    def on_line(self, line: str) -> None:
        marked = build_lines.read_line(line)
        if marked is None:
            self.tail = [*self.tail, line.rstrip()][-_TAIL_LINES:]
            return
        kind, content = marked
        if kind == build_lines.PROGRESS:
            self._reporter.progress(str(content))
        elif kind == build_lines.WARNING:
            self._reporter.warn(str(content))
        elif kind == build_lines.BUILT:
            self.built = cast("dict[str, Any]", content)
        elif kind == build_lines.FAILED:
            self.failed = cast("dict[str, Any]", content)
        elif kind == build_lines.PART_MISSING:
            self.missing_part = str(content)


def _failure(job: BuildJob, build: Build, follow: _Follow) -> FastContainerError:
    found, status = follow.failed, str(build["buildStatus"])
    causes = [
        f"{phase['phaseType'].lower()}: {context['message']}"
        for phase in cast("list[Mapping[str, Any]]", build.get("phases") or [])
        for context in cast("list[Mapping[str, Any]]", phase.get("contexts") or [])
        if context.get("message") and phase.get("phaseStatus") not in ("SUCCEEDED", None)
    ]
    return BuildFailed(
        str(found.get("what") or f"The build of {job.name} on CodeBuild ended as {status}."),
        step=str(found.get("step") or found.get("where") or ""),
        exit_code=cast("int | None", found.get("exit_code")),
        last_lines=cast("list[str]", found.get("last_lines") or follow.tail),
        log_path=_link(build),
        why=str(found.get("why") or "; ".join(causes)),
        next_step=str(found.get("next") or ""),
    )


def _refuse_local_secrets(job: BuildJob) -> None:
    for secret in job.secrets:
        raise ArgsError(
            f"The secret {secret!r} cannot reach a build on CodeBuild.",
            property_path=f"secrets[{secret!r}]",
            why="its value would have to travel in the source, the plan or the build's environment",
            next_step="keep it in Secrets Manager or Parameter Store: `SecretsManagerSecret(…)`, `SsmParameter(…)`",
        )


def _link(build: Build) -> str:
    logs = cast("Mapping[str, Any]", build.get("logs") or {})
    return str(logs.get("deepLink") or build.get("arn") or build.get("id"))


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"
