"""``aws:s3/bucket:Bucket`` of version 7: a plain private bucket; its settings are resources of their own.

After terraform-provider-aws ``internal/service/s3/bucket.go``. The deprecated inline blocks are refused.
"""

from __future__ import annotations

from typing import Any

from localcloud.aws_plugin import tagging
from localcloud.aws_plugin.errors import PluginError, describe, error_code
from localcloud.aws_plugin.schema import Autoname, Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws

# The hosted zones of S3's website endpoints (AWS General Reference, "Amazon S3 endpoints and quotas").
_HOSTED_ZONES = {
    "us-east-1": "Z3AQBSTGFJSTF",
    "us-east-2": "Z2O1EMRO9K5GLX",
    "us-west-1": "Z2F56UZL2M1ACD",
    "us-west-2": "Z3BJ6K6RIION7M",
    "eu-central-1": "Z21DNDUVLTQW6Q",
    "eu-west-1": "Z1BKCTXD74EZPE",
    "eu-west-2": "Z3GKZC51ZF0DB4",
}
MISSING_BUCKET = frozenset({"NoSuchBucket", "404", "NotFound"})
"""The codes by which S3 says that a bucket is not there."""


def _exists(s3: Any, bucket: str) -> bool:
    try:
        s3.head_bucket(Bucket=bucket)
    except Exception as error:
        if error_code(error) in MISSING_BUCKET:
            return False
        raise
    return True


def _create(aws: Aws, inputs: Values) -> str:
    s3, bucket = aws.client("s3"), inputs["bucket"]
    # us-east-1 answers 200 when the caller owns the bucket already.
    if _exists(s3, bucket):
        raise PluginError(f"S3 Bucket ({bucket}): BucketAlreadyExists: the bucket is there already")
    request: dict[str, Any] = {"Bucket": bucket}
    if aws.region != "us-east-1":
        request["CreateBucketConfiguration"] = {"LocationConstraint": aws.region}
    if inputs.get("objectLockEnabled"):
        request["ObjectLockEnabledForBucket"] = True
    s3.create_bucket(**request)
    if inputs["tagsAll"]:
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tagging.as_list(inputs["tagsAll"])})
    return bucket


def _read(aws: Aws, resource_id: str, prior: Values) -> Values | None:
    s3 = aws.client("s3")
    if not _exists(s3, resource_id):
        return None
    region = s3.get_bucket_location(Bucket=resource_id).get("LocationConstraint") or "us-east-1"
    return {
        "bucket": resource_id,
        "bucketNamespace": "global",
        "objectLockEnabled": prior.get("objectLockEnabled", False),
        "arn": f"arn:{aws.partition}:s3:::{resource_id}",
        "bucketDomainName": f"{resource_id}.s3.{aws.dns_suffix}",
        "bucketRegion": region,
        "bucketRegionalDomainName": f"{resource_id}.s3.{region}.{aws.dns_suffix}",
        "hostedZoneId": _HOSTED_ZONES.get(region),
        "tagsAll": _tags(s3, resource_id),
    }


def _tags(s3: Any, bucket: str) -> dict[str, str]:
    try:
        return tagging.as_map(s3.get_bucket_tagging(Bucket=bucket)["TagSet"])
    except Exception as error:
        if error_code(error) != "NoSuchTagSet":
            raise
        return {}


def _update(aws: Aws, resource_id: str, old: Values, new: Values, changed: set[str]) -> None:
    s3 = aws.client("s3")
    if new["tagsAll"]:
        s3.put_bucket_tagging(Bucket=resource_id, Tagging={"TagSet": tagging.as_list(new["tagsAll"])})
    elif old.get("tagsAll"):
        s3.delete_bucket_tagging(Bucket=resource_id)


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    s3 = aws.client("s3")
    if state.get("forceDestroy"):
        _empty(s3, resource_id)
    try:
        s3.delete_bucket(Bucket=resource_id)
    except Exception as error:
        if error_code(error) != "BucketNotEmpty":
            raise
        raise PluginError(f"deleting S3 Bucket ({resource_id}): {describe(error)}") from error


def _empty(s3: Any, bucket: str) -> None:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
        if objects:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})


RESOURCE_TYPE = ResourceType(
    token="aws:s3/bucket:Bucket",
    inputs={
        "bucket": Property(replaces=True, pattern=r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"),
        "bucketNamespace": Property(computed=True, replaces=True, choices=("global",)),
        "forceDestroy": Property(kind="boolean", default=False, write_only=True),
        "objectLockEnabled": Property(kind="boolean", computed=True, replaces=True),
    },
    outputs=("arn", "bucketDomainName", "bucketRegion", "bucketRegionalDomainName", "hostedZoneId"),
    tagged=True,
    autoname=Autoname(property="bucket", maximum=63, lower_case=True),
    unsupported=frozenset(
        {
            *("accelerationStatus", "acl", "bucketPrefix", "corsRules", "grants", "lifecycleRules", "logging"),
            *("objectLockConfiguration", "policy", "replicationConfiguration", "requestPayer"),
            *("serverSideEncryptionConfiguration", "versioning", "website"),
        }
    ),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    missing_codes=MISSING_BUCKET,
)
