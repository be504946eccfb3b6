"""Metrics of an ``up`` on the real engine: data points, alarms and notices on the local cloud, and a clean end.

moto keeps log events, metrics and alarms and joins none of them: ``localcloud.logs_api`` does, so what is asserted here
of data points and alarms is what that stand-in makes of the events that were sent.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import boto3
import pytest
from conftest import Stacks
from engine_stack import EngineStack, Run

PROGRAM = """
import pulumi
import pulumi_aws as aws
from fast_container import BuildMetrics, CodeBuildBuilder, FastContainerImage

repository = pulumi.Config().require("repository")
logs = aws.cloudwatch.LogGroup("api-logs", name="/aws/lambda/{prefix}-api")
metrics = BuildMetrics("metrics", functions={"api": logs}, emails=["team@example.com"], tags={"team": "shop"})
args = {"SHOWN": "the-value-of-an-arg"}
secrets = {"token": pulumi.Output.secret("the-secret-of-the-build")}
api = FastContainerImage("api", repository=repository, context="api", build_args=args)
FastContainerImage("worker", repository=repository, context="worker", build_args=args, secrets=secrets)
# The same image again, which is there by then: a builder with projects, and no build of theirs.
after = pulumi.ResourceOptions(depends_on=[api])
FastContainerImage(
    "again", repository=repository, context="api", build_args=args, builder=CodeBuildBuilder("measured"), opts=after
)
pulumi.export("topic", metrics.topic_arn)
"""
DOCKERFILE = "FROM scratch\nARG SHOWN\nCOPY . /app/\n"
REPORT = "REPORT RequestId: 1\tDuration: 9.5 ms\tBilled Duration: 10 ms\tMemory Size: 128 MB\tMax Memory Used: 60 MB"


class Story:
    """Each step runs once, in this order."""

    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        self.stack: EngineStack = stacks(PROGRAM)
        for name in ("api", "worker"):
            self.stack.file(f"{name}/Dockerfile", DOCKERFILE)
            self.stack.file(f"{name}/name.txt", name)
        self.stack.configure({"engine-test:repository": stacks.repository("measured")})
        # Other modules leave groups of theirs.
        self.before = self.groups()
        self.began = datetime.now(UTC) - timedelta(minutes=1)

    def client(self, service: str) -> Any:
        cloud = self.stacks.cloud
        keys = {"aws_access_key_id": "localcloud", "aws_secret_access_key": "localcloud"}
        return boto3.client(service, endpoint_url=cloud.aws_endpoint, region_name=cloud.region, **keys)

    def groups(self) -> set[str]:
        return {group["logGroupName"] for group in self.client("logs").describe_log_groups()["logGroups"]}

    def total(self, namespace: str, metric: str, dimensions: dict[str, str]) -> float:
        """The sum of a metric's data points so far."""
        found = self.client("cloudwatch").get_metric_statistics(
            Namespace=namespace,
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime=self.began,
            EndTime=datetime.now(UTC) + timedelta(minutes=1),
            Period=3600,
            Statistics=["Sum"],
        )
        return sum(point["Sum"] for point in found["Datapoints"])

    def of_image(self, image: str, metric: str) -> float:
        return self.total("FastContainer", metric, {"Stack": "engine-test/test", "Image": image})

    def state_of(self, metric: str) -> str:
        alarms = self.client("cloudwatch").describe_alarms()["MetricAlarms"]
        return next(alarm["StateValue"] for alarm in alarms if alarm["MetricName"] == metric)

    def events(self) -> list[dict[str, Any]]:
        """All that was sent."""
        logs, group = self.client("logs"), "/fast-container/engine-test/test/metrics-metrics"
        streams = [stream["logStreamName"] for stream in logs.describe_log_streams(logGroupName=group)["logStreams"]]
        return [
            json.loads(event["message"])
            for stream in sorted(streams)
            for event in logs.get_log_events(logGroupName=group, logStreamName=stream)["events"]
        ]

    @cached_property
    def first(self) -> tuple[Run, list[dict[str, Any]]]:
        return self.stack.up(), self.events()

    @cached_property
    def starts(self) -> dict[str, float]:
        """Metrics of a function that was started twice."""
        assert self.first
        logs, group = self.client("logs"), f"/aws/lambda/{self.stacks.prefix}-api"
        logs.create_log_stream(logGroupName=group, logStreamName="s")
        lines = (f"{REPORT}\tInit Duration: 120.25 ms", REPORT, "START RequestId: 2")
        now_ms = int(time.time() * 1000)
        events = [{"timestamp": now_ms, "message": line} for line in lines]
        logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)
        namespace = "FastContainer/engine-test/test"
        names = ("InitDuration", "ColdDuration", "WarmDuration", "ColdMaxMemoryUsed", "WarmMaxMemoryUsed")
        return {name: self.total(namespace, f"api.{name}", {}) for name in names}

    @cached_property
    def failed(self) -> tuple[Run, list[str]]:
        """A run in which an image fails, and what the topic's subscribers hear."""
        run, _ = self.first
        sns, sqs = self.client("sns"), self.client("sqs")
        queue = sqs.create_queue(QueueName=f"{self.stacks.prefix}-heard")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=run.stack_outputs["topic"], Protocol="sqs", Endpoint=arn)
        self.stack.file("worker/Dockerfile", f'{DOCKERFILE}RUN ["/absent"]\n')
        done = self.stack.up(expect=255)
        heard = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        return done, [json.loads(message["Body"])["Message"] for message in heard]

    @cached_property
    def gone(self) -> dict[str, int]:
        """What is left of the metrics after ``destroy``."""
        assert self.failed
        assert self.starts
        self.stack.destroy()
        return {
            "alarms": len(self.client("cloudwatch").describe_alarms()["MetricAlarms"]),
            "dashboards": len(self.client("cloudwatch").list_dashboards()["DashboardEntries"]),
            "filters": len(self.client("logs").describe_metric_filters()["metricFilters"]),
            "groups": len(self.groups() - self.before),
            "rules": len(self.client("events").list_rules()["Rules"]),
            "topics": len(self.client("sns").list_topics()["Topics"]),
        }


