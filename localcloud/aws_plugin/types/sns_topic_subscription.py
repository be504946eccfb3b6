"""``aws:sns/topicSubscription:TopicSubscription``: an address or a queue that gets a topic's messages."""

from __future__ import annotations

from localcloud.aws_plugin.schema import Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws

_PROTOCOLS = ("email", "email-json", "http", "https", "lambda", "sms", "sqs")


def _create(aws: Aws, inputs: Values) -> str:
    asked = {"TopicArn": inputs["topic"], "Protocol": inputs["protocol"], "Endpoint": inputs["endpoint"]}
    return aws.client("sns").subscribe(**asked, ReturnSubscriptionArn=True)["SubscriptionArn"]


def _read(aws: Aws, resource_id: str, prior: Values) -> Values:
    found = aws.client("sns").get_subscription_attributes(SubscriptionArn=resource_id)["Attributes"]
    return {
        "arn": resource_id,
        "topic": found["TopicArn"],
        "protocol": found.get("Protocol", prior.get("protocol")),
        "endpoint": found["Endpoint"],
        "ownerId": found.get("Owner", ""),
        "pendingConfirmation": found.get("PendingConfirmation") == "true",
        "confirmationWasAuthenticated": found.get("ConfirmationWasAuthenticated") == "true",
    }


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    aws.client("sns").unsubscribe(SubscriptionArn=resource_id)


RESOURCE_TYPE = ResourceType(
    token="aws:sns/topicSubscription:TopicSubscription",
    inputs={
        "endpoint": Property(required=True, replaces=True),
        "protocol": Property(required=True, replaces=True, choices=_PROTOCOLS),
        "topic": Property(required=True, replaces=True),
    },
    outputs=("arn", "confirmationWasAuthenticated", "ownerId", "pendingConfirmation"),
    unsupported=frozenset(
        {
            *("confirmationTimeoutInMinutes", "deliveryPolicy", "endpointAutoConfirms", "filterPolicy"),
            *("filterPolicyScope", "rawMessageDelivery", "redrivePolicy", "replayPolicy", "subscriptionRoleArn"),
        }
    ),
    create=_create,
    read=_read,
    delete=_delete,
    missing_codes=frozenset({"NotFound", "NotFoundException"}),
)
