"""The CodeBuild and CloudWatch Logs calls of one project. Blocking: callers use a thread.

Decides which answers mean "wait and try again" (throttling, queues, limits, a lost connection) and which are errors.
Leaves when to ask to ``adapters.codebuild.watch`` and what to build to ``adapters.codebuild.executor``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from fast_container.adapters.aws_session import ExpiredCredentialsError, aws_errors, error_code
from fast_container.core.records.machine import Machine
from fast_container.errors import AuthError, BuilderError, FastContainerError

KEY_VARIABLE: Final = "FAST_CONTAINER_KEY"
REPOSITORY_VARIABLE: Final = "FAST_CONTAINER_REPOSITORY"
# Of a build of several images, instead of the two.
IMAGES_VARIABLE: Final = "FAST_CONTAINER_IMAGES"
RUNNING: Final = "IN_PROGRESS"
QUEUED: Final = "QUEUED"

# The phases of a build between its queue and its own command.
_UNTIL_READY = frozenset({"PROVISIONING", "DOWNLOAD_SOURCE", "INSTALL", "PRE_BUILD"})
_IDS_A_CALL = 100
_MOST_PAGES = 10
_THROTTLED = frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"})
_SERVICE_TROUBLE = ("InternalServerError", "InternalFailure", "ServiceUnavailable", "InternalError")

# A new account's quota; waiting does not raise it.
_NEVER = re.compile(r"[Cc]annot have more than 0\b")

Build = Mapping[str, Any]
"""A build as ``BatchGetBuilds`` describes it."""


class LimitReached(Exception):  # noqa: N818 - to be waited out, not an error
    """CodeBuild takes no further build, or no further question, now.

    Attributes:
        is_throttled: Whether it was only asked too often: there may be a place.
    """

    def __init__(self, text: str, *, is_throttled: bool = False) -> None:
        super().__init__(text)
        self.is_throttled = is_throttled


@dataclass(frozen=True, slots=True)
class CodeBuildApi:
    """One project, through one session.

    Attributes:
        client: Service (``codebuild``, ``logs``) → client.
        project: The project's name.
        renew: Looks for credentials anew.
    """

    client: Callable[[str], Any]
    project: str
    renew: Callable[[], None] = lambda: None

    def start(self, request: Mapping[str, Any]) -> Build:
        """Start a build, or return the one that an equal token started within the last five minutes.

        Raises:
            LimitReached: A limit of the account or the project; ask again later.
            BuilderError: The project does not exist, or rejects the request.
            AuthError: Credentials are missing, expired, or lack a permission.
        """
        import botocore.exceptions  # noqa: PLC0415 - see adapters.aws_session

        with self._errors("codebuild:StartBuild"):
            try:
                answer = self.client("codebuild").start_build(projectName=self.project, **request)
            except botocore.exceptions.ClientError as error:
                text = str(error)
                if _NEVER.search(text):
                    raise _no_quota(self.project, text) from error
                if error_code(error) in _THROTTLED:
                    raise LimitReached(text, is_throttled=True) from error
                if error_code(error) == "AccountLimitExceededException":
                    raise LimitReached(text) from error
                if "concurrent" in text.lower() and "limit" in text.lower():
                    raise LimitReached(text) from error
                raise
            return cast(Build, answer["build"])

    def builds(self, ids: Sequence[str]) -> dict[str, Build]:
        """Id → build; ids that CodeBuild does not know are left out.

        Raises:
            LimitReached: Asked too often.
        """
        found: dict[str, Build] = {}
        for start in range(0, len(ids), _IDS_A_CALL):
            answer = self._ask("BatchGetBuilds", ids=list(ids[start : start + _IDS_A_CALL]))
            found |= {build["id"]: build for build in answer["builds"]}
        return found

    def recent(self) -> list[Build]:
        """List the project's latest builds, newest first: at least 100, and on to where none is running any more.

        Raises:
            LimitReached: Asked too often.
        """
        found: list[Build] = []
        token: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            answer = self._ask("ListBuildsForProject", projectName=self.project, sortOrder="DESCENDING", **token)
            ids = cast("list[str]", answer["ids"])
            known = self.builds(ids) if ids else {}
            page = [known[build] for build in ids if build in known]
            found += page
            if not answer.get("nextToken") or not any(build.get("buildStatus") == RUNNING for build in page):
                break
            token = {"nextToken": str(answer["nextToken"])}
        return found

    def stop(self, build_id: str) -> None:
        """Stop a build; one that has ended is left alone."""
        import botocore.exceptions  # noqa: PLC0415 - see adapters.aws_session

        with self._errors("codebuild:StopBuild"):
            try:
                self.client("codebuild").stop_build(id=build_id)
            except botocore.exceptions.ClientError as error:
                if error_code(error) != "InvalidInputException":
                    raise

    def log_lines(self, build: Build, token: str) -> tuple[list[str], str]:
        """Lines of a build's log since ``token`` ("" is the start), and the next token.

        A log that is not there yet has no lines.

        Raises:
            AuthError: It may not be read.
        """
        logs = cast("Mapping[str, Any]", build.get("logs") or {})
        if not logs.get("groupName") or not logs.get("streamName"):
            return [], token
        request: dict[str, Any] = {"logGroupName": logs["groupName"], "logStreamName": logs["streamName"]}
        if token:
            request["nextToken"] = token
        try:
            with aws_errors("logs:GetLogEvents", f"log group {logs['groupName']}", error_type=BuilderError):
                answer = self.client("logs").get_log_events(startFromHead=True, **request)
        except (BuilderError, ExpiredCredentialsError):
            return [], token  # Not there yet, throttled, or lost: the result of a build does not depend on its log.
        # A line ends at \n only: JSON does not escape the other line ends of Unicode.
        lines = [line for event in answer["events"] for line in str(event["message"]).removesuffix("\n").split("\n")]
        return lines, str(answer.get("nextForwardToken") or token)

    def _ask(self, operation: str, **request: Any) -> Any:
        client_method = {
            "BatchGetBuilds": "batch_get_builds",
            "ListBuildsForProject": "list_builds_for_project",
        }[operation]
        import botocore.exceptions  # noqa: PLC0415 - see adapters.aws_session

        with self._errors(f"codebuild:{operation}"):
            try:
                return getattr(self.client("codebuild"), client_method)(**request)
            except botocore.exceptions.ClientError as error:
                if error_code(error) in _THROTTLED:
                    raise LimitReached(str(error), is_throttled=True) from error
                raise

    @contextmanager
    def _errors(self, action: str) -> Generator[None]:
        """``aws_errors`` with the policy statement to add if AWS denies, and what a missing project may mean."""
        try:
            with aws_errors(action, f"CodeBuild project {self.project}", error_type=BuilderError):
                yield
        except AuthError as error:
            if action in error.what:
                error.next_step = (
                    f'Add to the deployer\'s policy: {{"Effect": "Allow", "Action": "{action}",'
                    f' "Resource": "arn:aws:codebuild:*:*:project/{self.project}"}}'
                )
            raise
        except BuilderError as error:
            if "ResourceNotFoundException" in error.why:
                error.next_step = "Is the project in this region? Deploy the stack that makes the CodeBuildBuilder."
            elif passes(error):
                error.next_step = f"Check the network, and that this region has CodeBuild: {self._region()}."
            raise

    def _region(self) -> str:
        return str(self.client("codebuild").meta.region_name)


def _no_quota(project: str, why: str) -> BuilderError:
    return BuilderError(
        "This AWS account may not run builds of this kind yet.",
        where=f"project {project}",
        why=why,
        next_step="Ask for a quota of concurrent builds (Service Quotas, CodeBuild: the environment and compute type of"
        " the builder), or choose another compute_type=.",
    )


def passes(error: FastContainerError) -> bool:
    """Whether waiting may help: an error of the connection or of the service itself."""
    import botocore.exceptions  # noqa: PLC0415 - see adapters.aws_session

    lost = (botocore.exceptions.HTTPClientError, botocore.exceptions.ConnectionError)
    return isinstance(error.__cause__, lost) or error.why.startswith(_SERVICE_TROUBLE)


Image = tuple[str, str]
"""Build key and repository URL."""


def image_variables(images: Sequence[Image]) -> list[dict[str, str]]:
    """Return the variables of a build's environment from which other machines see what it builds."""
    if len(images) == 1:
        ((key, url),) = images
        values = {KEY_VARIABLE: key, REPOSITORY_VARIABLE: url}
    else:
        keys: dict[str, list[str]] = {}
        for key, url in images:
            keys.setdefault(url, []).append(key)
        values = {IMAGES_VARIABLE: " ".join(f"{','.join(of_url)}@{url}" for url, of_url in keys.items())}
    return [{"name": name, "value": value, "type": "PLAINTEXT"} for name, value in values.items()]


