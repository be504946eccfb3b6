"""The CodeBuild and CloudWatch Logs calls of one project. Blocking: callers use a thread.

Decides which answers mean "wait and try again" (throttling, queues and limits) and which are errors. Leaves when to
ask to ``adapters.codebuild_watch`` and what to build to ``adapters.codebuild``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import botocore.exceptions

from fast_container.adapters.aws_session import aws_errors, error_code
from fast_container.errors import AuthError, BuilderError

_IDS_A_CALL = 100
_THROTTLED = frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"})
_NO_LOGS_YET = frozenset({"ResourceNotFoundException"})

Build = Mapping[str, Any]
"""A build as ``BatchGetBuilds`` describes it."""


class LimitReached(Exception):  # noqa: N818 - to be waited out, not an error
    """CodeBuild takes no further build now."""


@dataclass(frozen=True, slots=True)
class CodeBuildApi:
    """One project, through one session.

    Attributes:
        client: Service (``codebuild``, ``logs``) → client.
        project: The project's name.
    """

    client: Callable[[str], Any]
    project: str

    def start(self, request: Mapping[str, Any]) -> Build:
        """Start a build, or get the one that an equal token has started within five minutes.

        Raises:
            LimitReached: A limit of the account or the project; ask again later.
            BuilderError: The project is not there, or does not take the request.
            AuthError: Credentials are missing, expired, or not allowed to.
        """
        with self._errors("codebuild:StartBuild"):
            try:
                answer = self.client("codebuild").start_build(projectName=self.project, **request)
            except botocore.exceptions.ClientError as error:
                text = str(error)
                if error_code(error) == "AccountLimitExceededException" or error_code(error) in _THROTTLED:
                    raise LimitReached(text) from error
                if "concurrent" in text.lower() and "limit" in text.lower():
                    raise LimitReached(text) from error
                raise
            return cast(Build, answer["build"])

    def builds(self, ids: Sequence[str]) -> dict[str, Build]:
        """Id → build; an id that CodeBuild does not know is not in the answer."""
        found: dict[str, Build] = {}
        for start in range(0, len(ids), _IDS_A_CALL):
            with self._errors("codebuild:BatchGetBuilds"):
                answer = self.client("codebuild").batch_get_builds(ids=list(ids[start : start + _IDS_A_CALL]))
            found |= {build["id"]: build for build in answer["builds"]}
        return found

    def recent(self) -> list[Build]:
        """The project's latest builds, newest first, at most 100."""
        with self._errors("codebuild:ListBuildsForProject"):
            answer = self.client("codebuild").list_builds_for_project(projectName=self.project, sortOrder="DESCENDING")
        ids = cast("list[str]", answer["ids"])[:_IDS_A_CALL]
        known = self.builds(ids) if ids else {}
        return [known[build] for build in ids if build in known]

    def stop(self, build_id: str) -> None:
        """Stop a build; one that has ended is left alone."""
        with self._errors("codebuild:StopBuild"):
            try:
                self.client("codebuild").stop_build(id=build_id)
            except botocore.exceptions.ClientError as error:
                if error_code(error) != "InvalidInputException":
                    raise

    def log_lines(self, build: Build, token: str) -> tuple[list[str], str]:
        """Lines of a build's log since ``token`` ("" is the start), and the next token.

        A log that is not there yet, or that may not be read, has no lines: it is not what decides.
        """
        logs = cast("Mapping[str, Any]", build.get("logs") or {})
        if not logs.get("groupName") or not logs.get("streamName"):
            return [], token
        request: dict[str, Any] = {"logGroupName": logs["groupName"], "logStreamName": logs["streamName"]}
        if token:
            request["nextToken"] = token
        try:
            answer = self.client("logs").get_log_events(startFromHead=True, **request)
        except botocore.exceptions.ClientError as error:
            if error_code(error) in _NO_LOGS_YET | _THROTTLED:
                return [], token
            return [], token
        lines = [line for event in answer["events"] for line in str(event["message"]).splitlines()]
        return lines, str(answer.get("nextForwardToken") or token)

    def _errors(self, action: str) -> Any:
        return _project_errors(action, self.project)


class _project_errors:  # noqa: N801 - a context manager
    """``aws_errors`` with the statement to add where AWS denies."""

    def __init__(self, action: str, project: str) -> None:
        self._action, self._project = action, project
        self._errors = aws_errors(action, f"CodeBuild project {project}", error_type=BuilderError)

    def __enter__(self) -> None:
        self._errors.__enter__()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool | None:
        try:
            return self._errors.__exit__(kind, error, trace)
        except AuthError as found:
            if self._action in found.what:
                found.next_step = (
                    f'Add to the deployer\'s policy: {{"Effect": "Allow", "Action": "{self._action}",'
                    f' "Resource": "arn:aws:codebuild:*:*:project/{self._project}"}}'
                )
            raise
        except BuilderError as found:
            if "ResourceNotFoundException" in found.why:
                found.next_step = "Is the project in this region? Deploy the stack that makes the CodeBuildBuilder."
            raise
