"""One remote build, from its plan to its verified tag.

A composition root (its environment is CodeBuild's). Decides the order and the exit codes: 0 built or found, 1 failed,
3 parts of the sources are missing or damaged and must be uploaded again. Leaves everything else to ``build.pipeline``.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from fast_container.adapters.aws_session import AwsSession
from fast_container.adapters.buildx.executor import BuildxExecutor
from fast_container.adapters.clock import SystemClock
from fast_container.adapters.registry.layer_start import RegistryLayers
from fast_container.adapters.registry.registries import Registries
from fast_container.build.look_inside import LayerLooks
from fast_container.build.pipeline import publish
from fast_container.core.aws_access import AwsAccess
from fast_container.core.json_document import parse_json
from fast_container.core.ports import ContextSource, Credentials
from fast_container.core.records.record import BuildRecord
from fast_container.core.remote import log_lines
from fast_container.core.remote.plan import SECRET_VARIABLE, RemotePlan, read_plan
from fast_container.errors import AuthError, BuildFailed, FastContainerError
from fast_container.remote.builder import NAME, BootingExecutor, buildkit_config
from fast_container.remote.parts import PartsUnusable, fetch_contexts
from fast_container.remote.phases import PhaseTimes
from fast_container.remote.sources import WithSources, fetched_meanwhile

EXIT_PARTS_UNUSABLE = 3
PLAN_FILE = "plan.json"


class LineReporter:
    """Satisfies ``core.ports.Reporter`` on standard output; at most one progress line a second."""

    def __init__(self) -> None:
        self._last_s = 0.0

    def progress(self, line: str) -> None:
        """Print a marked line of progress."""
        if time.monotonic() - self._last_s >= 1.0:
            self._last_s = time.monotonic()
            say(log_lines.PROGRESS, line)

    def note(self, line: str) -> None:
        """Print a marked line with a note."""
        say(log_lines.NOTE, line)

    def warn(self, line: str) -> None:
        """Print a marked line with a warning."""
        say(log_lines.WARNING, line)


def main(launched: Mapping[str, tuple[float, float]] = MappingProxyType({}), s3: Any = None) -> int:
    """Build what ``plan.json`` in the source directory describes; return the build's exit code.

    Args:
        launched: When the phases before this began and ended.
        s3: An existing client of S3.
    """
    source = Path(os.environ.get("CODEBUILD_SRC_DIR") or Path.cwd())
    times = PhaseTimes(launched)
    try:
        plan = read_plan((source / PLAN_FILE).read_bytes())
        record = asyncio.run(build(plan, os.environ, times, s3))
    except PartsUnusable as parts:
        say(log_lines.PARTS_UNUSABLE, {"absent": parts.absent, "damaged": parts.damaged})
        return EXIT_PARTS_UNUSABLE
    except FastContainerError as error:
        say(log_lines.FAILED, failure(error))
        return 1
    say(
        log_lines.BUILT,
        {"digest": record.digest, "steps": record.steps, "cached": record.steps_cached, "pushed": record.pushed_bytes},
    )
    return 0


async def build(plan: RemotePlan, environment: Mapping[str, str], times: PhaseTimes, s3: Any = None) -> BuildRecord:
    """Fetch and check, while BuildKit starts and the registry is asked; build, push, verify, tag."""
    reporter = LineReporter()
    access = AwsAccess(region=environment.get("AWS_REGION", ""))
    session = AwsSession(access, environment)
    registries = Registries(access, environment)
    with tempfile.TemporaryDirectory(prefix="fast-container-") as folder:
        secrets = {secret: os.fsencode(environment[name]) for secret, name in plan.secret_variables.items()}
        # Secrets reach the build through files; other processes do not need them.
        clean = {name: value for name, value in environment.items() if not name.startswith(SECRET_VARIABLE)}
        logins = {host: login_of(host, environment[name]) for host, name in plan.login_variables.items()}
        hosts = tuple(sorted({*plan.job.pull_hosts, *logins}))
        job = replace(plan.job, secrets=secrets, pull_hosts=hosts)
        logs, config = Path(folder) / "logs", Path(folder) / "buildkitd.toml"
        config.write_text(buildkit_config(plan.mirrors))

        def credentials(host: str) -> Credentials | None:
            return logins.get(host) or registries.push_credentials(host)

        def fetch() -> Mapping[str, ContextSource]:
            with times.phase("sources: fetch and check"):
                return fetch_contexts(plan, lambda: s3 or session.client("s3"), Path(folder) / "contexts")

        buildx = BuildxExecutor(NAME, clean, logs, credentials=credentials)
        used_config = config if plan.mirrors else None
        executor = BootingExecutor(buildx, plan.buildkit_image, used_config, clean, times, credentials)
        registry = registries.repository(job.repository_url)
        looks = LayerLooks(RegistryLayers(registries.oci_blocking))
        executor.begin(job.recipe, reporter)
        try:
            async with fetched_meanwhile(fetch) as contexts:
                with times.phase("publish"):
                    return await publish(
                        job,
                        registry,
                        WithSources(executor, contexts),
                        reporter,
                        SystemClock(),
                        executor_name="codebuild",
                        looks=looks,
                    )
        finally:
            await executor.end()
            print_logs(logs)
            say(log_lines.TIMES, times.content())


def login_of(host: str, text: str) -> Credentials:
    """Read the login in a secret, in the form that CodeBuild and ECS expect: user name and password as JSON.

    Raises:
        AuthError: The secret holds something else.
    """
    try:
        found: object = parse_json(text)
        given = cast("dict[str, object]", found)
        return Credentials(str(given["username"]), str(given["password"]))
    except (ValueError, KeyError, TypeError):
        raise AuthError(
            f"The secret with the login for {host} cannot be read.",
            why="it is not a JSON object with username and password",
            next_step='Put {"username": "…", "password": "…"} into the secret that registry_logins= names.',
        ) from None


def failure(error: FastContainerError) -> dict[str, object]:
    """Return the fields from which the watcher raises the same error."""
    found: dict[str, object] = {"what": error.what, "why": error.why, "next": error.next_step, "where": error.where}
    found["type"] = type(error).__name__
    if isinstance(error, BuildFailed):
        found |= {"step": error.step, "exit_code": error.exit_code, "last_lines": list(error.last_lines)}
    return found


def print_logs(folder: Path) -> None:
    """Print the full log of BuildKit into the build's own log."""
    for path in sorted(folder.glob("*.log")):
        sys.stdout.write(path.read_text(encoding="utf-8", errors="replace"))
    sys.stdout.flush()


def say(kind: str, content: object) -> None:
    """Print one marked line at once."""
    sys.stdout.write(log_lines.write_line(kind, content) + "\n")
    sys.stdout.flush()
