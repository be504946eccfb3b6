"""The parts of S3 that are mended before or inside moto.

Decides which names of buckets are refused, that all buckets belong to the one account, that checksums sent with an
object are verified, that the second of two simultaneous conditional writes of one key is told to try again, that
callers without permission to list a bucket are told "denied" of absent objects, and that bucket policies look at their
conditions. Everything else is moto's.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import threading
import zlib
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

from localcloud.aws_api import ApiRequest, ApiResponse
from localcloud.policy_conditions import is_met
from localcloud.state import ACCOUNT_ID

_FACTS = {"aws:SecureTransport": "true"}
"""What is known of every call: it stays on this machine, which counts as encrypted transport."""


class S3Api:
    """The handlers of S3.

    Attributes:
        may: Given an access key, an IAM action and a resource: why the call is refused; "" when it is not.
    """

    def __init__(self) -> None:
        self._writing: set[str] = set()
        self._lock = threading.Lock()
        self.may: Callable[[str, str, str], str] = lambda _key, _action, _resource: ""

    def answer(self, request: ApiRequest) -> ApiResponse | None:
        """Verify uploads, and the answers for absent objects; leave everything else to moto."""
        bucket, _, key = request.path.strip("/").partition("/")
        if request.headers.get("x-amz-expected-bucket-owner", ACCOUNT_ID) != ACCOUNT_ID:
            return _refused(403, "AccessDenied", "Access Denied")
        if request.method in {"GET", "HEAD"} and key:
            return self._read(request, bucket)
        if request.method != "PUT":
            return None
        return self._put(request) if key else _bad_bucket_name(bucket) if not request.query else None

    def _put(self, request: ApiRequest) -> ApiResponse:
        wrong = _wrong_checksum(request)
        if wrong:
            return _refused(400, "BadDigest", f"The {wrong} you specified did not match the calculated checksum.")
        # moto keeps a checksum when its algorithm is named beside it, as the SDKs do only when they compute it.
        named = {"x-amz-sdk-checksum-algorithm": "SHA256"} if "x-amz-checksum-sha256" in request.headers else {}
        if "if-none-match" not in request.headers:
            return request.forward(None, named)
        with self._lock:
            if request.path in self._writing:
                text = "The conditional request cannot succeed due to a conflicting operation against this resource."
                return _refused(409, "ConditionalRequestConflict", text)
            self._writing.add(request.path)
        try:
            return request.forward(None, named)
        finally:
            with self._lock:
                self._writing.discard(request.path)

    def _read(self, request: ApiRequest, bucket: str) -> ApiResponse | None:
        response = request.forward(None)
        if response.status == 404 and self.may(request.access_key, "s3:ListBucket", f"arn:aws:s3:::{bucket}"):
            return _refused(403, "AccessDenied", "Access Denied")
        return response


def _bad_bucket_name(name: str) -> ApiResponse | None:
    """The answer to a name that S3 refuses (S3, "General purpose bucket naming rules")."""
    good = re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", name) and ".." not in name
    if good and not re.fullmatch(r"\d+\.\d+\.\d+\.\d+", name) and not name.startswith(("xn--", "sthree-")):
        return None
    return _refused(400, "InvalidBucketName", "The specified bucket is not valid.")


def _wrong_checksum(request: ApiRequest) -> str:
    """The name of a checksum in the request's headers that the body does not have, or ""."""
    headers, body = request.headers, request.body
    if "aws-chunked" in headers.get("content-encoding", "") or "x-amz-copy-source" in headers:
        return ""
    given = headers.get("x-amz-checksum-sha256")
    if given is not None and _decoded(given) != hashlib.sha256(body).digest():
        return "SHA256"
    given = headers.get("x-amz-checksum-crc32")
    if given is not None and _decoded(given) != zlib.crc32(body).to_bytes(4, "big"):
        return "CRC32"
    given = headers.get("content-md5")
    if given is not None and _decoded(given) != hashlib.md5(body, usedforsecurity=False).digest():
        return "Content-MD5"
    return ""


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""


def _refused(status: int, code: str, message: str) -> ApiResponse:
    text = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
    return ApiResponse(status, text.encode(), [("Content-Type", "application/xml")])


def mend_bucket_policies() -> None:
    """Lets moto's buckets leave out the statements of their policy whose conditions are not met."""
    from moto.iam.access_control import IAMPolicy, PermissionResult  # noqa: PLC0415 - slow to import
    from moto.s3.models import FakeBucket  # noqa: PLC0415

    def get_permission(bucket: Any, action: str, resource: str) -> Any:
        if bucket.policy is None:
            return PermissionResult.NEUTRAL
        document = json.loads(bucket.policy)
        statements = document.get("Statement") or []
        statements = statements if isinstance(statements, list) else [statements]
        document["Statement"] = [
            one
            for one in statements
            if is_met(one.get("Condition") or {}, _FACTS, unknown=one.get("Effect") == "Allow")
        ]
        if not document["Statement"]:
            return PermissionResult.NEUTRAL
        return IAMPolicy(json.dumps(document)).is_action_permitted(action, resource)

    FakeBucket.get_permission = get_permission
