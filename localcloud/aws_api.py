"""The AWS endpoint: which of our handlers answers a call, and what is left to moto.

Decides how a call is recognised (service, region, operation), how errors read on the wire, and the order: control
routes, then what :mod:`localcloud.api_calls` refuses, then the handlers of its service, then moto. What a handler
answers is decided in the service's own module.
"""

from __future__ import annotations

import dataclasses
import hmac
import io
import json
import secrets
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from localcloud.state import REGION

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]
CONTROL_PREFIX = "/_localcloud/"


class ApiError(Exception):
    """An error as an AWS service reports it: its code, message and HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclasses.dataclass
class ApiRequest:
    """One AWS call.

    Attributes:
        service: The signing name (``ecr``, ``lambda``).
        operation: The operation's name for JSON services, else "".
        body: The request's bytes, as they came.
        forward: Lets moto answer the call, optionally with another body and with further headers.
    """

    service: str
    region: str
    operation: str
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    forward: Callable[..., ApiResponse]

    @property
    def access_key(self) -> str:
        """The access key that signed the call, "" when none did."""
        return self.headers.get("authorization", "").partition("Credential=")[2].partition("/")[0]

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; an empty body is an empty object."""
        return json.loads(self.body) if self.body else {}


@dataclasses.dataclass
class ApiResponse:
    """What goes back to the client."""

    status: int
    body: bytes
    headers: list[tuple[str, str]] = dataclasses.field(default_factory=list[tuple[str, str]])

    @classmethod
    def of(cls, value: object, *, status: int = 200, media_type: str = "application/x-amz-json-1.1") -> ApiResponse:
        """A JSON answer."""
        return cls(status, json.dumps(value).encode(), [("Content-Type", media_type)])

    def json(self) -> dict[str, Any]:
        """The body as a JSON object."""
        return json.loads(self.body) if self.body else {}


class ServiceApi(Protocol):
    """The handlers of one AWS service."""

    def answer(self, request: ApiRequest) -> ApiResponse | None:
        """Answers a call, or returns None to leave it to moto.

        Raises:
            ApiError: The call is refused.
        """
        ...


ControlRoute = Callable[[bytes], object]
Refuse = Callable[[Environ, str, str], ApiResponse | None]
"""Sees every call of a service in a region first; an answer keeps it from its handler."""


class AwsApi:
    """A WSGI application: our handlers before moto's."""

    def __init__(
        self,
        moto: WsgiApp,
        services: Mapping[str, ServiceApi],
        control: Mapping[str, ControlRoute],
        control_token: str,
        refuse: Refuse = lambda _environ, _service, _region: None,
    ) -> None:
        self._moto = moto
        self._services = services
        self._control = control
        self._control_token = control_token
        self._refuse = refuse

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answers one request."""
        path = str(environ.get("PATH_INFO", ""))
        if path.startswith(CONTROL_PREFIX):
            return _send(self._answer_control(path.removeprefix(CONTROL_PREFIX), environ), start_response)
        service, region = _signed_for(environ)
        refused = self._refuse(environ, service, region)
        if refused is not None:
            _read_body(environ)
            return _send(refused, start_response)
        api = self._services.get(service)
        if api is None:
            return self._moto(environ, start_response)
        request = self._request(environ, service, region)
        try:
            response = api.answer(request)
        except ApiError as error:
            response = _error(error)
        except Exception as error:
            traceback.print_exc()  # into the supervisor's log
            response = _error(ApiError("InternalFailure", f"the local cloud: {error!r}", 500))
        return _send(response or request.forward(None), start_response)

    def _answer_control(self, name: str, environ: Environ) -> ApiResponse:
        if not hmac.compare_digest(str(environ.get("HTTP_X_LOCALCLOUD", "")), self._control_token):
            return ApiResponse.of({"error": "not this cloud's control token"}, status=403)
        route = self._control.get(name)
        if route is None:
            return ApiResponse.of({"error": f"no control route {name!r}"}, status=404)
        try:
            return ApiResponse.of(route(_read_body(environ)))
        except Exception as error:
            return ApiResponse.of({"error": str(error) or repr(error)}, status=500)

    def _request(self, environ: Environ, service: str, region: str) -> ApiRequest:
        body = _read_body(environ)
        headers = {
            name[5:].replace("_", "-").lower(): str(value)
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }

        def forward(other: bytes | None, further: Mapping[str, str] | None = None) -> ApiResponse:
            content = body if other is None else other
            inner = {**environ, "wsgi.input": io.BytesIO(content), "CONTENT_LENGTH": str(len(content))}
            inner.pop("HTTP_TRANSFER_ENCODING", None)
            inner |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in (further or {}).items()}
            return _call(self._moto, inner)

        return ApiRequest(
            service=service,
            region=region,
            operation=headers.get("x-amz-target", "").rpartition(".")[2],
            method=str(environ["REQUEST_METHOD"]),
            path=str(environ.get("PATH_INFO", "")),
            query=str(environ.get("QUERY_STRING", "")),
            headers=headers,
            body=body,
            forward=forward,
        )


def _signed_for(environ: Environ) -> tuple[str, str]:
    """The service and region that a request's signature names (AWS Signature Version 4, credential scope)."""
    scope = str(environ.get("HTTP_AUTHORIZATION", "")).partition("Credential=")[2].partition(",")[0].split("/")
    return (scope[3].lower(), scope[2]) if len(scope) == 5 else ("", REGION)


def _read_body(environ: Environ) -> bytes:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length:
        return environ["wsgi.input"].read(length)
    if environ.get("wsgi.input_terminated"):
        return environ["wsgi.input"].read()
    return b""


def _call(app: WsgiApp, environ: Environ) -> ApiResponse:
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Callable[[bytes], object]:
        started[:] = [int(status.split(maxsplit=1)[0]), headers]
        return lambda _data: None

    body = b"".join(app(environ, start_response))
    # A HEAD's length is that of what it does not send.
    is_head = environ.get("REQUEST_METHOD") == "HEAD"
    headers = [pair for pair in started[1] if is_head or pair[0].lower() != "content-length"]
    return ApiResponse(started[0], body, headers)


def _send(response: ApiResponse, start_response: StartResponse) -> Iterable[bytes]:
    headers = list(response.headers)
    if not any(name.lower() == "content-length" for name, _ in headers):
        headers.append(("Content-Length", str(len(response.body))))
    if not any(name.lower() == "x-amzn-requestid" for name, _ in headers):
        headers.append(("x-amzn-RequestId", secrets.token_hex(16)))
    start_response(f"{response.status} {'OK' if response.status < 400 else 'Error'}", headers)
    return [response.body]


def _error(error: ApiError) -> ApiResponse:
    response = ApiResponse.of(
        {"__type": error.code, "message": error.message, "Message": error.message}, status=error.status
    )
    response.headers.append(("x-amzn-ErrorType", error.code))
    return response
