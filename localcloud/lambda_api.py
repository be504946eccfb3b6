"""Lambda's API for functions that are container images.

Decides which calls are answered here and in what steps. What is said of a function is decided in
:mod:`localcloud.lambda_functions`. Functions of other package types are moto's and cannot be invoked.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote

from localcloud.aws_api import ApiError, ApiRequest, ApiResponse
from localcloud.image_layers import ImageGoneError
from localcloud.lambda_functions import (
    PENDING_S,
    FunctionState,
    apply_ignored,
    configurations_in,
    find_function,
    mark_changed,
    mend_configuration,
    refuse_not_active,
    refuse_while_changing,
    set_image,
    state_of,
)
from localcloud.lambda_images import LambdaImages
from localcloud.lambda_invocation import Sandboxes, tail_of
from localcloud.state import ACCOUNT_ID

_FUNCTION = re.compile(r"/\d{4}-\d{2}-\d{2}/functions(?:/(?P<name>[^/]+)(?:/(?P<part>[a-z-]+))?)?/?")

Json = dict[str, Any]


class LambdaApi:
    """The handlers of Lambda."""

    def __init__(self, images: LambdaImages, sandboxes: Sandboxes) -> None:
        self._images = images
        self._sandboxes = sandboxes
        self._routes: dict[tuple[str, str], Callable[[ApiRequest, str], ApiResponse | None]] = {
            ("POST", ""): self._create,
            ("DELETE", "function"): self._delete,
            ("PUT", "code"): self._update_code,
            ("PUT", "configuration"): self._update_configuration,
            ("POST", "versions"): self._publish,
            ("POST", "invocations"): self._invoke,
        }

    def answer(self, request: ApiRequest) -> ApiResponse | None:
        """Answers the calls about a function's code; mends what moto says of functions."""
        match = _FUNCTION.fullmatch(request.path)
        if match is None:
            return None
        name = unquote(match["name"] or "")
        part = match["part"] or ("function" if name else "")
        handler = self._routes.get((request.method, part))
        response = handler(request, name) if handler else None
        response = response or request.forward(None)
        if response.status < 300 and part != "invocations" and response.body.startswith(b"{"):
            return self._mended(response, request.region)
        return response

    # --- changing

    def _create(self, request: ApiRequest, _name: str) -> ApiResponse | None:
        body = request.json()
        if body.get("PackageType") != "Image":
            return None
        architecture = (body.get("Architectures") or ["x86_64"])[0]
        uri = str((body.get("Code") or {}).get("ImageUri", ""))
        image = self._images.resolve(uri, architecture, request.region)
        publish = body.pop("Publish", False)
        response = request.forward(_encode(body))
        if response.status >= 300:
            return response
        function = find_function(str(body["FunctionName"]), None, request.region)
        set_image(function, image)
        function.logging_config = body.get("LoggingConfig")
        function.localcloud = FunctionState(image, True, time.monotonic() + PENDING_S, image.failure, "InvalidImage")
        if publish:
            return _configured(self._published(function, request.region), 201)
        return _configured(function, 201)

    def _update_code(self, request: ApiRequest, name: str) -> ApiResponse | None:
        function = find_function(name, None, request.region)
        state = state_of(function)
        if state is None:
            return None
        refuse_while_changing(function, state)
        body = request.json()
        architecture = (body.get("Architectures") or function.architectures)[0]
        image = self._images.resolve(str(body.get("ImageUri", "")), architecture, request.region)
        if body.get("DryRun"):
            return _configured(function)
        if not image.failure:
            set_image(function, image)
            function.architectures = [architecture]
        mark_changed(function, image, image.failure)
        if body.get("Publish"):
            return _configured(self._published(function, request.region))
        return _configured(function)

    def _update_configuration(self, request: ApiRequest, name: str) -> ApiResponse | None:
        function = find_function(name, None, request.region)
        state = state_of(function)
        if state is None:
            return None
        refuse_while_changing(function, state)
        body = request.json()
        if "Environment" in body:
            body["Environment"].setdefault("Variables", {})
        response = request.forward(_encode(body))
        if response.status < 300:
            apply_ignored(function, body)
            mark_changed(function, state.image, "")
        return response

    def _publish(self, request: ApiRequest, name: str) -> ApiResponse | None:
        function = find_function(name, None, request.region)
        state = state_of(function)
        if state is None:
            return None
        refuse_while_changing(function, state)
        description = request.json().get("Description", "")
        return _configured(self._published(function, request.region, description), 201)

    def _published(self, function: Any, region: str, description: str = "") -> Any:
        from moto.awslambda.models import lambda_backends  # noqa: PLC0415 - slow to import

        backend = lambda_backends[ACCOUNT_ID][region]
        version = backend.publish_version(function.function_name, description)
        # moto's version shares these with $LATEST, whose later changes would change it.
        version.code = dict(function.code)
        version.localcloud = dataclasses.replace(function.localcloud, created=True)
        return version

    def _delete(self, request: ApiRequest, name: str) -> ApiResponse | None:
        function = find_function(name, None, request.region)
        response = request.forward(None)
        if response.status < 300:
            self._sandboxes.drop(function.function_arn)
        return response

    # --- invoking

    def _invoke(self, request: ApiRequest, name: str) -> ApiResponse | None:
        qualifier = parse_qs(request.query).get("Qualifier", [None])[0]
        function = find_function(name, qualifier, request.region)
        state = state_of(function)
        kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
        if state is None:
            raise ApiError("InvalidParameterValueException", "The local cloud invokes container images only.")
        if kind == "DryRun":
            return ApiResponse(204, b"")
        refuse_not_active(function, state)
        context = request.headers.get("x-amz-client-context", "")
        context = base64.b64decode(context).decode() if context else ""
        if kind == "Event":
            arguments = (function, state.image, request.body or b"{}", context)
            threading.Thread(target=self._sandboxes.invoke, args=arguments, daemon=True).start()
            return ApiResponse(202, b"")
        try:
            answer = self._sandboxes.invoke(function, state.image, request.body or b"{}", context)
        except ImageGoneError as gone:
            state.failure, state.failure_code = "The image was deleted.", "ImageDeleted"
            raise ApiError("ResourceNotReadyException", f"{function.function_arn}: {gone}", 502) from gone
        headers = [("Content-Type", "application/json"), ("X-Amz-Executed-Version", str(function.version))]
        if answer.failed:
            headers.append(("X-Amz-Function-Error", "Unhandled"))
        if request.headers.get("x-amz-log-type") == "Tail":
            tail = tail_of(function, answer).encode()[-4096:]
            headers.append(("X-Amz-Log-Result", base64.b64encode(tail).decode()))
        return ApiResponse(200, answer.payload, headers)

    # --- what is said of functions

    def _mended(self, response: ApiResponse, region: str) -> ApiResponse:
        body = response.json()
        for configuration in configurations_in(body):
            arn = str(configuration["FunctionArn"])
            function = find_function(arn, None, region)
            state = state_of(function)
            if state is not None:
                mend_configuration(configuration, function, state)
            if state is not None and body.get("Configuration") is configuration:
                code = {"RepositoryType": "ECR", "ImageUri": state.image.uri}
                body["Code"] = {**code, "ResolvedImageUri": state.image.resolved_uri}
        return ApiResponse.of(body, status=response.status, media_type="application/json")


def _encode(body: Json) -> bytes:
    return json.dumps(body).encode()


def _configured(function: Any, status: int = 200) -> ApiResponse:
    return ApiResponse.of(function.get_configuration(), status=status, media_type="application/json")
