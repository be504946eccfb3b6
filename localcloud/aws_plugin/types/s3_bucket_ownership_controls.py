"""``aws:s3/bucketOwnershipControls:BucketOwnershipControls``: who owns what others put into a bucket."""

from __future__ import annotations

from localcloud.aws_plugin.schema import Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws
from localcloud.aws_plugin.types.s3_bucket import MISSING_BUCKET

_OWNERSHIPS = ("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter")


def _put(aws: Aws, inputs: Values) -> str:
    rules = [{"ObjectOwnership": inputs["rule"]["objectOwnership"]}]
    aws.client("s3").put_bucket_ownership_controls(Bucket=inputs["bucket"], OwnershipControls={"Rules": rules})
    return inputs["bucket"]


def _read(aws: Aws, resource_id: str, prior: Values) -> Values:
    found = aws.client("s3").get_bucket_ownership_controls(Bucket=resource_id)["OwnershipControls"]["Rules"]
    return {"bucket": resource_id, "rule": {"objectOwnership": found[0]["ObjectOwnership"]}}


def _update(aws: Aws, resource_id: str, old: Values, new: Values, changed: set[str]) -> None:
    _put(aws, new)


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    aws.client("s3").delete_bucket_ownership_controls(Bucket=resource_id)


RESOURCE_TYPE = ResourceType(
    token="aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    inputs={
        "bucket": Property(required=True, replaces=True),
        "rule": Property(
            kind="object",
            required=True,
            fields={"objectOwnership": Property(required=True, choices=_OWNERSHIPS)},
        ),
    },
    outputs=(),
    create=_put,
    read=_read,
    update=_update,
    delete=_delete,
    missing_codes=MISSING_BUCKET | {"OwnershipControlsNotFoundError"},
)
