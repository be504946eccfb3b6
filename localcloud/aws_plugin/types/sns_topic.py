"""``aws:sns/topic:Topic``. Its id is its ARN."""

from __future__ import annotations

from typing import Any

from localcloud.aws_plugin import tagging
from localcloud.aws_plugin.schema import Autoname, Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws


def _create(aws: Aws, inputs: Values) -> str:
    request: dict[str, Any] = {"Name": inputs["name"], "Attributes": {"DisplayName": inputs.get("displayName") or ""}}
    if inputs["tagsAll"]:
        request["Tags"] = tagging.as_list(inputs["tagsAll"])
    return aws.client("sns").create_topic(**request)["TopicArn"]


def _read(aws: Aws, resource_id: str, prior: Values) -> Values:
    sns = aws.client("sns")
    found = sns.get_topic_attributes(TopicArn=resource_id)["Attributes"]
    return {
        "name": resource_id.rpartition(":")[2],
        "arn": resource_id,
        "owner": found["Owner"],
        "beginningArchiveTime": "",
        "displayName": found.get("DisplayName"),
        "tagsAll": tagging.as_map(sns.list_tags_for_resource(ResourceArn=resource_id)["Tags"]),
    }


def _update(aws: Aws, resource_id: str, old: Values, new: Values, changed: set[str]) -> None:
    sns = aws.client("sns")
    if "displayName" in changed:
        value = new.get("displayName") or ""
        sns.set_topic_attributes(TopicArn=resource_id, AttributeName="DisplayName", AttributeValue=value)
    to_set, to_remove = tagging.delta(old.get("tagsAll") or {}, new["tagsAll"])
    if to_remove:
        sns.untag_resource(ResourceArn=resource_id, TagKeys=to_remove)
    if to_set:
        sns.tag_resource(ResourceArn=resource_id, Tags=tagging.as_list(to_set))


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    aws.client("sns").delete_topic(TopicArn=resource_id)


RESOURCE_TYPE = ResourceType(
    token="aws:sns/topic:Topic",
    inputs={
        "displayName": Property(maximum=100),
        "name": Property(replaces=True, pattern=r"[A-Za-z0-9\-_]{1,256}"),
    },
    outputs=("arn", "beginningArchiveTime", "owner"),
    tagged=True,
    autoname=Autoname(maximum=80),
    unsupported=frozenset(
        {
            *(
                f"{kind}{end}"
                for kind in ("application", "firehose", "http", "lambda", "sqs")
                for end in ("FailureFeedbackRoleArn", "SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate")
            ),
            *("archivePolicy", "contentBasedDeduplication", "deliveryPolicy", "fifoThroughputScope", "fifoTopic"),
            *("kmsMasterKeyId", "maximumMessageSize", "namePrefix", "policy", "signatureVersion", "tracingConfig"),
        }
    ),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    missing_codes=frozenset({"NotFound", "NotFoundException"}),
)
