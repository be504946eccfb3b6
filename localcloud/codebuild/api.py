"""CodeBuild's operations.

Decides which operations there are, how StartBuild treats its token, and what is answered about builds and projects.
Operations that are not here are moto's.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from localcloud.aws_api import ApiError, ApiRequest, ApiResponse
from localcloud.codebuild.builds import Build
from localcloud.codebuild.container import Start
from localcloud.codebuild.faults import Faults
from localcloud.codebuild.image import BuildImage
from localcloud.codebuild.projects import Projects, build_settings, invalid
from localcloud.codebuild.queue import BuildQueue
from localcloud.codebuild.role import allows, role_of_key
from localcloud.codebuild.runner import Credentials, Runner
from localcloud.policy_conditions import Facts
from localcloud.state import ACCOUNT_ID

Json = dict[str, Any]
_MOST_IDS = 100
"""Ids of one batch call (service model of BatchGetBuilds and BatchGetProjects), and entries of one page."""


class CodeBuildApi:
    """The handlers of CodeBuild, and the builds.

    Args:
        folder: A folder of its own; made when the first build starts.
        tools: The folder that holds ``buildx``.
        buildkit: The address of this cloud's BuildKit.
        endpoint: The AWS endpoint that builds are given.
        start: Starts a child that cannot outlive the supervisor.
    """

    def __init__(self, folder: Path, tools: Path, buildkit: str, endpoint: Callable[[], str], start: Start) -> None:
        self.faults = Faults()
        self._projects = Projects()
        image = BuildImage(folder / "image", tools, buildkit)
        runner = Runner(folder, image, self.faults, endpoint, self._assume, start)
        self._queue = BuildQueue(self.faults, runner.run)
        self._lock = threading.RLock()
        self._builds: dict[str, Build] = {}
        self._numbers: dict[str, int] = {}
        self._tokens: dict[tuple[str, str], tuple[float, str, str]] = {}
        self._keys: dict[str, Build] = {}
        self._operations: dict[str, Callable[[ApiRequest, Json], Json]] = {
            "CreateProject": lambda request, body: {"project": self._projects.create(request.region, body)},
            "UpdateProject": lambda request, body: {"project": self._projects.update(request.region, body)},
            "UpdateProjectVisibility": self._update_visibility,
            "BatchGetProjects": self._get_projects,
            "ListProjects": self._list_projects,
            "DeleteProject": self._delete_project,
            "InvalidateProjectCache": lambda _request, _body: {},
            "StartBuild": self._start_build,
            "RetryBuild": self._retry_build,
            "StopBuild": self._stop_build,
            "BatchGetBuilds": self._get_builds,
            "ListBuilds": self._list_builds,
            "ListBuildsForProject": self._list_builds,
        }

    def answer(self, request: ApiRequest) -> ApiResponse | None:
        """Answers a call of CodeBuild."""
        handler = self._operations.get(request.operation)
        if handler is None:
            return None
        return ApiResponse.of(handler(request, request.json()))

    def is_build(self, access_key: str) -> bool:
        """Whether credentials are those of a build."""
        return access_key in self._keys

    def refusal(self, access_key: str, action: str, resource: str, facts: Facts | None = None) -> str:
        """Return why the owner of credentials may not make a call; "" if allowed, or if callers are not checked."""
        build = self._keys.get(access_key)
        if build is not None:
            role, session = str(build.settings["serviceRole"]), f"AWSCodeBuild-{build.uuid}"
        elif self.faults.limits.enforce_callers:
            role, session = role_of_key(access_key), "session"
        else:
            return ""
        asked = self.faults.limits.enforce_role or build is None
        free = not role or not asked or action == "sts:GetCallerIdentity"
        if free or allows(role, action, resource, facts, self.faults.documents):
            return ""
        user = f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{role.rpartition('/')[2]}/{session}"
        because = f"because no identity-based policy allows the {action} action"
        return f"User: {user} is not authorized to perform: {action} on resource: {resource} {because}"

    def absent(self, service: str, region: str) -> bool:
        """Whether a test said that a region has no CodeBuild."""
        return service == "codebuild" and self.faults.absent(region)

    def stop(self) -> None:
        """Ends all builds."""
        self._queue.close()

    def control_routes(self) -> dict[str, Callable[[bytes], object]]:
        """Routes by which tests ask and order from another process."""
        return {
            "codebuild/limits": self._set_limits,
            "codebuild/kill": lambda body: self.faults.order_kill(json.loads(body)),
            "codebuild/lose": lambda body: self.faults.lose(json.loads(body)),
            "codebuild/absent": lambda body: self.faults.withdraw(json.loads(body)),
            "codebuild/reset": lambda _body: self._reset(),
            "codebuild/builds": lambda _body: [build.shown() for build in self._newest_first()],
        }

    # --- projects

    def _update_visibility(self, request: ApiRequest, body: Json) -> Json:
        project = self._projects.find(request.region, str(body.get("projectArn", "")))
        project["projectVisibility"] = body["projectVisibility"]
        if body.get("resourceAccessRole"):
            project["resourceAccessRole"] = body["resourceAccessRole"]
        return {"projectArn": project["arn"], "projectVisibility": project["projectVisibility"]}

    def _get_projects(self, request: ApiRequest, body: Json) -> Json:
        names = _ids(body.get("names"), "names")
        found = {name: self._projects.get(request.region, name) for name in names}
        return {
            "projects": [project for project in found.values() if project is not None],
            "projectsNotFound": [name for name, project in found.items() if project is None],
        }

    def _list_projects(self, request: ApiRequest, body: Json) -> Json:
        names = self._projects.names(request.region)
        return _page("projects", names[::-1] if body.get("sortOrder") == "DESCENDING" else names, body)

    def _delete_project(self, request: ApiRequest, body: Json) -> Json:
        self._projects.delete(request.region, str(body.get("name", "")))
        return {}

    # --- builds

    def _start_build(self, request: ApiRequest, body: Json) -> Json:
        region, wanted = request.region, {key: value for key, value in body.items() if value is not None}
        token = str(wanted.pop("idempotencyToken", ""))
        project = self._projects.find(region, str(wanted.get("projectName", "")))
        words = json.dumps({**wanted, "projectName": project["arn"]}, sort_keys=True)
        with self._lock:
            known = self._known_build(region, token, words)
            if known is not None:
                return {"build": known.shown()}
            shown = self._admitted(project, region, build_settings(project, wanted), request.access_key)
            if token:
                self._tokens[region, token] = (time.monotonic(), words, shown["id"])
        return {"build": shown}

    def _known_build(self, region: str, token: str, words: str) -> Build | None:
        began, said, build_id = self._tokens.get((region, token), (float("-inf"), "", ""))
        if not token or time.monotonic() - began > self.faults.limits.idempotency_s:
            return None
        if said != words:
            raise invalid(
                "Parameter mismatch: the idempotency token was used within the last 5 minutes with other parameters"
            )
        return self._builds[build_id]

    def _admitted(self, project: Json, region: str, settings: Json, caller: str) -> Json:
        name, own_id = str(project["name"]), str(uuid.uuid4())
        config = (settings.get("logsConfig") or {}).get("cloudWatchLogs") or {}
        stream = "/".join(part for part in (config.get("streamName"), own_id) if part)
        build = Build(
            project=name,
            project_arn=project["arn"],
            region=region,
            account=ACCOUNT_ID,
            uuid=own_id,
            number=self._numbers.get(project["arn"], 0) + 1,
            settings=settings,
            initiator=caller,
            group=config.get("groupName") or f"/aws/codebuild/{name}",
            stream=stream,
        )
        shown = self._queue.admit(build, project.get("concurrentBuildLimit"))
        self._numbers[project["arn"]] = build.number
        self._builds[build.id] = build
        return shown

    def _retry_build(self, request: ApiRequest, body: Json) -> Json:
        old = self._find(request.region, str(body.get("id", "")))
        if not old.ended.is_set():
            raise invalid(f"Build {old.id} has not ended")
        project = self._projects.find(request.region, old.project)
        with self._lock:
            shown = self._admitted(project, request.region, old.settings, request.access_key)
        return {"build": shown}

    def _stop_build(self, request: ApiRequest, body: Json) -> Json:
        build = self._find(request.region, str(body.get("id", "")))
        if not build.ended.is_set():
            self._queue.stop(build)
            build.ended.wait(timeout=5)
        return {"build": build.shown()}

    def _get_builds(self, request: ApiRequest, body: Json) -> Json:
        shown: list[Json] = []
        missing: list[str] = []
        for name in _ids(body.get("ids"), "ids"):
            build = self._get(request.region, name)
            if build is None or self.faults.lost(build.id):
                missing.append(name)
            else:
                shown.append(build.shown())
        return {"builds": shown, "buildsNotFound": missing}

    def _list_builds(self, request: ApiRequest, body: Json) -> Json:
        project = body.get("projectName")
        if project is not None:
            project = self._projects.find(request.region, str(project))["name"]
        ids = [
            build.id
            for build in self._newest_first()
            if build.region == request.region and project in {None, build.project} and not self.faults.lost(build.id)
        ]
        return _page("ids", ids[::-1] if body.get("sortOrder") == "ASCENDING" else ids, body)

    def _newest_first(self) -> list[Build]:
        with self._lock:
            return list(self._builds.values())[::-1]

    def _get(self, region: str, name: str) -> Build | None:
        build = self._builds.get(name.rpartition(":build/")[2])
        return build if build is not None and build.region == region else None

    def _find(self, region: str, name: str) -> Build:
        build = self._get(region, name)
        if build is None:
            raise ApiError("ResourceNotFoundException", f"Build does not exist: {name}")
        return build

    # --- what builds and tests need

    def _assume(self, build: Build) -> Credentials:
        from moto.sts.models import sts_backends  # noqa: PLC0415 - slow to import

        role = sts_backends[ACCOUNT_ID]["aws"].assume_role(
            region_name=build.region,
            role_session_name=f"AWSCodeBuild-{build.uuid}",
            role_arn=build.settings["serviceRole"],
            policy="",
            duration=3600,
            external_id="",
        )
        self._keys[role.access_key_id] = build
        return Credentials(role.access_key_id, role.secret_access_key, role.session_token)

    def _set_limits(self, body: bytes) -> Json:
        limits = self.faults.set_limits(json.loads(body))
        self._queue.wake()
        return limits

    def _reset(self) -> None:
        self.faults.reset()
        self._queue.wake()


def _ids(given: Any, name: str) -> list[str]:
    if not given or not isinstance(given, list):
        raise invalid(f"Invalid {name}: at least one is required")
    if len(given) > _MOST_IDS:
        text = f"Value at '{name}' failed to satisfy constraint: Member must have length less than or equal to"
        raise invalid(f"1 validation error detected: {text} {_MOST_IDS}")
    return [str(item) for item in dict.fromkeys(given)]


def _page(name: str, entries: list[str], body: Json) -> Json:
    start = int(body.get("nextToken") or 0)
    page: Json = {name: entries[start : start + _MOST_IDS]}
    if start + _MOST_IDS < len(entries):
        page["nextToken"] = str(start + _MOST_IDS)
    return page