@pytest.fixture(scope="module")
def story(stacks: Stacks) -> Story:
    return Story(stacks)


def test_each_image_has_data_points_of_its_build(story: Story) -> None:
    run, events = story.first
    assert not [line for line in run.messages("warning") if "metrics" in line]
    for image in ("api", "worker"):
        assert story.of_image(image, "Built") == 1
        assert story.of_image(image, "BuildSeconds") > 0
        assert story.of_image(image, "ImageBytes") > 0
        (event,) = [one for one in events if one.get("Image") == image]
        assert event["Digest"] == run.records[image]["digest"]
    assert story.of_image("again", "Reused") == 1


def test_one_dashboard_has_the_images_of_the_stack(story: Story) -> None:
    assert story.first
    (entry,) = story.client("cloudwatch").list_dashboards()["DashboardEntries"]
    assert entry["DashboardName"] == "engine-test-test-metrics"
    body = json.loads(story.client("cloudwatch").get_dashboard(DashboardName=entry["DashboardName"])["DashboardBody"])
    assert {widget["type"] for widget in body["widgets"]} == {"metric", "log", "alarm"}
    assert all(widget["properties"]["region"] == story.stacks.cloud.region for widget in body["widgets"][:6])


def test_a_rule_tells_the_topic_of_the_stacks_builds_on_codebuild(story: Story) -> None:
    run, _ = story.first
    events = story.client("events")
    (rule,) = events.list_rules()["Rules"]
    (project,) = [each for each in run.resources if each["type"] == "aws:codebuild/project:Project"]
    assert json.loads(rule["EventPattern"])["detail"]["project-name"] == [project["outputs"]["name"]]
    (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert target["Arn"] == run.stack_outputs["topic"]


def test_cold_and_warm_starts_of_a_function_are_metrics_of_their_own(story: Story) -> None:
    assert story.starts == {
        "InitDuration": 120.25,
        "ColdDuration": 9.5,
        "WarmDuration": 9.5,
        "ColdMaxMemoryUsed": 60,
        "WarmMaxMemoryUsed": 60,
    }


def test_a_failed_build_raises_its_alarm_and_no_other_and_the_topic_hears_of_it(story: Story) -> None:
    assert story.first
    run, heard = story.failed
    assert not [line for line in run.messages("warning") if "metrics" in line]
    assert story.state_of("Failed") == "ALARM"
    assert {story.state_of(metric) for metric in ("SlowerBuilds", "GrownImages", "LostCaches")} == {"OK"}
    assert len(heard) == 1
    assert heard[0].startswith("An image could not be built. Stack engine-test/test")
    assert story.of_image("worker", "Failed") == 1


def test_no_argument_and_no_secret_of_a_build_is_in_what_was_sent(story: Story) -> None:
    assert story.failed
    text = json.dumps(story.events())
    for never in ("the-value-of-an-arg", "the-secret-of-the-build", "SHOWN", "token", "/absent", "aws-s3cr3t-key"):
        assert never not in text


def test_destroy_leaves_nothing(story: Story) -> None:
    assert story.gone == dict.fromkeys(("alarms", "dashboards", "filters", "groups", "rules", "topics"), 0)
