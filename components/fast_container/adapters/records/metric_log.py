"""The log group that CloudWatch makes metrics of.

Decides the calls: streams are made when they are first written to, and what is read back is the newest megabyte of one
stream. Leaves what an event says to ``report``, and that a failure is never worth more than a line to the caller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fast_container.adapters.aws_session import AwsSession, aws_errors, error_code
from fast_container.core.aws_access import AwsAccess
from fast_container.errors import RegistryError

_NEWEST: Final = 10_000
_ABSENT: Final = "ResourceNotFoundException"
_THERE: Final = "ResourceAlreadyExistsException"
# CloudWatch Logs reads the format of an event from the event; an older endpoint needs to be told.
_FORMAT: Final = ("x-amzn-logs-format", "json/emf")


class MetricLog:
    """One log group.

    Args:
        access: How the stack reaches AWS.
        environment: For the region, as the last resort.
        group: The group's name.
        region: Its region.
    """

    def __init__(self, access: AwsAccess, environment: Mapping[str, str], group: str, region: str) -> None:
        self._group = group
        self._client = AwsSession(access, environment).client("logs", region, is_patient=False)
        self._client.meta.events.register("before-sign.logs.PutLogEvents", _name_format)

    def newest(self, stream: str) -> list[str]:
        """Return the newest events of a stream, the oldest of them first. Blocking.

        Raises:
            FastContainerError: They could not be read.
        """
        import botocore.exceptions  # noqa: PLC0415 - see ``adapters.aws_session``

        asked = {"logGroupName": self._group, "logStreamName": stream, "limit": _NEWEST, "startFromHead": False}
        with aws_errors("logs:GetLogEvents", self._group):
            try:
                answer = self._client.get_log_events(**asked)
            except botocore.exceptions.ClientError as error:
                if error_code(error) != _ABSENT:
                    raise
                return []
        return [str(event.get("message", "")) for event in answer.get("events", [])]

    def put(self, stream: str, events: Sequence[Mapping[str, Any]]) -> None:
        """Write events, which are within the limits of one call. Blocking.

        Raises:
            FastContainerError: They could not be written.
        """
        import botocore.exceptions  # noqa: PLC0415 - see ``adapters.aws_session``

        asked = {"logGroupName": self._group, "logStreamName": stream}
        with aws_errors("logs:PutLogEvents", self._group):
            try:
                answer = self._client.put_log_events(**asked, logEvents=list(events))
            except botocore.exceptions.ClientError as error:
                if error_code(error) != _ABSENT:
                    raise
                self._make(stream)
                answer = self._client.put_log_events(**asked, logEvents=list(events))
        if answer.get("rejectedLogEventsInfo"):
            raise RegistryError(
                "CloudWatch took not all of them.", where=self._group, why=f"{answer['rejectedLogEventsInfo']}"
            )

    def _make(self, stream: str) -> None:
        import botocore.exceptions  # noqa: PLC0415 - see ``adapters.aws_session``

        with aws_errors("logs:CreateLogStream", self._group):
            try:
                self._client.create_log_stream(logGroupName=self._group, logStreamName=stream)
            except botocore.exceptions.ClientError as error:
                if error_code(error) == _ABSENT:
                    raise RegistryError(
                        "The log group of the metrics does not exist.",
                        where=self._group,
                        next_step="Run `pulumi refresh`, then `pulumi up`, which makes it again.",
                    ) from None
                # Another run has made it meanwhile.
                if error_code(error) != _THERE:
                    raise


def _name_format(request: Any, **_rest: object) -> None:
    name, value = _FORMAT
    request.headers[name] = value
