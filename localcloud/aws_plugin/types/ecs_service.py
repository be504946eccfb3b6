"""``aws:ecs/service:Service`` with ECS's own rolling update: after terraform-provider-aws ``internal/service/ecs``.

A new task definition, count or network is an update in place. With ``waitForSteadyState`` an operation ends when one
deployment is left with all its tasks running, and fails when ECS has rolled back meanwhile. Its id is its ARN.
Settings that an emulator does not show stay as the program said them.
"""

from __future__ import annotations

from typing import Any

from localcloud.aws_plugin import tagging
from localcloud.aws_plugin.errors import PluginError
from localcloud.aws_plugin.schema import Autoname, Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws

_PROPAGATION = {"InvalidParameterException": ("Unable to assume the", "ot authorized", "Unable to assume role")}
_PROPAGATION_S = 120.0
_ON_UPDATE = {
    **{name: name for name in ("desiredCount", "enableExecuteCommand", "forceNewDeployment", "platformVersion")},
    **{name: name for name in ("healthCheckGracePeriodSeconds", "propagateTags", "taskDefinition")},
    "enableEcsManagedTags": "enableECSManagedTags",
}
_DEPLOYMENT = ("deploymentCircuitBreaker", "deploymentMaximumPercent", "deploymentMinimumHealthyPercent")


def _network(block: Values | None) -> dict[str, Any] | None:
    if not block:
        return None
    return {
        "awsvpcConfiguration": {
            "subnets": block["subnets"],
            "securityGroups": block.get("securityGroups") or [],
            "assignPublicIp": "ENABLED" if block.get("assignPublicIp") else "DISABLED",
        }
    }


def _deployment(inputs: Values) -> dict[str, Any]:
    breaker = inputs.get("deploymentCircuitBreaker")
    return {
        "deploymentCircuitBreaker": breaker or {"enable": False, "rollback": False},
        "maximumPercent": inputs["deploymentMaximumPercent"],
        "minimumHealthyPercent": inputs["deploymentMinimumHealthyPercent"],
    }


def _create(aws: Aws, inputs: Values) -> str:
    request: dict[str, Any] = {
        "serviceName": inputs["name"],
        "cluster": inputs.get("cluster"),
        "launchType": inputs.get("launchType"),
        "schedulingStrategy": inputs["schedulingStrategy"],
        "deploymentController": inputs.get("deploymentController"),
        "deploymentConfiguration": _deployment(inputs),
        "networkConfiguration": _network(inputs.get("networkConfiguration")),
        "tags": tagging.as_ecs_list(inputs["tagsAll"]),
        **{parameter: inputs.get(name) for name, parameter in _ON_UPDATE.items() if name != "forceNewDeployment"},
    }
    request["desiredCount"] = inputs.get("desiredCount", 0)
    request = {name: value for name, value in request.items() if value not in (None, "", [], {})}
    return _call(aws, "create_service", request)["service"]["serviceArn"]


def _call(aws: Aws, operation: str, request: dict[str, Any]) -> Any:
    return aws.retry(
        lambda: getattr(aws.client("ecs"), operation)(**request),
        refusals=_PROPAGATION,
        longest_s=_PROPAGATION_S,
        waiting_for="the service's roles",
    )


def _cluster(resource_id: str, values: Values) -> str:
    """The cluster of a service: its long ARN names it, as does an import's ``cluster/service``."""
    parts = resource_id.split("/")
    return values.get("cluster") or (parts[-2] if len(parts) > 1 else "default")


def _describe(aws: Aws, resource_id: str, values: Values) -> Any:
    name = resource_id.rsplit("/", 1)[-1]
    cluster = _cluster(resource_id, values)
    services = aws.client("ecs").describe_services(cluster=cluster, services=[name], include=["TAGS"])["services"]
    # A service that was deleted stays visible for a while.
    return next((service for service in services if service["status"] not in {"INACTIVE", "DRAINING"}), None)


def _read(aws: Aws, resource_id: str, prior: Values) -> Values | None:
    found = _describe(aws, resource_id, prior)
    if found is None:
        return None
    shown: Values = {name: found.get(parameter, prior.get(name)) for name, parameter in _ON_UPDATE.items()}
    deployment = found.get("deploymentConfiguration") or {}
    return {
        **shown,
        **{name: prior.get(name) for name in _DEPLOYMENT},
        **_shown_deployment(deployment, prior),
        "name": found["serviceName"],
        "arn": found["serviceArn"],
        "cluster": _as_written(found["clusterArn"], prior.get("cluster")),
        "taskDefinition": _as_written(found["taskDefinition"], prior.get("taskDefinition")),
        "launchType": found.get("launchType"),
        "schedulingStrategy": found.get("schedulingStrategy"),
        "deploymentController": found.get("deploymentController"),
        "networkConfiguration": _shown_network(found.get("networkConfiguration")),
        "tagsAll": tagging.from_ecs_list(found.get("tags", [])),
    }


def _as_written(arn: str, written: Any) -> str:
    """The name after the last slash where the program wrote a name, else the ARN."""
    return arn if not written or str(written).startswith("arn:") else arn.rsplit("/", 1)[-1]


def _shown_deployment(found: dict[str, Any], prior: Values) -> Values:
    if not found:
        return {}
    breaker = found.get("deploymentCircuitBreaker") or {}
    wanted = breaker.get("enable") or breaker.get("rollback") or prior.get("deploymentCircuitBreaker")
    return {
        "deploymentCircuitBreaker": {name: breaker.get(name, False) for name in ("enable", "rollback")}
        if wanted
        else None,
        "deploymentMaximumPercent": found.get("maximumPercent"),
        "deploymentMinimumHealthyPercent": found.get("minimumHealthyPercent"),
    }


