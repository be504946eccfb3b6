"""ECS's API for services: rolling updates, which moto does not have.

Decides how a service reads while it rolls to a task definition, when that has come to an end, and that the circuit
breaker goes back to the last one that did (AWS, "How the Amazon ECS deployment circuit breaker detects failures").
Whether tasks could start is decided in :mod:`localcloud.ecs_tasks`; everything else about ECS is moto's.
"""

from __future__ import annotations

import dataclasses
import json
import threading
import time
import uuid
from typing import Any

from localcloud.aws_api import ApiRequest, ApiResponse
from localcloud.ecs_tasks import Json, TaskStarts, check_registration
from localcloud.state import ACCOUNT_ID

ROLLOUT_S = 0.3
"""How long a new deployment is ``IN_PROGRESS``."""

_KEPT = ("deploymentConfiguration", "enableExecuteCommand", "enableECSManagedTags", "healthCheckGracePeriodSeconds")


@dataclasses.dataclass
class Deployment:
    """One way from a task definition to the next.

    Attributes:
        failure: Why its tasks cannot start, "" when they can.
        ends_at: When it is decided, on the monotonic clock.
    """

    task_definition: str
    failure: str
    ends_at: float
    id: str = dataclasses.field(default_factory=lambda: f"ecs-svc/{uuid.uuid4().int % 10**19}")
    began_s: float = dataclasses.field(default_factory=time.time)

    def shown(self, status: str, rollout: str, desired: int, running: int) -> Json:
        """As ``DescribeServices`` shows it."""
        return {
            "id": self.id,
            "status": status,
            "taskDefinition": self.task_definition,
            "desiredCount": desired,
            "runningCount": running,
            "pendingCount": desired - running,
            "failedTasks": desired - running if self.failure else 0,
            "rolloutState": rollout,
            "rolloutStateReason": f"ECS deployment {self.id} {rollout.lower().replace('_', ' ')}.",
            "createdAt": self.began_s,
            "updatedAt": self.began_s,
        }


@dataclasses.dataclass
class ServiceState:
    """Properties of a service that moto does not keep.

    Attributes:
        kept: Settings that moto forgets.
        primary: The newest deployment.
        completed: The last one that came to its end.
    """

    kept: Json
    primary: Deployment
    completed: Deployment | None = None
    events: list[Json] = dataclasses.field(default_factory=list[Json])

    def say(self, text: str) -> None:
        """Adds an event, the newest first."""
        self.events.insert(0, {"id": str(uuid.uuid4()), "createdAt": time.time(), "message": text})

    @property
    def breaker(self) -> Json:
        """The circuit breaker's settings."""
        return (self.kept.get("deploymentConfiguration") or {}).get("deploymentCircuitBreaker") or {}


class EcsApi:
    """The handlers of ECS."""

    def __init__(self, starts: TaskStarts, registry_host: str) -> None:
        self._starts = starts
        self._host = registry_host
        self._lock = threading.Lock()

    def answer(self, request: ApiRequest) -> ApiResponse | None:
        """Answers the calls about services; refuses task definitions that Fargate could not run."""
        if request.operation == "RegisterTaskDefinition":
            check_registration(request.json(), self._host)
        if request.operation not in {"CreateService", "UpdateService", "DescribeServices", "DeleteService"}:
            return None
        response = request.forward(_with_security_groups(request))
        if response.status >= 300:
            return response
        answer = response.json()
        with self._lock:
            for shown in answer.get("services") or [answer.get("service")]:
                if shown:
                    self._mend(shown, request)
        return ApiResponse(response.status, json.dumps(answer).encode(), response.headers)

    def _mend(self, shown: Json, request: ApiRequest) -> None:
        service = _moto_service(shown, request.region)
        if request.operation in {"CreateService", "UpdateService"}:
            self._change(service, request.json(), request.region)
        state: ServiceState | None = getattr(service, "localcloud", None)
        if state is None:
            return
        _advance(service, state)
        shown |= {**state.kept, "taskDefinition": service.task_definition, "events": state.events[:100]}
        shown["deployments"] = _deployments(service, state)
        shown["runningCount"] = sum(entry["runningCount"] for entry in shown["deployments"])
        shown["pendingCount"] = sum(entry["pendingCount"] for entry in shown["deployments"])

    def _change(self, service: Any, body: Json, region: str) -> None:
        kept = {name: body[name] for name in _KEPT if name in body}
        state: ServiceState | None = getattr(service, "localcloud", None)
        wanted = str(service.task_definition)
        if state is None or state.primary.task_definition != wanted or body.get("forceNewDeployment"):
            failure = self._starts.failure(_moto_task_definition(wanted, region), region)
            deployment = Deployment(wanted, failure, time.monotonic() + ROLLOUT_S)
            if state is None:
                state = service.localcloud = ServiceState(kept, deployment)
            state.primary = deployment
        state.kept |= kept


def _with_security_groups(request: ApiRequest) -> bytes | None:
    """The body with the list of security groups that moto asks for; without one, ECS takes the default group."""
    if request.operation not in {"CreateService", "UpdateService"}:
        return None
    body = request.json()
    network = (body.get("networkConfiguration") or {}).get("awsvpcConfiguration")
    if network is None or "securityGroups" in network:
        return None
    network["securityGroups"] = []
    return json.dumps(body).encode()


def _moto_service(shown: Json, region: str) -> Any:
    from moto.ecs.models import ecs_backends  # noqa: PLC0415 - slow to import

    cluster = str(shown["clusterArn"]).rsplit("/", 1)[-1]
    return ecs_backends[ACCOUNT_ID][region].services[f"{cluster}:{shown['serviceName']}"]


def _moto_task_definition(name: str, region: str) -> Any:
    from moto.ecs.models import ecs_backends  # noqa: PLC0415 - slow to import

    return ecs_backends[ACCOUNT_ID][region].describe_task_definition(name)


def _advance(service: Any, state: ServiceState) -> None:
    """Lets the newest deployment end when its time has come; one that failed gives way to the last that did not."""
    primary = state.primary
    if time.monotonic() < primary.ends_at or primary is state.completed:
        return
    if not primary.failure:
        state.completed = primary
        state.say(f"(service {service.name}) has reached a steady state.")
        return
    before = state.completed
    if not state.breaker.get("enable") or not state.breaker.get("rollback") or before is None:
        if not state.events or primary.failure not in state.events[0]["message"]:
            state.say(f"(service {service.name}) was unable to start tasks: {primary.failure}")
        return
    state.say(f"(service {service.name}) (deployment {primary.id}) deployment failed: {primary.failure}")
    state.primary = before
    service.task_definition = before.task_definition


def _deployments(service: Any, state: ServiceState) -> list[Json]:
    desired = service.desired_count if service.status == "ACTIVE" else 0
    primary, before = state.primary, state.completed
    if primary is before:
        return [primary.shown("PRIMARY", "COMPLETED", desired, desired)]
    failed = bool(primary.failure) and time.monotonic() >= primary.ends_at and bool(state.breaker.get("enable"))
    shown = [primary.shown("PRIMARY", "FAILED" if failed else "IN_PROGRESS", desired, 0)]
    return shown + ([before.shown("ACTIVE", "COMPLETED", desired, desired)] if before else [])
