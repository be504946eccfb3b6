"""``aws:ecr/lifecyclePolicy:LifecyclePolicy``: never updated, always replaced, the old one first."""

from __future__ import annotations

from localcloud.aws_plugin.policy import to_text
from localcloud.aws_plugin.schema import Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws


def _create(aws: Aws, inputs: Values) -> str:
    answer = aws.client("ecr").put_lifecycle_policy(
        repositoryName=inputs["repository"], lifecyclePolicyText=to_text(inputs["policy"])
    )
    return answer["repositoryName"]


def _read(aws: Aws, resource_id: str, prior: Values) -> Values:
    found = aws.client("ecr").get_lifecycle_policy(repositoryName=resource_id)
    return {
        "policy": found["lifecyclePolicyText"],
        "repository": found["repositoryName"],
        "registryId": found["registryId"],
    }


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    aws.client("ecr").delete_lifecycle_policy(repositoryName=resource_id)


RESOURCE_TYPE = ResourceType(
    token="aws:ecr/lifecyclePolicy:LifecyclePolicy",
    inputs={
        "policy": Property(kind="json", required=True, replaces=True),
        "repository": Property(required=True, replaces=True),
    },
    outputs=("registryId",),
    create=_create,
    read=_read,
    delete=_delete,
    delete_before_replace=True,
    missing_codes=frozenset({"LifecyclePolicyNotFoundException", "RepositoryNotFoundException"}),
)
