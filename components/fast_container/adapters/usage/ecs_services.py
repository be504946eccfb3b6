"""The images of ECS: of services, their deployments and task sets, of running tasks, and of all active definitions.

Decides that three things count. What a running container was started from (its digest). What a service's current
revisions were resolved to: a tag may have been moved since, and a service without tasks still starts that digest. And
what a task definition says, by what its tags name now: every active one, since a schedule or a pipeline may run it, and
inactive ones that a service or a task still has. Definitions never change, so each is asked once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from fast_container.adapters.aws_lists import Json, at_once, chunks, listed, objects_in, unless_gone
from fast_container.adapters.usage.ecs_images import declared_images, resolved_images
from fast_container.core.cleanup.uses import Use
from fast_container.errors import RegistryError

_SERVICES_PER_CALL: Final = 10
_REVISIONS_PER_CALL: Final = 20
_TASKS_PER_CALL: Final = 100
_MISSING: Final = "MISSING"
_GONE: Final = ("ClusterNotFoundException", "ServiceNotFoundException")


class EcsServices:
    """The services, tasks and task definitions of an account in a region.

    Args:
        client: Makes the client.
        place: Account and region in reasons; "" for the only one.
    """

    name = "ecs"

    def __init__(self, client: Callable[[], Any], place: str = "") -> None:
        self._client = client
        self._where = f" ({place})" if place else ""
        self._definitions: dict[str, tuple[str, ...]] = {}

    def read(self) -> list[Use]:
        """Return the uses; blocking. Raises as ``LambdaFunctions.read``."""
        client = self._client()
        clusters = listed("ecs:ListClusters", client.list_clusters, "nextToken", "clusterArns")
        uses: list[Use] = []
        # Definition → who has it, the first one counts.
        wanted: dict[str, str] = {}
        for cluster, (services, tasks) in zip(clusters, at_once(self._of_cluster, clusters), strict=True):
            uses += self._of_services(str(cluster), services, wanted)
            uses += self._of_tasks(tasks, wanted)
        active = listed(
            "ecs:ListTaskDefinitions", client.list_task_definitions, "nextToken", "taskDefinitionArns", status="ACTIVE"
        )
        for arn in active:
            wanted.setdefault(str(arn), f"task definition {_short(str(arn))}{self._where}")
        self._read_definitions(wanted)
        return uses + [Use(image, by) for arn, by in wanted.items() for image in self._definitions.get(arn, ())]

    def _of_cluster(self, cluster: str) -> tuple[list[Json], list[Json]]:
        client = self._client()
        services = self._list("ecs:ListServices", client.list_services, "serviceArns", cluster)
        tasks = self._list("ecs:ListTasks", client.list_tasks, "taskArns", cluster)
        found: list[Json] = []
        for some in chunks(services, _SERVICES_PER_CALL):
            found += self._describe(
                "ecs:DescribeServices", client.describe_services, "services", cluster=cluster, services=list(some)
            )
        running: list[Json] = []
        for some in chunks(tasks, _TASKS_PER_CALL):
            running += self._describe(
                "ecs:DescribeTasks", client.describe_tasks, "tasks", cluster=cluster, tasks=list(some)
            )
        return found, running

    def _list(self, action: str, call: Callable[..., Any], name: str, cluster: str) -> list[str]:
        def one_page(**request: Any) -> Any:
            return unless_gone(action, cluster, call, *_GONE, **request) or {}

        return [str(arn) for arn in listed(action, one_page, "nextToken", name, cluster=cluster)]

    def _describe(self, action: str, call: Callable[..., Any], name: str, **request: Any) -> list[Json]:
        where = str(request.get("cluster", "AWS"))
        answer = unless_gone(action, where, call, *_GONE, **request) or {}
        for failure in objects_in(answer, "failures"):
            if failure.get("reason") != _MISSING:
                why = f"{failure.get('arn', '')}: {failure.get('reason', '')} {failure.get('detail', '')}".strip()
                raise RegistryError("ECS did not answer for all that was asked.", where=f"{action} {where}", why=why)
        return objects_in(answer, name)

    def _of_services(self, cluster: str, services: Iterable[Json], wanted: dict[str, str]) -> list[Use]:
        uses: list[Use] = []
        revisions: dict[str, str] = {}
        for service in services:
            by = f"service {service.get('serviceName', '')} of cluster {_short(cluster)}{self._where}"
            parts: list[Json] = [service, *(service.get("deployments") or ()), *(service.get("taskSets") or ())]
            for part in parts:
                if arn := part.get("taskDefinition"):
                    wanted.setdefault(str(arn), by)
            for revision in service.get("currentServiceRevisions") or ():
                revisions[str(revision["arn"])] = by
        client = self._client()
        for some in chunks(list(revisions), _REVISIONS_PER_CALL):
            found = self._describe(
                "ecs:DescribeServiceRevisions",
                client.describe_service_revisions,
                "serviceRevisions",
                serviceRevisionArns=list(some),
            )
            for revision in found:
                by = revisions.get(str(revision.get("serviceRevisionArn")), "a service")
                uses += [Use(image, by) for image in resolved_images(revision.get("containerImages") or ())]
                if arn := revision.get("taskDefinition"):
                    wanted.setdefault(str(arn), by)
        return uses

    def _of_tasks(self, tasks: Iterable[Json], wanted: dict[str, str]) -> list[Use]:
        uses: list[Use] = []
        for task in tasks:
            by = f"running task {_short(str(task.get('taskArn', '')))} of {task.get('group', 'a cluster')}{self._where}"
            uses += [Use(image, by) for image in resolved_images(task.get("containers") or ())]
            if arn := task.get("taskDefinitionArn"):
                wanted.setdefault(str(arn), by)
        return uses

    def _read_definitions(self, wanted: Iterable[str]) -> None:
        unknown = [arn for arn in wanted if arn not in self._definitions]
        self._definitions |= dict(zip(unknown, at_once(self._images_of, unknown), strict=True))

    def _images_of(self, arn: str) -> tuple[str, ...]:
        # A definition that cannot be found is an error of a caller: ECS keeps those that tasks have.
        answer = unless_gone(
            "ecs:DescribeTaskDefinition", arn, self._client().describe_task_definition, taskDefinition=arn
        )
        return declared_images((answer or {}).get("taskDefinition") or {})


def _short(arn: str) -> str:
    """The last part of an ARN."""
    return arn.rpartition("/")[2]
