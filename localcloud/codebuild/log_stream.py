"""The output of a build, in CloudWatch Logs while the build runs.

Decides how lines become events: whole lines only, in batches, each with the time at which it was seen. The stream is
made when the build is provisioned; its group must be there or the role must be allowed to make it.
"""

from __future__ import annotations

import time
from pathlib import Path

from localcloud.state import ACCOUNT_ID

_BATCH = 1000
"""Events of one PutLogEvents call; AWS takes 10,000."""


class LogStream:
    """Follows a file that a build writes, and sends what is new.

    Args:
        region: The build's region.
        group: The log group, or "" when CloudWatch Logs are off.
        stream: The log stream.
        output: The file.
    """

    def __init__(self, region: str, group: str, stream: str, output: Path) -> None:
        self._region = region
        self._group = group
        self._stream = stream
        self._output = output
        self._offset = 0
        self._rest = b""

    def make(self) -> None:
        """Makes the stream, and the group where it is not there."""
        if not self._group:
            return
        from moto.logs.models import logs_backends  # noqa: PLC0415 - slow to import

        backend = logs_backends[ACCOUNT_ID][self._region]
        if self._group not in backend.groups:
            backend.create_log_group(self._group, {})
        backend.ensure_log_stream(self._group, self._stream)

    def send(self, *, all_of_it: bool = False) -> str:
        """Sends the lines that have been written since; returns them.

        Args:
            all_of_it: Also the last line when it has no end.
        """
        with self._output.open("rb") as file:
            file.seek(self._offset)
            content = file.read()
        self._offset += len(content)
        *lines, self._rest = (self._rest + content).split(b"\n")
        if all_of_it and self._rest:
            lines, self._rest = [*lines, self._rest], b""
        texts = [line.decode(errors="replace").rstrip("\r") + "\n" for line in lines]
        for start in range(0, len(texts), _BATCH):
            self._put(texts[start : start + _BATCH])
        return "".join(texts)

    def _put(self, texts: list[str]) -> None:
        if not self._group:
            return
        from moto.logs.models import logs_backends  # noqa: PLC0415 - slow to import

        backend = logs_backends[ACCOUNT_ID][self._region]
        group = backend.groups.get(self._group)
        # A group that somebody deletes while the build runs takes no more lines; the build goes on.
        if group is None or self._stream not in group.streams:
            return
        now = int(time.time() * 1000)
        group.put_log_events(self._stream, [{"timestamp": now, "message": text} for text in texts])
