"""The policy documents of a ``BuildMetrics``.

Decides who may publish to a topic of its own, and what the identity that deploys needs to send metrics. Leaves the
resources that hold them to ``notices``.
"""

from __future__ import annotations

from typing import Any

from fast_container.codebuild.policies import allow, document


def topic(topic_arn: str) -> dict[str, Any]:
    """Let alarms and rules of this account publish.

    EventBridge is not known to fill in a condition key for topics, so its statement has no condition.
    """
    account = topic_arn.split(":")[4]
    alarms: dict[str, Any] = {
        "Sid": "Alarms",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic_arn,
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }
    rules = {
        "Sid": "Rules",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic_arn,
    }
    return document(alarms, rules)


def deployer(log_group_arn: str) -> dict[str, Any]:
    """Let ``pulumi up`` send metrics, and read what was usual."""
    streams = f"{log_group_arn.removesuffix(':*')}:log-stream:*"
    return document(allow(["logs:CreateLogStream", "logs:GetLogEvents", "logs:PutLogEvents"], streams))
