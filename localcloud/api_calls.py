"""Everything known of an AWS call before it is answered: its name, its caller, and whether it is to fail.

Decides how calls are named and counted, how a failure that a test ordered reads on the wire of its service, and that a
build's credentials may do what its service role allows. The answer to a call is decided by the service's handlers.
"""

from __future__ import annotations

import collections
import dataclasses
import io
import json
import re
import socket
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape

from localcloud.aws_api import ApiResponse, Environ
from localcloud.policy_conditions import Facts

_BY_ACTION = frozenset({"iam", "sts", "sns", "ec2", "cloudformation", "monitoring"})
"""Services whose requests are forms that name the operation as ``Action``."""

_S3_BUCKET_QUERIES = {
    "encryption": "BucketEncryption",
    "lifecycle": "BucketLifecycleConfiguration",
    "location": "BucketLocation",
    "ownershipControls": "BucketOwnershipControls",
    "policy": "BucketPolicy",
    "publicAccessBlock": "PublicAccessBlock",
    "tagging": "BucketTagging",
    "versioning": "BucketVersioning",
}
_VERBS = {"GET": "Get", "PUT": "Put", "DELETE": "Delete", "HEAD": "Head", "POST": "Post"}
_LAMBDA = re.compile(r"/\d{4}-\d{2}-\d{2}/([a-z-]+)(?:/[^/]+(?:/([a-z-]+))?)?/?")


@dataclasses.dataclass(frozen=True)
class Call:
    """One call of an AWS API.

    Attributes:
        caller: The access key that signed it.
        resources: What an IAM policy would have to name, "*" where it is not known.
        facts: What is known of its condition keys.
    """

    service: str
    region: str
    operation: str
    caller: str
    resources: tuple[str, ...]
    facts: Facts


@dataclasses.dataclass
class Order:
    """A failure that a test ordered.

    Attributes:
        operation: "" for every operation of the service.
        by: ``any``, ``build`` (credentials of a build) or ``other``.
        times: How many calls are still to fail; -1 for all.
        skip: How many calls go through first.
        status: The HTTP status; 0 to hang up without an answer.
    """

    service: str
    operation: str
    code: str
    message: str = ""
    status: int = 400
    times: int = 1
    skip: int = 0
    by: str = "any"


class ApiCalls:
    """Counts calls, and lets those fail that are to fail.

    Attributes:
        may: Given an access key, an IAM action, a resource and condition keys: why the call is refused, "" when it
            is not.
        is_build: Whether an access key is of a build.
        absent: Whether a region does not have a service.
    """

    def __init__(self, account: str) -> None:
        self._account = account
        self._lock = threading.Lock()
        self._counts: collections.Counter[str] = collections.Counter()
        self._by_builds: collections.Counter[str] = collections.Counter()
        self._uploads: dict[str, int] = {}
        self._orders: list[Order] = []
        self.may: Callable[[str, str, str, Facts], str] = lambda _key, _action, _resource, _facts: ""
        self.is_build: Callable[[str], bool] = lambda _key: False
        self.absent: Callable[[str, str], bool] = lambda _service, _region: False

    def control_routes(self) -> dict[str, Callable[[bytes], object]]:
        """Routes by which tests ask and order from another process."""
        return {
            "calls/counts": lambda _body: self.counts(),
            "calls/fail": lambda body: self.order(json.loads(body)),
            "calls/reset": lambda _body: self.reset(),
        }

    def refusal(self, environ: Environ, service: str, region: str) -> ApiResponse | None:
        """Counts a call; the answer when it must not reach its handler."""
        if not service:
            return None
        call = self._call(environ, service, region)
        refusals = (self.may(call.caller, _action(call), one, call.facts) for one in call.resources)
        refused = next((text for text in refusals if text), "")
        by_build = self.is_build(call.caller)
        with self._lock:
            name = f"{service}:{call.operation}"
            (self._by_builds if by_build else self._counts)[name] += 1
            order = self._take(call, by_build=by_build)
        if self.absent(service, region) or (order is not None and order.status == 0):
            _hang_up(environ)
            return ApiResponse(503, b"")
        if order is not None:
            return _wire_error(service, order.code, order.message or order.code, order.status)
        if refused:
            code = "AccessDenied" if service in {"s3", "iam", "sts"} else "AccessDeniedException"
            return _wire_error(service, code, refused, 403 if service == "s3" else 400)
        if service == "s3" and call.operation in {"PutObject", "UploadPart"} and not by_build:
            self._note_upload(environ)
        return None

    # --- what tests ask and order

    def order(self, values: dict[str, Any]) -> None:
        """Orders calls to fail; see ``Order`` for the names."""
        with self._lock:
            self._orders.append(Order(**values))

    def counts(self) -> dict[str, Any]:
        """Calls so far, by ``service:Operation``, those of builds apart; and bytes put into S3, by bucket and key."""
        with self._lock:
            return {"calls": dict(self._counts), "builds": dict(self._by_builds), "uploads": dict(self._uploads)}

    def reset(self) -> None:
        """Counts begin at nothing, and no failure is ordered."""
        with self._lock:
            self._counts.clear()
            self._by_builds.clear()
            self._uploads.clear()
            self._orders.clear()

    # --- one call

    def _take(self, call: Call, *, by_build: bool) -> Order | None:
        for order in self._orders:
            if order.service != call.service or order.operation not in {"", call.operation} or order.times == 0:
                continue
            if order.by != "any" and (order.by == "build") is not by_build:
                continue
            if order.skip > 0:
                order.skip -= 1
                continue
            order.times -= 1 if order.times > 0 else 0
            return order
        return None

    def _note_upload(self, environ: Environ) -> None:
        size = environ.get("HTTP_X_AMZ_DECODED_CONTENT_LENGTH") or environ.get("CONTENT_LENGTH") or 0
        place = unquote(str(environ["PATH_INFO"]).lstrip("/"))
        with self._lock:
            self._uploads[place] = self._uploads.get(place, 0) + int(size)

    def _call(self, environ: Environ, service: str, region: str) -> Call:
        caller = str(environ.get("HTTP_AUTHORIZATION", "")).partition("Credential=")[2].partition("/")[0]
        operation, resources, facts = self._operation(environ, service), ("*",), {}
        if service == "s3":
            resources = ("arn:aws:s3:::" + unquote(str(environ["PATH_INFO"]).strip("/")),)
        elif service in {"ecr", "logs", "codebuild"} and caller.startswith("ASIA"):
            request = _json(_peek(environ))
            resources = self._resources(service, region, request)
            facts = {"codebuild:source.buildspec": request.get("buildspecOverride")} if service == "codebuild" else {}
        return Call(service, region, operation, caller, resources, facts)

    def _operation(self, environ: Environ, service: str) -> str:
        target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
        if target:
            return target.rpartition(".")[2]
        method, path = str(environ["REQUEST_METHOD"]), str(environ["PATH_INFO"])
        query = parse_qs(str(environ.get("QUERY_STRING", "")), keep_blank_values=True)
        if service == "s3":
            return s3_operation(method, path, set(query), copied="HTTP_X_AMZ_COPY_SOURCE" in environ)
        if service in _BY_ACTION:
            form = parse_qs(_peek(environ).decode(errors="replace"))
            return (form.get("Action") or query.get("Action") or [""])[0]
        match = _LAMBDA.fullmatch(path)
        return f"{method} {'/'.join(part for part in match.groups() if part)}" if match else f"{method} {path}"

    def _resources(self, service: str, region: str, request: dict[str, Any]) -> tuple[str, ...]:
        prefix = f"arn:aws:{service}:{region}:{request.get('registryId') or self._account}"
        if service == "ecr":
            names = request.get("repositoryNames") or [request.get("repositoryName")]
            found = [f"{prefix}:repository/{name}" for name in names if name]
        elif service == "logs":
            names = [request[name] for name in ("logGroupName",) if name in request]
            found = [f"{prefix}:log-group:{name}:log-stream:{request.get('logStreamName', '')}" for name in names]
        else:
            ids = [request[name] for name in ("projectName", "id") if name in request] + (request.get("ids") or [])
            projects = {str(one).rpartition("/")[2].partition(":")[0] for one in ids}
            found = [f"{prefix}:project/{name}" for name in sorted(projects)]
        return tuple(found) or ("*",)