def images_of(build: Build) -> tuple[Image, ...]:
    """Return the images of a build, from its environment; none for a build that is not ours."""
    environment = cast("Mapping[str, Any]", build.get("environment") or {})
    variables = {
        str(variable["name"]): str(variable["value"])
        for variable in cast("list[Mapping[str, Any]]", environment.get("environmentVariables") or [])
    }
    if key := variables.get(KEY_VARIABLE, ""):
        return ((key, variables.get(REPOSITORY_VARIABLE, "")),)
    placed = [place.partition("@") for place in variables.get(IMAGES_VARIABLE, "").split()]
    return tuple((key, url) for keys, _, url in placed for key in keys.split(",") if key)


def queued_s(build: Build, watched_s: float) -> float:
    """Seconds of the watched time in which a build was in CodeBuild's queue.

    Args:
        build: One that has ended; 0 if it does not say when it left the queue.
        watched_s: Until its end; a build of another machine may have been joined after it was queued.
    """
    phases = cast("list[Mapping[str, Any]]", build.get("phases") or [])
    nothing: Mapping[str, Any] = {}
    queued = next((phase for phase in phases if phase.get("phaseType") == "QUEUED"), nothing)
    begun, left, ended = queued.get("startTime"), queued.get("endTime"), build.get("endTime")
    if not (isinstance(begun, datetime) and isinstance(left, datetime) and isinstance(ended, datetime)):
        return 0.0
    return max(0.0, min((left - begun).total_seconds(), watched_s - (ended - left).total_seconds()))


