"""``aws:s3/bucketPolicy:BucketPolicy``: the whole policy of a bucket."""

from __future__ import annotations

from localcloud.aws_plugin.policy import to_text
from localcloud.aws_plugin.schema import Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws
from localcloud.aws_plugin.types.s3_bucket import MISSING_BUCKET

# A principal that was made a moment ago is not known to S3 yet (terraform-provider-aws: 2 minutes).
_PROPAGATION = {"MalformedPolicy": ("Invalid principal in policy",)}
_PROPAGATION_S = 30.0


def _put(aws: Aws, inputs: Values) -> str:
    def put() -> str:
        aws.client("s3").put_bucket_policy(Bucket=inputs["bucket"], Policy=to_text(inputs["policy"]))
        return inputs["bucket"]

    return aws.retry(put, refusals=_PROPAGATION, longest_s=_PROPAGATION_S, waiting_for="the policy's principals")


def _read(aws: Aws, resource_id: str, prior: Values) -> Values:
    return {"bucket": resource_id, "policy": aws.client("s3").get_bucket_policy(Bucket=resource_id)["Policy"]}


def _update(aws: Aws, resource_id: str, old: Values, new: Values, changed: set[str]) -> None:
    _put(aws, new)


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    aws.client("s3").delete_bucket_policy(Bucket=resource_id)


RESOURCE_TYPE = ResourceType(
    token="aws:s3/bucketPolicy:BucketPolicy",
    inputs={
        "bucket": Property(required=True, replaces=True),
        "policy": Property(kind="json", required=True),
    },
    outputs=(),
    create=_put,
    read=_read,
    update=_update,
    delete=_delete,
    missing_codes=MISSING_BUCKET | {"NoSuchBucketPolicy"},
)
