"""``aws:ecr/repositoryPolicy:RepositoryPolicy``: the whole policy of a repository; it overwrites what was there."""

from __future__ import annotations

from localcloud.aws_plugin.policy import to_text
from localcloud.aws_plugin.schema import Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws

# A principal that was made a moment ago may not be known to ECR yet (terraform-provider-aws: 2 minutes).
_PROPAGATION = {"InvalidParameterException": ("Invalid repository policy provided",)}
_PROPAGATION_S = 30.0


def _put(aws: Aws, repository: str, policy: str) -> str:
    def put() -> str:
        answer = aws.client("ecr").set_repository_policy(repositoryName=repository, policyText=to_text(policy))
        return answer["repositoryName"]

    return aws.retry(put, refusals=_PROPAGATION, longest_s=_PROPAGATION_S, waiting_for="the policy's principals")


def _create(aws: Aws, inputs: Values) -> str:
    return _put(aws, inputs["repository"], inputs["policy"])


def _read(aws: Aws, resource_id: str, prior: Values) -> Values:
    found = aws.client("ecr").get_repository_policy(repositoryName=resource_id)
    return {
        "policy": found["policyText"],
        "repository": found["repositoryName"],
        "registryId": found["registryId"],
    }


def _update(aws: Aws, resource_id: str, old: Values, new: Values, changed: set[str]) -> None:
    _put(aws, resource_id, new["policy"])


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    aws.client("ecr").delete_repository_policy(repositoryName=resource_id)


RESOURCE_TYPE = ResourceType(
    token="aws:ecr/repositoryPolicy:RepositoryPolicy",
    inputs={
        "policy": Property(kind="json", required=True),
        "repository": Property(required=True, replaces=True),
    },
    outputs=("registryId",),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    missing_codes=frozenset({"RepositoryPolicyNotFoundException", "RepositoryNotFoundException"}),
)