def machine_of(build: Build) -> Machine:
    """Return the machine of a build; its time begins when the build leaves the queue."""
    phases = cast("list[Mapping[str, Any]]", build.get("phases") or [])
    left = next((phase.get("endTime") for phase in phases if phase.get("phaseType") == "QUEUED"), None)
    began = left or build.get("startTime")
    environment = cast("Mapping[str, Any]", build.get("environment") or {})
    return Machine(
        build=str(build.get("id") or ""),
        kind=str(environment.get("type") or ""),
        size=str(environment.get("computeType") or ""),
        started=began.timestamp() if isinstance(began, datetime) else 0.0,
    )


def ready_s(build: Build) -> float:
    """Seconds from the queue's end until the build's own command; 0 where the phases do not say it."""
    phases = cast("list[Mapping[str, Any]]", build.get("phases") or [])
    spent = (
        (phase.get("startTime"), phase.get("endTime")) for phase in phases if phase.get("phaseType") in _UNTIL_READY
    )
    return sum(
        max((ended - begun).total_seconds(), 0.0)
        for begun, ended in spent
        if isinstance(begun, datetime) and isinstance(ended, datetime)
    )


def link_of(build: Build) -> str:
    """Link to a build for a person: the log in the console, or the build's ARN before there is a log."""
    logs = cast("Mapping[str, Any]", build.get("logs") or {})
    return str(logs.get("deepLink") or build.get("arn") or build.get("id"))
