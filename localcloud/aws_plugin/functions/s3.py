"""``aws.s3.get_bucket``."""

from __future__ import annotations

from localcloud.aws_plugin.errors import PluginError
from localcloud.aws_plugin.schema import Function, Property, Values
from localcloud.aws_plugin.session import Aws
from localcloud.aws_plugin.types.s3_bucket import RESOURCE_TYPE

_SHOWN = ("arn", "bucketDomainName", "bucketRegion", "bucketRegionalDomainName", "hostedZoneId")


def _bucket(aws: Aws, arguments: Values) -> Values:
    bucket = arguments["bucket"]
    found = RESOURCE_TYPE.read(aws, bucket, {})
    if found is None:
        raise PluginError(f"reading S3 Bucket ({bucket}): couldn't find resource")
    return {"bucket": bucket, "id": bucket, "region": aws.region, **{name: found.get(name) for name in _SHOWN}}


FUNCTIONS = {
    "aws:s3/getBucket:getBucket": Function(
        token="aws:s3/getBucket:getBucket",
        arguments={"bucket": Property(required=True)},
        call=_bucket,
    )
}
