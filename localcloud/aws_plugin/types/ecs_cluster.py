"""``aws:ecs/cluster:Cluster``: after terraform-provider-aws ``internal/service/ecs/cluster.go``. Its id is its ARN."""

from __future__ import annotations

from typing import Any

from localcloud.aws_plugin import tagging
from localcloud.aws_plugin.schema import Autoname, Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws

_NOT_EMPTY_S = 600.0


def _create(aws: Aws, inputs: Values) -> str:
    request: dict[str, Any] = {"clusterName": inputs["name"]}
    if inputs.get("settings"):
        request["settings"] = inputs["settings"]
    if inputs["tagsAll"]:
        request["tags"] = tagging.as_ecs_list(inputs["tagsAll"])
    return aws.client("ecs").create_cluster(**request)["cluster"]["clusterArn"]


def _read(aws: Aws, resource_id: str, prior: Values) -> Values | None:
    answer = aws.client("ecs").describe_clusters(clusters=[resource_id], include=["SETTINGS", "TAGS"])
    # A cluster that was deleted stays visible for a while.
    found = next((cluster for cluster in answer["clusters"] if cluster["status"] != "INACTIVE"), None)
    if found is None:
        return None
    return {
        "name": found["clusterName"],
        "arn": found["clusterArn"],
        "settings": found.get("settings"),
        "tagsAll": tagging.from_ecs_list(found.get("tags", [])),
    }


def _update(aws: Aws, resource_id: str, old: Values, new: Values, changed: set[str]) -> None:
    ecs = aws.client("ecs")
    if "settings" in changed:
        ecs.update_cluster(cluster=resource_id, settings=new["settings"])
    tagging.put_on_ecs(ecs, old["arn"], old.get("tagsAll") or {}, new["tagsAll"])


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    ecs = aws.client("ecs")
    aws.retry(
        lambda: ecs.delete_cluster(cluster=resource_id),
        refusals=dict.fromkeys(("ClusterContainsServicesException", "ClusterContainsTasksException"), ("",)),
        longest_s=_NOT_EMPTY_S,
        waiting_for="the cluster's services and tasks to end",
    )


RESOURCE_TYPE = ResourceType(
    token="aws:ecs/cluster:Cluster",
    inputs={
        "name": Property(replaces=True, pattern=r"[A-Za-z0-9\-_]{1,255}"),
        "settings": Property(
            kind="set",
            computed=True,
            items=Property(
                kind="object",
                fields={
                    "name": Property(required=True, choices=("containerInsights",)),
                    "value": Property(required=True, choices=("enabled", "disabled", "enhanced")),
                },
            ),
        ),
    },
    outputs=("arn",),
    tagged=True,
    autoname=Autoname(),
    unsupported=frozenset({"configuration", "serviceConnectDefaults"}),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    missing_codes=frozenset({"ClusterNotFoundException"}),
)
