"""One build, from PROVISIONING to COMPLETED.

Decides what happens in the phases that are the service's own (provisioning, source, artifacts) and how a phase that
fails ends the build. The phases of the buildspec are run by :mod:`localcloud.codebuild.container`.
"""

from __future__ import annotations

import dataclasses
import shutil
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from localcloud.codebuild.builds import Build
from localcloud.codebuild.buildspec import Buildspec, BuildspecError, read_buildspec
from localcloud.codebuild.container import DEAD, Container, PhaseError, Start
from localcloud.codebuild.faults import Faults
from localcloud.codebuild.image import BuildImage, why_not_pulled
from localcloud.codebuild.log_stream import LogStream
from localcloud.codebuild.role import allows
from localcloud.codebuild.source import SourceError, fetch_source
from localcloud.codebuild.variables import VariableError, build_variables, program_variables


@dataclasses.dataclass
class Credentials:
    """What a build calls AWS with."""

    access_key: str
    secret_key: str
    token: str


class Runner:
    """Runs builds.

    Args:
        folder: For the builds' directories and the image.
        image: What builds find on their PATH.
        faults: What is to go wrong.
        endpoint: The AWS endpoint that builds are given; asked when the first build starts.
        assume: Credentials of a build's service role.
        start: Starts a child that cannot outlive the supervisor.
    """

    def __init__(
        self,
        folder: Path,
        image: BuildImage,
        faults: Faults,
        endpoint: Callable[[], str],
        assume: Callable[[Build], Credentials],
        start: Start,
    ) -> None:
        self._folder = folder
        self._image = image
        self._faults = faults
        self._endpoint = endpoint
        self._assume = assume
        self._start = start
        self._prepared = False
        self._preparing = threading.Lock()

    def run(self, build: Build) -> str:
        """Runs a build; returns its status."""
        scratch = self._folder / build.uuid
        try:
            return _Run(self, build, scratch).run()
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def may(self, build: Build, action: str, resource: str) -> bool:
        """Whether the build's service role allows a call."""
        role, documents = build.settings["serviceRole"], self._faults.documents
        return not self._faults.limits.enforce_role or allows(role, action, resource, documents=documents)

    def prepare(self) -> None:
        """Makes the image's folders when the first build of this cloud starts."""
        with self._preparing:
            if not self._prepared:
                shutil.rmtree(self._folder, ignore_errors=True)
                self._image.make()
                self._prepared = True


