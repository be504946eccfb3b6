"""The objects that remote builds were sent, in a bucket.

Decides how they are listed and deleted: a thousand a call, and only those of the list. Leaves which of them are old to
``core.cleanup.sources``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from fast_container.adapters.aws_lists import chunks, listed
from fast_container.adapters.aws_session import aws_errors
from fast_container.core.cleanup.sources import SourceObject

_PER_CALL: Final = 1000


class S3Sources:
    """A bucket and the prefix of a builder in it.

    Args:
        bucket: Its name.
        prefix: Without slashes at its ends; "" is the bucket's root.
        client: Makes the S3 client.
    """

    def __init__(self, bucket: str, prefix: str, client: Callable[[], Any]) -> None:
        self.bucket = bucket
        self.prefix = prefix
        self._client = client

    def read(self) -> list[SourceObject]:
        """Return all objects below the prefix; blocking.

        Raises:
            AuthError: The permission is missing.
            RegistryError: S3 could not be asked.
        """
        found = listed(
            "s3:ListBucket",
            self._client().list_objects_v2,
            ("ContinuationToken", "NextContinuationToken"),
            "Contents",
            Bucket=self.bucket,
            Prefix=f"{self.prefix}/" if self.prefix else "",
        )
        return [
            SourceObject(self.bucket, str(one["Key"]), int(one["Size"]), float(one["LastModified"].timestamp()))
            for one in found
        ]

    def delete(self, objects: Sequence[SourceObject]) -> dict[str, str]:
        """Delete objects; return key → why it was not deleted. Blocking, and it may be done again."""
        failed: dict[str, str] = {}
        for some in chunks(objects, _PER_CALL):
            wanted = {"Objects": [{"Key": one.key} for one in some], "Quiet": True}
            with aws_errors("s3:DeleteObject", self.bucket):
                answer = self._client().delete_objects(Bucket=self.bucket, Delete=wanted)
            for error in answer.get("Errors") or ():
                failed[str(error.get("Key"))] = f"{error.get('Code')}: {error.get('Message', '')}"
        return failed
