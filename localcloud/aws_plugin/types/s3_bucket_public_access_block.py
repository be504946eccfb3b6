"""``aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock``: four switches, all off unless the program says on."""

from __future__ import annotations

from localcloud.aws_plugin.schema import Property, ResourceType, Values
from localcloud.aws_plugin.session import Aws
from localcloud.aws_plugin.types.s3_bucket import MISSING_BUCKET

_SWITCHES = {
    "blockPublicAcls": "BlockPublicAcls",
    "blockPublicPolicy": "BlockPublicPolicy",
    "ignorePublicAcls": "IgnorePublicAcls",
    "restrictPublicBuckets": "RestrictPublicBuckets",
}


def _put(aws: Aws, inputs: Values) -> str:
    switches = {parameter: inputs[name] for name, parameter in _SWITCHES.items()}
    aws.client("s3").put_public_access_block(Bucket=inputs["bucket"], PublicAccessBlockConfiguration=switches)
    return inputs["bucket"]


def _read(aws: Aws, resource_id: str, prior: Values) -> Values:
    found = aws.client("s3").get_public_access_block(Bucket=resource_id)["PublicAccessBlockConfiguration"]
    return {"bucket": resource_id} | {name: found.get(parameter, False) for name, parameter in _SWITCHES.items()}


def _update(aws: Aws, resource_id: str, old: Values, new: Values, changed: set[str]) -> None:
    _put(aws, new)


def _delete(aws: Aws, resource_id: str, state: Values) -> None:
    if not state.get("skipDestroy"):
        aws.client("s3").delete_public_access_block(Bucket=resource_id)


RESOURCE_TYPE = ResourceType(
    token="aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    inputs={
        "bucket": Property(required=True, replaces=True),
        **{name: Property(kind="boolean", default=False) for name in _SWITCHES},
        "skipDestroy": Property(kind="boolean", write_only=True),
    },
    outputs=(),
    create=_put,
    read=_read,
    update=_update,
    delete=_delete,
    missing_codes=MISSING_BUCKET | {"NoSuchPublicAccessBlockConfiguration"},
)
