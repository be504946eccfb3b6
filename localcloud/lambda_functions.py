"""Properties of functions that moto does not keep: image, states, and some settings.

Decides how a configuration reads while a function is created, updated or broken, and what is refused meanwhile,
after https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html. Which calls there are is decided in
:mod:`localcloud.lambda_api`.
"""

from __future__ import annotations

import dataclasses
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from localcloud.aws_api import ApiError
from localcloud.lambda_images import FunctionImage
from localcloud.state import ACCOUNT_ID

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


def find_function(name: str, qualifier: str | None, region: str) -> Any:
    """Return moto's function of a name, an ARN or either with a qualifier.

    Raises:
        ApiError: It does not exist.
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


def state_of(function: Any) -> FunctionState | None:
    """Return the state of a function of an image, else None."""
    return getattr(function, "localcloud", None)


def set_image(function: Any, image: FunctionImage) -> None:
    """Gives a function another image."""
    function.code = {"ImageUri": image.uri}
    function.code_sha_256 = image.digest.removeprefix("sha256:")


def mark_changed(function: Any, image: FunctionImage, failure: str) -> None:
    """Notes that a function was updated just now; with a failure it keeps its image."""
    function.code_or_config_updated = True
    function.last_modified = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
    kept = image if not failure else function.localcloud.image
    function.localcloud = FunctionState(kept, False, time.monotonic() + PENDING_S, failure, "InvalidImage")


def apply_ignored(function: Any, body: Json) -> None:
    """Apply the parts of a configuration update that moto ignores."""
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


def refuse_while_changing(function: Any, state: FunctionState) -> None:
    """Refuses a change while another one is under way.

    Raises:
        ApiError: ``ResourceConflictException``.
    """
    if state.settled:
        return
    text = (
        "The function is currently in the following state: Pending"
        if state.created
        else f"An update is in progress for resource: {function.function_arn}"
    )
    raise ApiError("ResourceConflictException", f"The operation cannot be performed at this time. {text}", 409)


def refuse_not_active(function: Any, state: FunctionState) -> None:
    """Refuses an invocation of a function that is not ready or broken.

    Raises:
        ApiError: ``ResourceConflictException``.
    """
    if state.created and not state.settled:
        refuse_while_changing(function, state)
    if state.failure and (state.created or state.failure_code == "ImageDeleted"):
        text = (
            "The operation cannot be performed at this time. The function is currently in the following state: Failed"
        )
        raise ApiError("ResourceConflictException", text, 409)


def configurations_in(body: Json) -> list[Json]:
    """The function configurations in an answer, wherever they stand."""
    found = [body, body.get("Configuration"), *body.get("Functions", []), *body.get("Versions", [])]
    return [one for one in found if isinstance(one, dict) and "FunctionArn" in one and "CodeSha256" in one]


def mend_configuration(configuration: Json, function: Any, state: FunctionState) -> None:
    """Completes moto's configuration of a function."""
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
