"""ECS and what it stands on, on the local cloud: revisions, rolling updates, the way back, and who may do what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from localcloud import LocalCloud
from localcloud.aws_plugin.types.ecs_container_definitions import canonical
from tests.localcloud.aws_plugin.plugin_driver import Made, Plugin, RefusedError
from tests.localcloud.registry_client import RegistryClient, client, push_image

pytestmark = pytest.mark.buildkit

TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
SERVICE = "aws:ecs/service:Service"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
VERSION = "2012-10-17"
TRUST = {
    "Version": VERSION,
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture(scope="module")
def plugin(plugin_stub: Any, cloud: LocalCloud) -> Plugin:
    plugin = Plugin(plugin_stub, cloud.aws_endpoint)
    plugin.configure(**{key.removeprefix("aws:"): value for key, value in cloud.stack_config().items()})
    return plugin


class Site:
    """A repository with two images, a network, a cluster, and a role that may pull."""

    def __init__(self, plugin: Plugin, cloud: LocalCloud) -> None:
        self.plugin = plugin
        self.made: list[Made] = []
        repository = self.create("aws:ecr/repository:Repository", {"forceDelete": True})
        registry = RegistryClient.of(cloud)
        self.url = repository.state["repositoryUrl"]
        self.images = [f"{self.url}@{push_image(registry, repository.id, files={'f': f})[0]}" for f in (b"1", b"2")]
        self.arm = f"{self.url}@{push_image(registry, repository.id, architecture='arm64')[0]}"
        self.role = self.create("aws:iam/role:Role", {"assumeRolePolicy": json.dumps(TRUST)})
        self.pulls = self.create("aws:iam/rolePolicy:RolePolicy", self.policy("*", repository.state["arn"]))
        self.vpc = plugin.invoke("aws:ec2/getVpc:getVpc", default=True)
        filters = [{"name": "vpc-id", "values": [self.vpc["id"]]}]
        self.subnets = plugin.invoke("aws:ec2/getSubnets:getSubnets", filters=filters)["ids"]
        self.group = self.create(GROUP, {"vpcId": self.vpc["id"]})
        self.cluster = self.create("aws:ecs/cluster:Cluster", {})

    def create(self, token: str, news: dict[str, Any]) -> Made:
        self.made.append(self.plugin.create(token, news, name="site"))
        return self.made[-1]

    def policy(self, *resources: str) -> dict[str, Any]:
        statement = {"Effect": "Allow", "Action": "ecr:*", "Resource": list(resources)}
        return {"role": self.role.id, "policy": json.dumps({"Version": VERSION, "Statement": [statement]})}

    def definition(self, image: str, **more: Any) -> dict[str, Any]:
        return {
            "family": "web",
            "requiresCompatibilities": ["FARGATE"],
            "networkMode": "awsvpc",
            "cpu": "256",
            "memory": "512",
            "executionRoleArn": self.role.state["arn"],
            "containerDefinitions": json.dumps([{"name": "web", "image": image, "command": ["a", "b"]}]),
            **more,
        }

    def service(self, definition: Made, **more: Any) -> dict[str, Any]:
        return {
            "cluster": self.cluster.state["arn"],
            "taskDefinition": definition.state["arn"],
            "desiredCount": 2,
            "launchType": "FARGATE",
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            "networkConfiguration": {"subnets": self.subnets, "securityGroups": [self.group.id]},
            "waitForSteadyState": True,
            **more,
        }


@pytest.fixture(scope="module")
def site(plugin: Plugin, cloud: LocalCloud) -> Iterator[Site]:
    site = Site(plugin, cloud)
    yield site
    for made in reversed(site.made):
        made.delete()
        assert made.refreshed() is None


def test_texts_of_containers_mean_the_same_with_what_ecs_fills_in() -> None:
    written = [
        {"name": "b", "image": "i", "environment": [{"name": "Y", "value": "1"}, {"name": "X", "value": "2"}]},
        {"name": "a", "image": "i", "portMappings": [{"containerPort": 80}], "healthCheck": {"command": ["CMD", "a"]}},
    ]
    shown = [
        {
            "name": "a",
            "image": "i",
            "cpu": 0,
            "essential": True,
            "environment": [],
            "portMappings": [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}],
            "healthCheck": {"command": ["CMD", "a"], "interval": 30, "timeout": 5, "retries": 3},
        },
        {"name": "b", "image": "i", "environment": [{"name": "X", "value": "2"}, {"name": "Y", "value": "1"}]},
    ]
    assert canonical(json.dumps(written)) == canonical(json.dumps(shown, indent=2))
    shown[0]["healthCheck"] = {"command": ["a", "CMD"]}
    assert canonical(json.dumps(written)) != canonical(json.dumps(shown))


def test_a_task_definition_is_replaced_by_whatever_changes_its_meaning(site: Site) -> None:
    news = site.definition(site.images[0], tags={"a": "1"})
    made = site.plugin.create(TASK_DEFINITION, news)
    assert (made.id, made.state["revision"]) == ("web", 1)
    assert made.changes(news) == {}
    spelled = json.dumps(json.loads(news["containerDefinitions"]), indent=2)
    assert made.changes({**news, "containerDefinitions": spelled}) == {}
    again = made.refreshed()
    assert again is not None
    assert (again.state, again.inputs) == (made.state, made.inputs)
    for name, value in (
        ("containerDefinitions", news["containerDefinitions"].replace('"a", "b"', '"b", "a"')),
        ("containerDefinitions", site.definition(site.images[1])["containerDefinitions"]),
        ("memory", "1024"),
    ):
        assert made.changes({**news, name: value}) == {name: "UPDATE_REPLACE"}
    assert made.update({**news, "tags": {"a": "2"}})["arn"] == made.state["arn"]
    imported = site.plugin.read(TASK_DEFINITION, made.state["arn"], state={}, inputs={})
    assert imported is not None
    assert imported.state["containerDefinitions"]
    made.delete()
    assert made.refreshed() is None


def test_what_fargate_cannot_run_is_refused(site: Site) -> None:
    for wrong, text in (
        ({"memory": "768"}, "No Fargate configuration exists"),
        ({"networkMode": "bridge"}, "only supports network mode"),
        ({"executionRoleArn": None}, "execution role ARN to support ECR images"),
        ({"containerDefinitions": "[{]"}, "container_definitions is invalid"),
        ({"containerDefinitions": "{}"}, "it is not a list of containers"),
    ):
        with pytest.raises(RefusedError, match=text):
            site.plugin.create(TASK_DEFINITION, site.definition(site.images[0], **wrong))


def test_a_service_rolls_to_a_new_task_definition_in_place(site: Site) -> None:
    first, second = (site.plugin.create(TASK_DEFINITION, site.definition(image)) for image in site.images)
    news = site.service(first)
    made = site.plugin.create(SERVICE, news)
    assert made.changes(news) == {}
    again = made.refreshed()
    assert again is not None
    assert (again.state, again.inputs) == (made.state, made.inputs)
    news = site.service(second, desiredCount=3)
    assert made.changes(news) == {"taskDefinition": "UPDATE", "desiredCount": "UPDATE"}
    made.update(news)
    assert made.changes(news) == {}
    assert made.changes({**news, "launchType": "EC2"}) == {"launchType": "UPDATE_REPLACE"}
    imported = site.plugin.read(SERVICE, f"{site.cluster.state['name']}/{made.state['name']}", state={}, inputs={})
    assert imported is not None
    assert imported.state["taskDefinition"] == second.state["arn"]
    made.delete()
    assert made.refreshed() is None
    for definition in (first, second):
        definition.delete()


def test_a_service_needs_no_security_group_and_no_policy_beyond_the_usual_managed_one(site: Site) -> None:
    role = site.plugin.create("aws:iam/role:Role", {"assumeRolePolicy": json.dumps(TRUST)})
    usual = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
    attached = site.plugin.create(ATTACHMENT, {"role": role.id, "policyArn": usual})
    definition = site.plugin.create(
        TASK_DEFINITION, site.definition(site.images[0], executionRoleArn=role.state["arn"], family="usual")
    )
    news = site.service(definition, networkConfiguration={"subnets": site.subnets, "assignPublicIp": True})
    made = site.plugin.create(SERVICE, news)
    assert made.changes(news) == {}
    for one in (made, definition, attached, role):
        one.delete()


def test_a_roll_that_cannot_start_a_task_goes_back_and_says_why(site: Site, cloud: LocalCloud) -> None:
    good = site.plugin.create(TASK_DEFINITION, site.definition(site.images[0]))
    made = site.plugin.create(SERVICE, site.service(good))
    logs = {"logDriver": "awslogs", "options": {"awslogs-group": "/not/there"}}
    unlogged = [{"name": "web", "image": site.images[0], "logConfiguration": logs}]
    bare = site.plugin.create("aws:iam/role:Role", {"assumeRolePolicy": json.dumps(TRUST)}, name="bare")
    other = site.plugin.create("aws:iam/role:Role", {"assumeRolePolicy": "{}"}, name="other")
    for news, reason in (
        (site.definition(f"{site.url}@sha256:{'0' * 64}"), "CannotPullContainerError: .* not found"),
        (site.definition(site.arm), "matching platform 'linux/amd64'"),
        (site.definition(site.images[1], executionRoleArn=bare.state["arn"]), "perform: ecr:GetAuthorizationToken"),
        (site.definition(site.images[1], executionRoleArn=other.state["arn"]), "unable to assume the role"),
        (site.definition("x", containerDefinitions=json.dumps(unlogged)), "log group /not/there does not exist"),
    ):
        bad = site.plugin.create(TASK_DEFINITION, news)
        with pytest.raises(RefusedError, match=f"service deployment failed and was rolled back: .*{reason}"):
            made.update(site.service(bad))
        (shown,) = client(cloud, "ecs").describe_services(cluster=site.cluster.id, services=[made.id])["services"]
        assert (shown["taskDefinition"], shown["runningCount"]) == (good.state["arn"], 2)
        bad.delete()
    for resource in (made, good, bare, other):
        resource.delete()


def test_a_first_roll_that_fails_leaves_the_service_in_the_state_to_be_mended(site: Site) -> None:
    bad = site.plugin.create(TASK_DEFINITION, site.definition(f"{site.url}@sha256:{'0' * 64}"))
    with pytest.raises(RefusedError) as refused:
        site.plugin.create(SERVICE, site.service(bad))
    failed = refused.value.init_failed
    assert "service deployment failed: " in failed.reasons[0]
    assert "CannotPullContainerError" in failed.reasons[0]
    checked = site.plugin.check(SERVICE, site.service(bad))
    made = site.plugin.read(SERVICE, failed.id, state={}, inputs=checked)
    assert made is not None
    good = site.plugin.create(TASK_DEFINITION, site.definition(site.images[0]))
    made.update(site.service(good))
    assert made.changes(site.service(good)) == {}
    for resource in (made, good, bad):
        resource.delete()


def test_a_security_group_lets_through_what_the_program_says_and_nothing_else(site: Site) -> None:
    web = {"protocol": "tcp", "fromPort": 80, "toPort": 80, "cidrBlocks": ["10.0.0.0/8", "192.168.0.0/16"]}
    news = {"vpcId": site.vpc["id"], "ingress": [web, {"protocol": "-1", "fromPort": 0, "toPort": 0, "self": True}]}
    made = site.plugin.create(GROUP, news)
    assert made.changes(news) == {}
    assert made.state.get("egress") == []
    again = made.refreshed()
    assert again is not None
    assert (again.state, again.inputs) == (made.state, made.inputs)
    out = {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["0.0.0.0/0"], "description": "out"}
    changed = {**news, "ingress": [{**web, "securityGroups": [site.group.id]}], "egress": [out], "tags": {"a": "1"}}
    assert made.changes(changed) == {"ingress": "UPDATE", "egress": "UPDATE", "tags": "ADD"}
    made.update(changed)
    assert made.changes(changed) == {}
    assert made.changes({**changed, "description": "another"}) == {"description": "UPDATE_REPLACE"}
    made.delete()
    assert made.refreshed() is None


def test_a_cluster_changes_its_settings_in_place(site: Site) -> None:
    def insights(value: str) -> dict[str, Any]:
        return {"settings": [{"name": "containerInsights", "value": value}]}

    made = site.plugin.create("aws:ecs/cluster:Cluster", insights("enabled"))
    assert made.changes(insights("enabled")) == {}
    made.update({**insights("disabled"), "tags": {"a": "1"}})
    assert made.changes({**insights("disabled"), "tags": {"a": "1"}}) == {}
    made.delete()
    assert made.refreshed() is None
