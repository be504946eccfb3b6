"""Which image each function and each running service has, with few calls: for people to see, not to delete by.

Decides that Lambda's list is enough (of an image, a version's code hash is the manifest's digest), and that what runs
in ECS is what its tasks were started from. Leaves everything that must not be missed to the readers beside this one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from fast_container.adapters.aws_lists import Json, chunks, listed, objects_in, unless_gone

_HEX: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TASKS_PER_CALL: Final = 100
_GONE: Final = "ClusterNotFoundException"


@dataclass(frozen=True, slots=True)
class Deployed:
    """An image that runs.

    Attributes:
        digest: The manifest's.
        by: Who runs it (``function orders: $LATEST, 14``).
    """

    digest: str
    by: str


def deployed_functions(client: Callable[[], Any]) -> list[Deployed]:
    """Return the images of functions, each with the versions that have it; blocking.

    Raises:
        AuthError: The permission is missing.
        RegistryError: Lambda could not be asked.
    """
    versions = listed(
        "lambda:ListFunctions", client().list_functions, ("Marker", "NextMarker"), "Functions", FunctionVersion="ALL"
    )
    found: dict[tuple[str, str], list[str]] = {}
    for one in versions:
        code = str(one.get("CodeSha256") or "")
        if one.get("PackageType") == "Image" and _HEX.fullmatch(code):
            found.setdefault((f"sha256:{code}", str(one["FunctionName"])), []).append(str(one.get("Version") or ""))
    return [Deployed(digest, f"function {name}: {', '.join(which)}") for (digest, name), which in found.items()]


def deployed_tasks(client: Callable[[], Any]) -> list[Deployed]:
    """Return the images of running tasks, by service or family; blocking. Raises as ``deployed_functions``."""
    found: dict[tuple[str, str], int] = {}
    for cluster in listed("ecs:ListClusters", client().list_clusters, "nextToken", "clusterArns"):
        for task in _tasks(client, str(cluster)):
            kind, _, name = str(task.get("group") or "").partition(":")
            by = f"{kind or 'task'} {name}".strip()
            for container in objects_in(task, "containers"):
                digest = str(container.get("imageDigest") or str(container.get("image") or "").rpartition("@")[2])
                if digest.startswith("sha256:"):
                    found[digest, by] = found.get((digest, by), 0) + 1
    return [Deployed(digest, f"{by}: {count} running") for (digest, by), count in found.items()]


def _tasks(client: Callable[[], Any], cluster: str) -> list[Json]:
    def one_page(**request: Any) -> Any:
        return unless_gone("ecs:ListTasks", cluster, client().list_tasks, _GONE, **request) or {}

    arns = listed("ecs:ListTasks", one_page, "nextToken", "taskArns", cluster=cluster)
    found: list[Json] = []
    for some in chunks(arns, _TASKS_PER_CALL):
        answer = unless_gone(
            "ecs:DescribeTasks", cluster, client().describe_tasks, _GONE, cluster=cluster, tasks=list(some)
        )
        found += objects_in(answer or {}, "tasks")
    return found
