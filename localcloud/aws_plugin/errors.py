"""The errors of the plugin.

Decides the wording of every error that reaches the engine: one message with AWS's code, never a traceback. The caller
says which call failed and what was being done.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class PluginError(Exception):
    """An error that the engine shows as it is."""


class InitError(PluginError):
    """The resource exists but did not become usable; the engine keeps it in the state, as tainted.

    Args:
        message: What went wrong after the resource had been made.
        resource_id: The id under which it exists.
        state: What is known of it.
        inputs: The inputs it was made from.
    """

    def __init__(self, message: str, *, resource_id: str, state: Mapping[str, Any], inputs: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.resource_id = resource_id
        self.state = dict(state)
        self.inputs = dict(inputs)


def error_code(error: BaseException) -> str:
    """AWS's error code of a botocore ``ClientError``; an empty string for any other error."""
    response = getattr(error, "response", None)
    if not isinstance(response, Mapping):
        return ""
    return str(response.get("Error", {}).get("Code", ""))


def error_message(error: BaseException) -> str:
    """AWS's error message of a botocore ``ClientError``; the text of any other error."""
    response = getattr(error, "response", None)
    if not isinstance(response, Mapping):
        return str(error)
    return str(response.get("Error", {}).get("Message", ""))


def describe(error: BaseException) -> str:
    """One line that says what went wrong in a call: operation, AWS's code and AWS's message."""
    code = error_code(error)
    if code:
        operation = getattr(error, "operation_name", "")
        return f"{operation}: {code}: {error_message(error)}"
    if isinstance(error, PluginError):
        return str(error)
    kind = type(error).__name__
    if kind in {"EndpointConnectionError", "ConnectionClosedError", "ReadTimeoutError", "ConnectTimeoutError"}:
        return f"{error} (is the local cloud running?)"
    if type(error).__module__.startswith("botocore"):
        return f"{kind}: {' '.join(str(error).split())}"
    return f"internal error of the AWS plugin stand-in: {kind}: {error} ({_place(error)})"


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "unknown place"
    code = trace.tb_frame.f_code
    return f"{code.co_name}, line {trace.tb_lineno} of {code.co_filename.rsplit('/', 1)[-1]}"
