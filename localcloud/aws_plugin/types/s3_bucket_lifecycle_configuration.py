"""``aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration``: when a bucket's objects expire.

Pulumi's blocks and S3's members differ in their names only, so one table translates both ways. Transitions to other
storage classes are refused.
"""

from __future__ import annotations

from typing import Any

from localcloud.aws_plugin.schema import Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws
from localcloud.aws_plugin.types.s3_bucket import MISSING_BUCKET

_SIZES = {
    "objectSizeGreaterThan": Property(kind="integer", minimum=0),
    "objectSizeLessThan": Property(kind="integer", minimum=1),
}
_TAG = Property(kind="object", fields={"key": Property(required=True), "value": Property(required=True)})
_AND = Property(kind="object", fields={"prefix": Property(), **_SIZES, "tags": Property(kind="map")})
_RULE = Property(
    kind="object",
    fields={
        "id": Property(required=True, minimum=1, maximum=255),
        "status": Property(required=True, choices=("Enabled", "Disabled")),
        "abortIncompleteMultipartUpload": Property(
            kind="object", fields={"daysAfterInitiation": Property(kind="integer", minimum=1)}
        ),
        "expiration": Property(
            kind="object",
            fields={
                "date": Property(),
                "days": Property(kind="integer", minimum=1),
                "expiredObjectDeleteMarker": Property(kind="boolean", computed=True),
            },
        ),
        "filter": Property(kind="object", fields={"prefix": Property(), **_SIZES, "tag": _TAG, "and": _AND}),
        "noncurrentVersionExpiration": Property(
            kind="object",
            fields={
                "noncurrentDays": Property(kind="integer", required=True, minimum=1),
                "newerNoncurrentVersions": Property(kind="integer", minimum=1),
            },
        ),
    },
)
_NAMES = (
    *("abortIncompleteMultipartUpload", "and", "date", "days", "daysAfterInitiation", "expiration"),
    *("expiredObjectDeleteMarker", "filter", "key", "newerNoncurrentVersions", "noncurrentDays"),
    *("noncurrentVersionExpiration", "prefix", "status", "tag", "value", *_SIZES),
)
_MEMBERS = {**{name: name[0].upper() + name[1:] for name in _NAMES}, "id": "ID"}
_PROPERTIES = {member: name for name, member in _MEMBERS.items()}


def _to_s3(block: Any) -> Any:
    members: dict[str, Any] = {}
    for name, value in block.items():
        if name == "tags":
            members["Tags"] = [{"Key": key, "Value": text} for key, text in sorted(value.items())]
        else:
            members[_MEMBERS[name]] = _to_s3(value) if isinstance(value, dict) else value
    return members


def _from_s3(members: Any) -> Values:
    block: Values = {}
    for member, value in members.items():
        if member == "Tags":
            block["tags"] = {tag["Key"]: tag["Value"] for tag in value}
        elif member in _PROPERTIES:
            block[_PROPERTIES[member]] = _from_s3(value) if isinstance(value, dict) else value
    return block


def _put(aws: Aws, inputs: Values) -> str:
    # Without a filter a rule is of the old form, in which a prefix must stand beside it.
    rules = [{"Filter": {"Prefix": ""}, **_to_s3(rule)} for rule in inputs.get("rules") or []]
    aws.client("s3").put_bucket_lifecycle_configuration(
        Bucket=inputs["bucket"], LifecycleConfiguration={"Rules": rules}
    )
    return inputs["bucket"]


def _read(aws: Aws, resource_id: str, prior: Values) -> Values:
    found = aws.client("s3").get_bucket_lifecycle_configuration(Bucket=resource_id)
    return {
        "bucket": resource_id,
        "rules": [_from_s3(rule) for rule in found["Rules"]],
        "transitionDefaultMinimumObjectSize": found.get(
            "TransitionDefaultMinimumObjectSize",
            prior.get("transitionDefaultMinimumObjectSize") or "all_storage_classes_128K",
        ),
    }


def _update(aws: Aws, resource_id: str, old: Values, new: Values, changed: set[str]) -> None:
    _put(aws, new)


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    aws.client("s3").delete_bucket_lifecycle(Bucket=resource_id)


RESOURCE_TYPE = ResourceType(
    token="aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    inputs={
        "bucket": Property(required=True, replaces=True),
        "rules": Property(kind="list", required=True, minimum=1, items=_RULE),
        "transitionDefaultMinimumObjectSize": Property(
            computed=True, choices=("all_storage_classes_128K", "varies_by_storage_class")
        ),
    },
    outputs=(),
    unsupported=frozenset({"expectedBucketOwner", "timeouts"}),
    create=_put,
    read=_read,
    update=_update,
    delete=_delete,
    missing_codes=MISSING_BUCKET | {"NoSuchLifecycleConfiguration"},
)
