"""``aws:sns/topicPolicy:TopicPolicy``: the whole policy of a topic. Its id is the topic's ARN."""

from __future__ import annotations

import json

from localcloud.aws_plugin.policy import to_text
from localcloud.aws_plugin.schema import Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws


def _put(aws: Aws, topic: str, policy: str) -> None:
    aws.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=to_text(policy))


def _create(aws: Aws, inputs: Values) -> str:
    _put(aws, inputs["arn"], inputs["policy"])
    return inputs["arn"]


def _read(aws: Aws, resource_id: str, prior: Values) -> Values:
    found = aws.client("sns").get_topic_attributes(TopicArn=resource_id)["Attributes"]
    return {"arn": resource_id, "policy": found["Policy"], "owner": found["Owner"]}


def _update(aws: Aws, resource_id: str, old: Values, new: Values, changed: set[str]) -> None:
    _put(aws, resource_id, new["policy"])


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    """Give the topic the policy of a new one: its own account may use it (terraform-provider-aws, topic_policy.go)."""
    account = resource_id.split(":")[4]
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": "SNS:Publish",
        "Resource": resource_id,
        "Condition": {"StringEquals": {"AWS:SourceOwner": account}},
    }
    _put(aws, resource_id, json.dumps({"Version": "2008-10-17", "Statement": [statement]}))


RESOURCE_TYPE = ResourceType(
    token="aws:sns/topicPolicy:TopicPolicy",
    inputs={
        "arn": Property(required=True, replaces=True),
        "policy": Property(kind="json", required=True),
    },
    outputs=("owner",),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    missing_codes=frozenset({"NotFound", "NotFoundException"}),
)