def s3_operation(method: str, path: str, query: set[str], *, copied: bool = False) -> str:
    """The name of an S3 call of path style."""
    bucket, _, key = path.strip("/").partition("/")
    if not bucket:
        return "ListBuckets"
    return _s3_object_operation(method, query, copied) if key else _s3_bucket_operation(method, query)


def _s3_bucket_operation(method: str, query: set[str]) -> str:
    for word, name in _S3_BUCKET_QUERIES.items():
        if word in query:
            return _VERBS[method] + name
    if method == "GET" and "versions" in query:
        return "ListObjectVersions"
    named = {"GET": "ListObjectsV2", "PUT": "CreateBucket", "DELETE": "DeleteBucket", "HEAD": "HeadBucket"}
    return named.get(method, "DeleteObjects")


def _s3_object_operation(method: str, query: set[str], copied: bool) -> str:
    if "uploadId" in query:
        uploads = {"PUT": "UploadPart", "POST": "CompleteMultipartUpload", "DELETE": "AbortMultipartUpload"}
        return uploads.get(method, "ListParts")
    if "uploads" in query:
        return "CreateMultipartUpload"
    return f"{'Copy' if copied else _VERBS[method]}Object"


def _action(call: Call) -> str:
    """The IAM action of a call."""
    renamed = {
        "s3:HeadObject": "s3:GetObject",
        "s3:ListObjectsV2": "s3:ListBucket",
        "s3:HeadBucket": "s3:ListBucket",
        "s3:CopyObject": "s3:PutObject",
        "s3:UploadPart": "s3:PutObject",
        "s3:CreateMultipartUpload": "s3:PutObject",
        "s3:CompleteMultipartUpload": "s3:PutObject",
    }
    name = f"{call.service}:{call.operation}"
    return renamed.get(name, name)


def _json(body: bytes) -> dict[str, Any]:
    try:
        return json.loads(body or b"{}")
    except ValueError:
        return {}


def _peek(environ: Environ) -> bytes:
    """The body of a call, which stays to be read."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length) if length else b""
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _hang_up(environ: Environ) -> None:
    connection = environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)


def _wire_error(service: str, code: str, message: str, status: int) -> ApiResponse:
    if service == "s3":
        text = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
    elif service in _BY_ACTION:
        error = f"<Type>Sender</Type><Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
        text = f"<ErrorResponse><Error>{error}</Error></ErrorResponse>"
    else:
        response = ApiResponse.of({"__type": code, "message": message, "Message": message}, status=status)
        response.headers.append(("x-amzn-ErrorType", code))
        return response
    return ApiResponse(status, text.encode(), [("Content-Type", "application/xml")])
