"""Lambda's API for functions that are container images.

Decides how moto's answers are mended (code digest, states, what an update changes) and what is refused while a
function is being created or updated. Functions of other package types are moto's and cannot be invoked.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote

from localcloud.aws_api import ApiError, ApiRequest, ApiResponse
from localcloud.image_layers import ImageGoneError
from localcloud.lambda_images import FunctionImage, LambdaImages
from localcloud.lambda_invocation import Sandboxes, tail_of
from localcloud.state import ACCOUNT_ID

_FUNCTION = re.compile(r"/\d{4}-\d{2}-\d{2}/functions(?:/(?P<name>[^/]+)(?:/(?P<part>[a-z-]+))?)?/?")
PENDING_S = 0.3
"""How long a new function is ``Pending``, and an update ``InProgress``."""

Json = dict[str, Any]


@dataclasses.dataclass
class FunctionState:
    """What moto's function does not know about itself; shared by no two versions.

    Attributes:
        settles_at: When the last change takes effect, on the monotonic clock.
        failure: Why the image cannot be used; "" when it can.
    """

    image: FunctionImage
    created: bool
    settles_at: float
    failure: str = ""
    failure_code: str = ""
    revision: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def settled(self) -> bool:
        """Whether the last change has taken effect."""
        return time.monotonic() >= self.settles_at


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
        function = _find(str(body["FunctionName"]), None, request.region)
        _set_image(function, image)
        function.logging_config = body.get("LoggingConfig")
        function.localcloud = FunctionState(image, True, time.monotonic() + PENDING_S, image.failure, "InvalidImage")
        if publish:
            return _configured(self._published(function, request.region), 201)
        return _configured(function, 201)

    def _update_code(self, request: ApiRequest, name: str) -> ApiResponse | None:
        function = _find(name, None, request.region)
        state = _state(function)
        if state is None:
            return None
        _refuse_while_changing(function, state)
        body = request.json()
        architecture = (body.get("Architectures") or function.architectures)[0]
        image = self._images.resolve(str(body.get("ImageUri", "")), architecture, request.region)
        if body.get("DryRun"):
            return _configured(function)
        if not image.failure:
            _set_image(function, image)
            function.architectures = [architecture]
        _changed(function, image, image.failure)
        if body.get("Publish"):
            return _configured(self._published(function, request.region))
        return _configured(function)

    def _update_configuration(self, request: ApiRequest, name: str) -> ApiResponse | None:
        function = _find(name, None, request.region)
        state = _state(function)
        if state is None:
            return None
        _refuse_while_changing(function, state)
        body = request.json()
        if "Environment" in body:
            body["Environment"].setdefault("Variables", {})
        response = request.forward(_encode(body))
        if response.status < 300:
            _apply_ignored(function, body)
            _changed(function, state.image, "")
        return response

    def _publish(self, request: ApiRequest, name: str) -> ApiResponse | None:
        function = _find(name, None, request.region)
        state = _state(function)
        if state is None:
            return None
        _refuse_while_changing(function, state)
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
        function = _find(name, None, request.region)
        response = request.forward(None)
        if response.status < 300:
            self._sandboxes.drop(function.function_arn)
        return response

    # --- invoking

    def _invoke(self, request: ApiRequest, name: str) -> ApiResponse | None:
        qualifier = parse_qs(request.query).get("Qualifier", [None])[0]
        function = _find(name, qualifier, request.region)
        state = _state(function)
        kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
        if state is None:
            raise ApiError("InvalidParameterValueException", "The local cloud invokes container images only.")
        if kind == "DryRun":
            return ApiResponse(204, b"")
        _refuse_not_active(function, state)
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
        for configuration in _configurations(body):
            arn = str(configuration["FunctionArn"])
            function = _find(arn, None, region)
            state = _state(function)
            if state is not None:
                _mend(configuration, function, state)
            if state is not None and body.get("Configuration") is configuration:
                code = {"RepositoryType": "ECR", "ImageUri": state.image.uri}
                body["Code"] = {**code, "ResolvedImageUri": state.image.resolved_uri}
        return ApiResponse.of(body, status=response.status, media_type="application/json")


def _find(name: str, qualifier: str | None, region: str) -> Any:
    """Moto's function of a name, an ARN or either with a qualifier.

    Raises:
        ApiError: There is none.
    """
    from moto.awslambda.models import lambda_backends  # noqa: PLC0415 - slow to import
    from moto.core.exceptions import JsonRESTError  # noqa: PLC0415

    if ":function:" in name:
        words = name.partition(":function:")[2].split(":")
        name, qualifier = words[0], words[1] if len(words) > 1 else qualifier
    try:
        return lambda_backends[ACCOUNT_ID][region].get_function(name, qualifier)
    except JsonRESTError as error:
        arn = f"arn:aws:lambda:{region}:{ACCOUNT_ID}:function:{name}" + (f":{qualifier}" if qualifier else "")
        raise ApiError("ResourceNotFoundException", f"Function not found: {arn}", 404) from error


def _state(function: Any) -> FunctionState | None:
    return getattr(function, "localcloud", None)


def _set_image(function: Any, image: FunctionImage) -> None:
    function.code = {"ImageUri": image.uri}
    function.code_sha_256 = image.digest.removeprefix("sha256:")


def _changed(function: Any, image: FunctionImage, failure: str) -> None:
    function.code_or_config_updated = True
    function.last_modified = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
    kept = image if not failure else function.localcloud.image
    function.localcloud = FunctionState(kept, False, time.monotonic() + PENDING_S, failure, "InvalidImage")


def _apply_ignored(function: Any, body: Json) -> None:
    """What moto leaves out of an update of a configuration."""
    from moto.awslambda.models import ImageConfig  # noqa: PLC0415 - slow to import

    if "ImageConfig" in body:
        function.image_config = ImageConfig(body["ImageConfig"] or {})
    if "EphemeralStorage" in body:
        function.ephemeral_storage = body["EphemeralStorage"]["Size"]
    if "TracingConfig" in body:
        function.tracing_config = body["TracingConfig"]
    if "KMSKeyArn" in body:
        function.kms_key_arn = body["KMSKeyArn"]
    if "LoggingConfig" in body:
        function.logging_config = body["LoggingConfig"]


def _refuse_while_changing(function: Any, state: FunctionState) -> None:
    if state.settled:
        return
    text = (
        "The function is currently in the following state: Pending"
        if state.created
        else f"An update is in progress for resource: {function.function_arn}"
    )
    raise ApiError("ResourceConflictException", f"The operation cannot be performed at this time. {text}", 409)


def _refuse_not_active(function: Any, state: FunctionState) -> None:
    if state.created and not state.settled:
        _refuse_while_changing(function, state)
    if state.failure and (state.created or state.failure_code == "ImageDeleted"):
        text = (
            "The operation cannot be performed at this time. The function is currently in the following state: Failed"
        )
        raise ApiError("ResourceConflictException", text, 409)


def _configurations(body: Json) -> list[Json]:
    """The function configurations in an answer, wherever they stand."""
    found = [body, body.get("Configuration"), *body.get("Functions", []), *body.get("Versions", [])]
    return [one for one in found if isinstance(one, dict) and "FunctionArn" in one and "CodeSha256" in one]


def _mend(configuration: Json, function: Any, state: FunctionState) -> None:
    for name in [name for name, value in configuration.items() if value is None]:
        del configuration[name]
    configuration.update(
        CodeSha256=state.image.digest.removeprefix("sha256:"),
        CodeSize=0,
        RevisionId=state.revision,
        State="Active",
        LastUpdateStatus="Successful",
        LoggingConfig=getattr(function, "logging_config", None)
        or {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.function_name}"},
    )
    image_config = (configuration.pop("ImageConfigResponse", None) or {}).get("ImageConfig") or {}
    image_config = {name: value for name, value in image_config.items() if value}
    if image_config:
        configuration["ImageConfigResponse"] = {"ImageConfig": image_config}
    prefix = "State" if state.created or state.failure_code == "ImageDeleted" else "LastUpdateStatus"
    if not state.settled:
        configuration[prefix] = "Pending" if state.created else "InProgress"
        configuration[f"{prefix}Reason"] = (
            "The function is being created." if state.created else "An update is running."
        )
        configuration[f"{prefix}ReasonCode"] = "Creating" if state.created else "Updating"
        if state.created:
            configuration["LastUpdateStatus"] = "InProgress"
    elif state.failure:
        configuration[prefix] = "Failed"
        configuration[f"{prefix}Reason"] = state.failure
        configuration[f"{prefix}ReasonCode"] = state.failure_code


def _encode(body: Json) -> bytes:
    return json.dumps(body).encode()


def _configured(function: Any, status: int = 200) -> ApiResponse:
    return ApiResponse.of(function.get_configuration(), status=status, media_type="application/json")
