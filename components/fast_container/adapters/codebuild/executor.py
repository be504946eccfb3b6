"""Builds an image on AWS CodeBuild; satisfies ``core.ports.Executor``.

Decides which running build is joined, and when a build is started. The remote build runs the same pipeline as a local
one and puts the key tag itself; the result is then read from the registry, never from a log: a line of the log is only
the occasion to look, since the machine needs some seconds more to end. A build is not stopped when its watcher goes:
the next run joins it. Leaves what a build is given to ``adapters.codebuild.request``, which images wait for a place
and share a build to ``adapters.codebuild.gathering``, the end of an image to ``adapters.codebuild.image_end``, and
which failure is worth another build to ``adapters.codebuild.attempts``.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from fast_container.adapters.codebuild.api import Build, CodeBuildApi, queued_s, ready_s
from fast_container.adapters.codebuild.attempts import Attempts
from fast_container.adapters.codebuild.follow import Follow
from fast_container.adapters.codebuild.gathering import Gathering, Sharing, WantedImage
from fast_container.adapters.codebuild.image_end import ImageEnds
from fast_container.adapters.codebuild.own_zipapp import program_bytes
from fast_container.adapters.codebuild.request import Program, Requests
from fast_container.adapters.codebuild.s3_source import S3SourceStore
from fast_container.adapters.codebuild.starts import Starts
from fast_container.adapters.codebuild.watch import BuildWatch
from fast_container.core.ports import BuildJob, BuiltImage, Registry, Reporter, SecretReference
from fast_container.core.records.phases import PhaseSeconds
from fast_container.errors import ArgsError, BuilderError, bracketed

_LIMIT_FIRST_S: Final = 3.0


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
        sharing: How images share builds; None builds each on a machine of its own, with no limit here.
        pack: Makes the program that builds run; called once.
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
    sharing: Sharing | None = None
    pack: Callable[[], bytes] = program_bytes
    _program: Program = field(init=False)
    _starts: Starts = field(init=False)
    _ends: ImageEnds = field(init=False)
    _gathering: Gathering | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Make the one poller of the project."""
        if self.watch is None:  # pyright: ignore[reportUnnecessaryComparison]
            self.watch = BuildWatch(self.api)
        self._program = Program(self.pack)
        limits = self.queue_timeout_s, self.limit_pause_s
        self._starts = Starts(self.api, self.watch, self._requests, *limits)
        self._ends = ImageEnds(self.watch, self.repository)
        if self.sharing is not None:
            self._gathering = Gathering(self.watch, self.sharing, self._starts.begin_together, *limits)

    async def build(self, job: BuildJob, reporter: Reporter) -> BuiltImage:
        """Upload, start or join, watch.

        Raises:
            BuildFailed: The build ran and failed, or was stopped.
            BuilderError: The project cannot be used.
            SourceUploadError: The sources could not be uploaded.
            AuthError: Credentials are missing, expired, or not allowed to.
        """
        attempts = Attempts(self.watch.now_s, self.store)
        image = self._wanted(job, reporter, attempts.add_waited)
        while True:
            async with self._begun(image) as build:
                if self._gathering is not None:
                    attempts.begins()
                follow, begun_s = Follow(reporter), self.watch.now_s()
                ended = await self._ends.wait(build, job, follow, reporter)
            watched_s = self.watch.now_s() - begun_s
            attempts.add_waited(queued_s(ended, watched_s) + min(follow.turn_s, watched_s))
            self.watch.forget_recent()
            if ended["buildStatus"] == "SUCCEEDED":
                return await self._published(image, follow, attempts)
            image.done_with.add(str(build["id"]))
            pause_s = await attempts.pause_before_next(follow, ended, reporter)
            if pause_s is None and follow.died(ended) and not image.alone:
                reporter.note("the machine of this and other images has died: building this one again, alone")
                image.alone, pause_s = True, 0.0
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
        async with self._begun(self._wanted(job, reporter, on_waited)) as build:
            return build

    def _wanted(self, job: BuildJob, reporter: Reporter, on_waited: Callable[[float], None]) -> WantedImage:
        for secret in job.secrets:
            raise remote_secret(secret)
        return WantedImage(job, reporter, on_waited, self._gathering.number() if self._gathering else 0)

    @asynccontextmanager
    async def _begun(self, image: WantedImage) -> AsyncGenerator[Build]:
        """Join a build or start one; the image keeps its place as long as the block runs."""
        running, finished = await self._starts.latest(image)
        if running is not None:
            yield running
        elif self._gathering is None:
            yield await self._starts.begin_alone(image, finished)
        else:
            async with self._gathering.begun(image) as build:
                yield build

    def _requests(self) -> Requests:
        settings = self.buildkit_image, self.mirrors, self.logins, self.pull_hosts, self.queue_timeout_s
        return Requests(self._program, self.store, *settings)

    async def _published(self, image: WantedImage, follow: Follow, attempts: Attempts) -> BuiltImage:
        job = image.job
        registry = self.repository(job.repository_url)
        manifest = (await registry.find([job.key.tag])).get(job.key.tag)
        if manifest is None:
            raise BuilderError(
                f"The build of {job.name} succeeded on CodeBuild, but its image is not in the registry.",
                where=f"{job.repository_url}:{job.key.tag}",
                next_step="Look at the build's log; the image may have been deleted meanwhile.",
            )
        duration_s = attempts.elapsed_s - attempts.waited_s
        project = f"CodeBuild project {self.api.project}"
        built = follow.image(job, manifest.digest, duration_s, attempts.waited_s, project)
        before = PhaseSeconds(
            uploading=round(image.uploading_s, 3), provisioning=round(min(ready_s(follow.build), duration_s), 3)
        )
        return replace(built, phases=built.phases + before, uploaded_bytes=image.sent_bytes)


def remote_secret(secret: str) -> ArgsError:
    """Make the error for a secret whose value this machine has."""
    return ArgsError(
        f"The secret {secret!r} cannot reach a build on CodeBuild.",
        property_path=f"secrets{bracketed(secret)}",
        why="its value would have to travel in the source, the plan or the build's environment",
        next_step="Keep it in Secrets Manager or Parameter Store: `SecretsManagerSecret(…)`, `SsmParameter(…)`.",
    )
