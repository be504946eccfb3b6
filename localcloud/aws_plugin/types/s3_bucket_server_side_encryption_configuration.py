"""``aws:s3/bucketServerSideEncryptionConfiguration``: how a bucket's objects are encrypted."""

from __future__ import annotations

from typing import Any

from localcloud.aws_plugin.schema import Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws
from localcloud.aws_plugin.types.s3_bucket import MISSING_BUCKET

_ALGORITHMS = ("AES256", "aws:kms", "aws:kms:dsse")


def _rule(block: Values) -> dict[str, Any]:
    rule: dict[str, Any] = {}
    default = block.get("applyServerSideEncryptionByDefault")
    if default:
        rule["ApplyServerSideEncryptionByDefault"] = {"SSEAlgorithm": default["sseAlgorithm"]} | (
            {"KMSMasterKeyID": default["kmsMasterKeyId"]} if default.get("kmsMasterKeyId") else {}
        )
    if "bucketKeyEnabled" in block:
        rule["BucketKeyEnabled"] = block["bucketKeyEnabled"]
    return rule


def _block(rule: Any) -> Values:
    block: Values = {"bucketKeyEnabled": rule.get("BucketKeyEnabled", False)}
    default = rule.get("ApplyServerSideEncryptionByDefault")
    if default:
        block["applyServerSideEncryptionByDefault"] = {"sseAlgorithm": default["SSEAlgorithm"]} | (
            {"kmsMasterKeyId": default["KMSMasterKeyID"]} if default.get("KMSMasterKeyID") else {}
        )
    return block


def _put(aws: Aws, inputs: Values) -> str:
    rules = [_rule(block) for block in inputs["rules"]]
    aws.client("s3").put_bucket_encryption(Bucket=inputs["bucket"], ServerSideEncryptionConfiguration={"Rules": rules})
    return inputs["bucket"]


def _read(aws: Aws, resource_id: str, prior: Values) -> Values:
    found = aws.client("s3").get_bucket_encryption(Bucket=resource_id)["ServerSideEncryptionConfiguration"]
    return {"bucket": resource_id, "rules": [_block(rule) for rule in found["Rules"]]}


def _update(aws: Aws, resource_id: str, old: Values, new: Values, changed: set[str]) -> None:
    _put(aws, new)


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    aws.client("s3").delete_bucket_encryption(Bucket=resource_id)


RESOURCE_TYPE = ResourceType(
    token="aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    inputs={
        "bucket": Property(required=True, replaces=True),
        "rules": Property(
            kind="list",
            required=True,
            minimum=1,
            items=Property(
                kind="object",
                fields={
                    "applyServerSideEncryptionByDefault": Property(
                        kind="object",
                        fields={
                            "sseAlgorithm": Property(required=True, choices=_ALGORITHMS),
                            "kmsMasterKeyId": Property(),
                        },
                    ),
                    "bucketKeyEnabled": Property(kind="boolean", computed=True),
                },
            ),
        ),
    },
    outputs=(),
    unsupported=frozenset({"expectedBucketOwner"}),
    create=_put,
    read=_read,
    update=_update,
    delete=_delete,
    missing_codes=MISSING_BUCKET | {"ServerSideEncryptionConfigurationNotFoundError"},
)
