"""Invoking functions: warm sandboxes, their settings, and the log of an invocation.

Decides when a sandbox is kept, replaced or started anew, and what its environment names. What happens inside is
:mod:`localcloud.lambda_sandbox`'s; what a call of the API answers is :mod:`localcloud.lambda_api`'s.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from localcloud.image_layers import ImageLayers
from localcloud.lambda_images import FunctionImage
from localcloud.lambda_sandbox import Answer, Sandbox, SandboxSettings

_IDLE_KEPT = 2
"""Sandboxes of one function version that stay warm."""


class Sandboxes:
    """The warm sandboxes of all functions."""

    def __init__(
        self,
        runc: Path,
        folder: Path,
        layers: ImageLayers,
        *,
        aws_endpoint: str,
        cgroup: str,
        start: Callable[..., subprocess.Popen[bytes]],
    ) -> None:
        self._runc = runc
        self._folder = folder
        self._layers = layers
        self._aws_endpoint = aws_endpoint
        self._cgroup = cgroup
        self._start = start
        self._lock = threading.Lock()
        self._idle: dict[str, list[tuple[SandboxSettings, Sandbox]]] = {}
        self._all: set[Sandbox] = set()

    def invoke(self, function: Any, image: FunctionImage, payload: bytes, client_context: str) -> Answer:
        """Runs one event in a warm sandbox of exactly this code and configuration, or in a new one."""
        settings = self._settings(function, image)
        sandbox = self._take(settings) or self._make(settings)
        try:
            answer = sandbox.invoke(payload, client_context)
        finally:
            self._give_back(settings, sandbox)
        _write_log(function, answer)
        return answer

    def _settings(self, function: Any, image: FunctionImage) -> SandboxSettings:
        unpacked = self._layers.unpack(image.repository, image.digest)
        override, config = function.image_config, unpacked.config
        command = (override.entry_point or config.get("Entrypoint") or []) + (override.cmd or config.get("Cmd") or [])
        image_environment = dict(entry.partition("=")[::2] for entry in config.get("Env") or [])
        handler = (override.cmd or config.get("Cmd") or [""])[0]
        return SandboxSettings(
            image=unpacked,
            command=tuple(command),
            working_directory=override.working_directory or config.get("WorkingDir") or "/",
            environment=image_environment | self._lambda_environment(function, handler) | function.environment_vars,
            timeout_s=float(function.timeout),
            tmp_bytes=int(function.ephemeral_storage) * 1024 * 1024,
            function_arn=function.function_arn,
            cgroup=self._cgroup,
        )

    def _lambda_environment(self, function: Any, handler: str) -> dict[str, str]:
        log_group, log_stream = _log_names(function)
        return {
            "AWS_ACCESS_KEY_ID": "localcloud",
            "AWS_SECRET_ACCESS_KEY": "localcloud",
            "AWS_SESSION_TOKEN": "localcloud",
            "AWS_DEFAULT_REGION": function.region,
            "AWS_REGION": function.region,
            "AWS_ENDPOINT_URL": self._aws_endpoint,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
            "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
            "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
            "LAMBDA_RUNTIME_DIR": "/var/runtime",
            "LAMBDA_TASK_ROOT": "/var/task",
            "TZ": ":UTC",
            "_HANDLER": handler,
        }

    def _take(self, settings: SandboxSettings) -> Sandbox | None:
        with self._lock:
            for kept, sandbox in self._idle.get(settings.function_arn, []):
                if kept == settings and sandbox.usable:
                    self._idle[settings.function_arn].remove((kept, sandbox))
                    return sandbox
            outdated = self._idle.pop(settings.function_arn, [])
        for _, sandbox in outdated:
            self._remove(sandbox)
        return None

    def _make(self, settings: SandboxSettings) -> Sandbox:
        sandbox = Sandbox(settings, self._runc, self._folder, self._start)
        with self._lock:
            self._all.add(sandbox)
        return sandbox

    def _give_back(self, settings: SandboxSettings, sandbox: Sandbox) -> None:
        with self._lock:
            idle = self._idle.setdefault(settings.function_arn, [])
            if sandbox.usable and len(idle) < _IDLE_KEPT:
                idle.append((settings, sandbox))
                return
        self._remove(sandbox)

    def _remove(self, sandbox: Sandbox) -> None:
        sandbox.remove()
        with self._lock:
            self._all.discard(sandbox)

    def drop(self, function_arn: str) -> None:
        """Ends the warm sandboxes of a function that is gone."""
        with self._lock:
            arns = [arn for arn in self._idle if arn == function_arn or arn.startswith(f"{function_arn}:")]
            outdated = [pair for arn in arns for pair in self._idle.pop(arn)]
        for _, sandbox in outdated:
            self._remove(sandbox)

    def stop(self) -> None:
        """Ends all sandboxes."""
        with self._lock:
            sandboxes, self._idle = list(self._all), {}
        for sandbox in sandboxes:
            self._remove(sandbox)


def tail_of(function: Any, answer: Answer) -> str:
    """The log of an invocation as Lambda writes it."""
    billed = f"Billed Duration: {int(answer.duration_ms) + 1} ms\tMemory Size: {function.memory_size} MB\t"
    init = f"Init Duration: {answer.init_ms:.2f} ms\t" if answer.init_ms is not None else ""
    return (
        f"START RequestId: {answer.request_id} Version: {function.version}\n{answer.log}"
        f"END RequestId: {answer.request_id}\n"
        f"REPORT RequestId: {answer.request_id}\tDuration: {answer.duration_ms:.2f} ms\t{billed}{init}\n"
    )


def _log_names(function: Any) -> tuple[str, str]:
    """Log group and stream of a function; one stream a day and version."""
    group = (getattr(function, "logging_config", None) or {}).get("LogGroup") or f"/aws/lambda/{function.function_name}"
    return group, f"{time.strftime('%Y/%m/%d')}/[{function.version}]localcloud"


def _write_log(function: Any, answer: Answer) -> None:
    """Put an invocation's log into CloudWatch Logs; make the group if it is missing, as Lambda does."""
    group, stream = _log_names(function)
    logs = function.logs_backend
    logs.ensure_log_group(group)
    logs.ensure_log_stream(group, stream)
    now_ms = int(time.time() * 1000)
    lines = tail_of(function, answer).splitlines()
    logs.put_log_events(group, stream, [{"timestamp": now_ms, "message": line} for line in lines])
