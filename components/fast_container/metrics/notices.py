"""Who is told, and of what: a topic, the alarms of a stack, and the rule on the state of CodeBuild's builds.

Decides each resource's settings. An alarm is for a stack, not for an image: so there are four of them however many
images there are, and the dashboard says which image it was. Leaves the documents to ``policies``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pulumi

from fast_container.metrics import policies
from fast_container.report.metric_documents import NAMESPACE, STACK
from fast_container.report.metric_history import GROWN, SLOWER, UNCACHED

if TYPE_CHECKING:
    import pulumi_aws as aws
else:
    from fast_container import lazy_aws as aws

Tags = Mapping[str, pulumi.Input[str]] | None
# Alarm → its metric, and what it says.
ALARM_METRICS: Final[Mapping[str, tuple[str, str]]] = {
    "failed": ("Failed", "An image could not be built."),
    "slower": (SLOWER, "An image takes longer to build than before, by more than chance explains."),
    "grown": (GROWN, "An image has grown by more than a tenth."),
    "uncached": (UNCACHED, "The last three builds of an image found much less in the cache than usual."),
}
# Only a unit test's mocks lack an ARN.
_MOCKED: Final = "arn:aws:sns::000000000000:mocked"
# A data point may come minutes after the time that it is for; an alarm looks back three periods.
_PERIOD_S: Final = 300
_PERIODS: Final = 3


def own_topic(
    name: str, emails: Sequence[str], tags: Tags, opts: pulumi.ResourceOptions
) -> tuple[pulumi.Output[str], list[pulumi.Resource]]:
    """Make a topic; return its ARN, and what its users depend on."""
    topic = aws.sns.Topic(f"{name}-topic", tags=tags, opts=opts)
    policy = aws.sns.TopicPolicy(
        f"{name}-topic-policy",
        arn=topic.arn,
        policy=topic.arn.apply(lambda arn: json.dumps(policies.topic(arn or _MOCKED))),
        opts=opts,
    )
    for address in emails:
        aws.sns.TopicSubscription(
            f"{name}-to-{address}", topic=topic.arn, protocol="email", endpoint=address, opts=opts
        )
    return topic.arn, [policy]


def stack_alarm(
    name: str,
    alarm: str,
    stack: str,
    dashboard: pulumi.Input[str],
    topic: pulumi.Output[str],
    tags: Tags,
    opts: pulumi.ResourceOptions,
) -> aws.cloudwatch.MetricAlarm:
    """Make one alarm of a stack."""
    metric, what = ALARM_METRICS[alarm]
    return aws.cloudwatch.MetricAlarm(
        f"{name}-{alarm}",
        alarm_description=pulumi.Output.concat(f"{what} Stack {stack}; which image: dashboard ", dashboard, "."),
        namespace=NAMESPACE,
        metric_name=metric,
        dimensions={STACK: stack},
        statistic="Sum",
        comparison_operator="GreaterThanOrEqualToThreshold",
        threshold=1,
        period=_PERIOD_S,
        evaluation_periods=_PERIODS,
        datapoints_to_alarm=1,
        treat_missing_data="notBreaching",
        alarm_actions=[topic],
        tags=tags,
        opts=opts,
    )


def build_rule(
    name: str,
    projects: Sequence[pulumi.Input[str]],
    states: Sequence[str],
    topic: pulumi.Output[str],
    tags: Tags,
    opts: pulumi.ResourceOptions,
) -> None:
    """Make a rule that tells of builds in certain states."""

    def pattern(names: Sequence[str]) -> str:
        detail: dict[str, Any] = {"build-status": list(states), "project-name": sorted(names)}
        return json.dumps(
            {"source": ["aws.codebuild"], "detail-type": ["CodeBuild Build State Change"], "detail": detail}
        )

    rule = aws.cloudwatch.EventRule(
        f"{name}-builds",
        description="fast-container: builds of images on CodeBuild",
        event_pattern=pulumi.Output.all(*projects).apply(pattern),
        tags=tags,
        opts=opts,
    )
    aws.cloudwatch.EventTarget(
        f"{name}-builds-to-topic",
        rule=rule.name,
        arn=topic,
        input_transformer={
            "input_paths": {
                "project": "$.detail.project-name",
                "state": "$.detail.build-status",
                "log": "$.detail.additional-information.logs.deep-link",
            },
            "input_template": '"CodeBuild <project>: <state>. Log: <log>"',
        },
        opts=opts,
    )