class _Run:
    def __init__(self, runner: Runner, build: Build, scratch: Path) -> None:
        self._runner = runner
        self._build = build
        self._scratch = scratch
        self._home = scratch / "root"
        self._temporary = scratch / "tmp"
        self._source = scratch / "output" / f"src{build.uuid[:8]}" / "src"
        self._output = scratch / "output.log"
        self._logs = LogStream(build.region, "", "", self._output)
        limits = runner._faults.limits
        self._deadline = time.monotonic() + build.settings["timeoutInMinutes"] * limits.minute_s

    def run(self) -> str:
        build = self._build
        try:
            self._provision()
            buildspec, environment = self._download()
            status = self._run_container(buildspec, environment)
            for phase in ("UPLOAD_ARTIFACTS", "FINALIZING"):
                self._enter(phase)
            build.leave("SUCCEEDED")
        except PhaseError as failed:
            build.leave(failed.status if failed.status != "FAULT" else "FAILED", failed.code, str(failed))
            if failed.code:
                self._say(f"Phase context status code: {failed.code} Message: {failed}")
            status = failed.status
            if status == "FAILED":
                build.enter("FINALIZING")
        if self._output.exists():
            self._logs.send(all_of_it=True)
        return status

    # --- the service's own phases

    def _enter(self, phase: str) -> None:
        """Begins a phase, unless the build is to die there."""
        self._build.enter(phase)
        kill = self._runner._faults.take_kill(self._build.project, phase)
        if kill is not None:
            raise PhaseError(kill.status, "INTERNAL_SERVICE_ERROR", DEAD)
        if self._build.stop_reason:
            raise PhaseError(self._build.stop_reason, "", "")

    def _provision(self) -> None:
        build = self._build
        self._enter("PROVISIONING")
        self._runner.prepare()
        self._runner._image.docker_hub.allow(self._runner._faults.limits.hub_pulls)
        for folder in (self._scratch, self._home, self._source, self._temporary):
            folder.mkdir(parents=True, exist_ok=True)
        self._scratch.chmod(0o700)
        self._output.touch()
        reason = why_not_pulled(build.settings["environment"])
        if reason:
            raise PhaseError("FAILED", "BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE", reason)
        config = (build.settings.get("logsConfig") or {}).get("cloudWatchLogs") or {}
        if config.get("status", "ENABLED") == "ENABLED":
            group = f"arn:aws:logs:{build.region}:{build.account}:log-group:{build.group}"
            for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
                self._demand(action, f"{group}:log-stream:{build.stream}", code="ACCESS_DENIED")
            self._logs = LogStream(build.region, build.group, build.stream, self._output)
            self._logs.make()
        with build.lock:
            build.logs_named = True

    def _download(self) -> tuple[Buildspec, dict[str, str]]:
        build, source = self._build, self._build.settings["source"]
        self._enter("DOWNLOAD_SOURCE")
        self._say("Waiting for DOWNLOAD_SOURCE")
        try:
            if source["type"] == "S3":
                location = str(source["location"])
                folder = location.endswith("/")
                action = "s3:GetObjectVersion" if build.settings.get("sourceVersion") else "s3:GetObject"
                self._demand(action, f"arn:aws:s3:::{location}{'*' if folder else ''}")
                if folder:
                    self._demand("s3:ListBucket", f"arn:aws:s3:::{location.partition('/')[0]}")
                may_list = self._runner.may(build, "s3:ListBucket", f"arn:aws:s3:::{location.partition('/')[0]}")
                fetch_source(location, build.settings.get("sourceVersion", ""), self._source, may_list=may_list)
            elif source["type"] != "NO_SOURCE":
                raise SourceError(f"the local cloud has no sources of type {source['type']}")
            buildspec = read_buildspec(self._buildspec_text(source.get("buildspec") or "buildspec.yml"))
            return buildspec, self._environment(buildspec)
        except BuildspecError as error:
            raise PhaseError("FAILED", "YAML_FILE_ERROR", str(error)) from error
        except (SourceError, VariableError) as error:
            version = build.settings.get("sourceVersion", "")
            where = f" for primary source and source version {version}" if isinstance(error, SourceError) else ""
            raise PhaseError("FAILED", "CLIENT_ERROR", f"{error}{where}".rstrip()) from error

    def _buildspec_text(self, given: str) -> str:
        if "\n" in given or ":" in given:
            return given
        file = self._source / given
        if not file.is_file() or not file.resolve().is_relative_to(self._source.resolve()):
            raise BuildspecError("YAML file does not exist")
        return file.read_text()

    def _environment(self, buildspec: Buildspec) -> dict[str, str]:
        build = self._build
        credentials = self._runner._assume(build)
        path = self._runner._image.path(privileged=bool(build.settings["environment"].get("privilegedMode")))
        return {
            **build_variables(build, source_directory=str(self._source), home=str(self._home), path=path),
            # AWS hands these out by an address inside the container.
            "AWS_ACCESS_KEY_ID": credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
            "AWS_SESSION_TOKEN": credentials.token,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self._runner._endpoint(),
            "LANG": "C.UTF-8",
            # On AWS a build's temporary files go with its container, also where it was killed.
            "TMPDIR": str(self._temporary),
            **program_variables(build, buildspec, self._demand),
        }

    def _demand(self, action: str, resource: str, code: str = "CLIENT_ERROR") -> None:
        if self._runner.may(self._build, action, resource):
            return
        role = self._build.settings["serviceRole"].rpartition("/")[2]
        user = f"arn:aws:sts::{self._build.account}:assumed-role/{role}/AWSCodeBuild-{self._build.uuid}"
        because = f"because no identity-based policy allows the {action} action"
        text = f"AccessDenied: User: {user} is not authorized to perform: {action} on resource: {resource} {because}"
        raise PhaseError("FAILED", code, text)

    def _run_container(self, buildspec: Buildspec, environment: dict[str, str]) -> str:
        container = Container(
            self._build, self._scratch, self._source, self._output, self._logs, self._runner._faults, self._deadline
        )
        return container.run(buildspec, environment, self._runner._start)

    def _say(self, text: str) -> None:
        now = datetime.now(UTC).strftime("%Y/%m/%d %H:%M:%S.%f")
        with self._output.open("ab") as file:
            file.write(f"[Container] {now} {text}\n".encode(errors="replace"))
