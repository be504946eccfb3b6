"""``aws:s3/bucketVersioning:BucketVersioning``: what was once on can only be suspended, so a delete suspends."""

from __future__ import annotations

from typing import Any

from localcloud.aws_plugin.schema import Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws
from localcloud.aws_plugin.types.s3_bucket import MISSING_BUCKET


def _put(aws: Aws, inputs: Values) -> str:
    wanted = inputs["versioningConfiguration"]
    # "Disabled" is the state of a bucket whose versioning was never on: there is no call for it.
    if wanted["status"] != "Disabled":
        _set(aws, inputs["bucket"], wanted["status"])
    return inputs["bucket"]


def _set(aws: Aws, bucket: str, status: str) -> None:
    aws.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})


def _read(aws: Aws, resource_id: str, prior: Values) -> Values:
    found = aws.client("s3").get_bucket_versioning(Bucket=resource_id)
    shown: dict[str, Any] = {"status": found.get("Status") or "Disabled"}
    return {"bucket": resource_id, "versioningConfiguration": shown}


def _update(aws: Aws, resource_id: str, old: Values, new: Values, changed: set[str]) -> None:
    _put(aws, new)


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    if (state.get("versioningConfiguration") or {}).get("status") == "Enabled":
        _set(aws, resource_id, "Suspended")


RESOURCE_TYPE = ResourceType(
    token="aws:s3/bucketVersioning:BucketVersioning",
    inputs={
        "bucket": Property(required=True, replaces=True),
        "versioningConfiguration": Property(
            kind="object",
            required=True,
            fields={"status": Property(required=True, choices=("Enabled", "Suspended", "Disabled"))},
        ),
    },
    outputs=(),
    unsupported=frozenset({"expectedBucketOwner", "mfa"}),
    create=_put,
    read=_read,
    update=_update,
    delete=_delete,
    missing_codes=MISSING_BUCKET,
)