def _shown_network(found: dict[str, Any] | None) -> Values | None:
    vpc = (found or {}).get("awsvpcConfiguration")
    if not vpc:
        return None
    return {
        "subnets": sorted(vpc["subnets"]),
        "securityGroups": sorted(vpc.get("securityGroups") or []),
        "assignPublicIp": vpc.get("assignPublicIp") == "ENABLED",
    }


def _settle(aws: Aws, resource_id: str, wanted: Values) -> None:
    if not wanted.get("waitForSteadyState"):
        return

    def look() -> Any:
        found = _describe(aws, resource_id, wanted)
        if found is None:
            raise PluginError("unexpected state 'INACTIVE'")
        deployments = found.get("deployments", [])
        if any(entry["status"] == "PRIMARY" and entry.get("rolloutState") == "FAILED" for entry in deployments):
            raise PluginError(f"service deployment failed: {_newest_event(found)}")
        steady = len(deployments) == 1 and found["runningCount"] == found["desiredCount"]
        return found if steady else None

    found = aws.poll(look, waiting_for=f"ECS Service ({resource_id}) to reach a steady state")
    # A service that has rolled back is steady too.
    task_definition = wanted.get("taskDefinition")
    if task_definition and _as_written(found["deployments"][0]["taskDefinition"], task_definition) != task_definition:
        raise PluginError(f"service deployment failed and was rolled back: {_newest_event(found)}")


def _newest_event(found: Any) -> str:
    return next((event["message"] for event in found.get("events", [])), "no reason given")


def _update(aws: Aws, resource_id: str, old: Values, new: Values, changed: set[str]) -> None:
    request: dict[str, Any] = {
        parameter: new.get(name) for name, parameter in _ON_UPDATE.items() if name in changed and name in new
    }
    if "desiredCount" in changed:
        request["desiredCount"] = new.get("desiredCount", 0)
    if changed & set(_DEPLOYMENT):
        request["deploymentConfiguration"] = _deployment(new)
    if "networkConfiguration" in changed:
        request["networkConfiguration"] = _network(new.get("networkConfiguration"))
    if request or "triggers" in changed:
        if new.get("forceNewDeployment"):
            request["forceNewDeployment"] = True
        _call(aws, "update_service", {"cluster": _cluster(resource_id, old), "service": old["name"], **request})
    tagging.put_on_ecs(aws.client("ecs"), old["arn"], old.get("tagsAll") or {}, new["tagsAll"])


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    ecs, cluster = aws.client("ecs"), _cluster(resource_id, state)
    if state.get("schedulingStrategy") != "DAEMON" and state.get("desiredCount"):
        ecs.update_service(cluster=cluster, service=state["name"], desiredCount=0)
    ecs.delete_service(cluster=cluster, service=state["name"], force=bool(state.get("forceDelete")))
    aws.poll(
        lambda: True if _describe(aws, resource_id, state) is None else None,
        waiting_for=f"ECS Service ({resource_id}) to end",
    )


_FLAG = Property(kind="boolean", default=False, write_only=True)

RESOURCE_TYPE = ResourceType(
    token="aws:ecs/service:Service",
    inputs={
        "name": Property(replaces=True, pattern=r"[A-Za-z0-9\-_]{1,255}"),
        "cluster": Property(computed=True, replaces=True),
        "deploymentCircuitBreaker": Property(
            kind="object",
            fields=dict.fromkeys(("enable", "rollback"), Property(kind="boolean", required=True)),
        ),
        "deploymentController": Property(
            kind="object", computed=True, fields={"type": Property(default="ECS", replaces=True, choices=("ECS",))}
        ),
        "deploymentMaximumPercent": Property(kind="integer", default=200),
        "deploymentMinimumHealthyPercent": Property(kind="integer", default=100),
        "desiredCount": Property(kind="integer", minimum=0),
        "enableEcsManagedTags": Property(kind="boolean", default=False),
        "enableExecuteCommand": Property(kind="boolean", default=False),
        "forceDelete": _FLAG,
        "forceNewDeployment": _FLAG,
        "healthCheckGracePeriodSeconds": Property(kind="integer", computed=True, minimum=0),
        "launchType": Property(computed=True, replaces=True, choices=("EC2", "EXTERNAL", "FARGATE")),
        "networkConfiguration": Property(
            kind="object",
            fields={
                "assignPublicIp": Property(kind="boolean", default=False),
                "securityGroups": Property(kind="set", maximum=5),
                "subnets": Property(kind="set", required=True, minimum=1, maximum=16),
            },
        ),
        "platformVersion": Property(computed=True),
        "propagateTags": Property(computed=True, choices=("NONE", "SERVICE", "TASK_DEFINITION")),
        "schedulingStrategy": Property(default="REPLICA", replaces=True, choices=("DAEMON", "REPLICA")),
        "sigintRollback": _FLAG,
        "taskDefinition": Property(),
        "triggers": Property(kind="map", computed=True, write_only=True),
        "waitForSteadyState": _FLAG,
    },
    outputs=("arn",),
    tagged=True,
    autoname=Autoname(),
    unsupported=frozenset(
        {
            *("alarms", "availabilityZoneRebalancing", "capacityProviderStrategies", "deploymentConfiguration"),
            *("iamRole", "loadBalancers", "orderedPlacementStrategies", "placementConstraints"),
            *("serviceConnectConfiguration", "serviceRegistries", "volumeConfiguration", "vpcLatticeConfigurations"),
        }
    ),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    settle=_settle,
    missing_codes=frozenset({"ClusterNotFoundException", "ServiceNotFoundException"}),
)
