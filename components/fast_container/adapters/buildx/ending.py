"""What the end of a build means: the digest that was pushed, or the error that a user can act on.

Decides which failures are of the connection, of the push, of the builder, of this machine, and which of the Dockerfile.
Leaves running buildx to ``adapters.buildx.executor``.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, cast

from fast_container.adapters.buildx.progress import BuildProgress
from fast_container.adapters.traceback_log import system_error
from fast_container.core.json_document import parse_json
from fast_container.core.ports import BuildJob
from fast_container.core.recipe import NETWORK_HOST
from fast_container.errors import BuilderError, BuildFailed, FastContainerError

_LOST = (
    "error reading from server",
    "code = Unavailable",
    "connection refused",
    "transport is closing",
    "EOF",
    "context deadline exceeded",
)
# Docker Hub's word for too many pulls without a login.
_LIMITED = "toomanyrequests"
_LIMITED_NEXT = (
    "Docker Hub counts pulls without a login by address: log in (docker login; on CodeBuild registry_logins=), or let"
    " BuildKit look in a mirror first (buildkitd.toml; on CodeBuild mirrors=)."
)


def pushed_digest(metadata: Path) -> str:
    """Read the digest of the pushed manifest from buildx's metadata file.

    Raises:
        BuildFailed: It is not there.
    """
    try:
        loaded: object = parse_json(metadata.read_bytes())
        digest = cast("dict[str, Any]", loaded)["containerimage.digest"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BuildFailed(
            "Buildx succeeded but did not report the pushed image.",
            why=f"no containerimage.digest in its metadata file ({type(error).__name__})",
        ) from error
    return str(digest)


def refused_by_machine(error: OSError, job: BuildJob) -> FastContainerError:
    """The error for what this machine refused while the build's files were written."""
    refused = system_error(error, f"The build of {job.name} could not be prepared: its files cannot be written.")
    refused.where = refused.where or tempfile.gettempdir()
    return refused


def _log_line(log_path: str) -> str:
    return f"Full log: {log_path}" if log_path else "Run buildx by hand to see more: there is no log."


def is_lost(progress: BuildProgress) -> bool:
    """Whether BuildKit could not be reached any more."""
    return any(text in progress.error for text in _LOST)


def failure(job: BuildJob, progress: BuildProgress, code: int, log_path: str) -> FastContainerError:
    """The error for a build that ended with a code other than 0."""
    why = progress.error or (progress.messages[-1] if progress.messages else f"buildx ended with code {code}")
    step, exit_code, last_lines = progress.failed_step()
    lost = is_lost(progress)
    if job.recipe.network == "host" and NETWORK_HOST in why and "not allowed" in why:
        return BuilderError(
            f"The builder does not allow the host's network, which {job.name} asks for.",
            where='network="host"',
            why=why,
            next_step=f"Make a builder that does (buildx create --buildkitd-flags"
            f" '--allow-insecure-entitlement {NETWORK_HOST}', or insecure-entitlements in its buildkitd.toml), or leave"
            " network= out.",
        )
    if not progress.began:
        return BuilderError(
            f"The build of {job.name} could not be started.",
            why=why,
            next_step="Check the builder: buildx inspect --bootstrap" if lost else _log_line(log_path),
        )
    if lost and exit_code is None:
        return BuildFailed(
            f"The build of {job.name} lost the connection to BuildKit.",
            step=step,
            why=why,
            last_lines=last_lines or progress.messages,
            log_path=log_path,
            next_step="Run again when BuildKit runs; nothing was tagged.",
        )
    if "failed to push" in why:
        return BuildFailed(
            f"The image of {job.name} was built but could not be pushed.",
            step=job.repository_url,
            why=why,
            log_path=log_path,
            next_step="Check that the repository exists and that the identity in use may push to it.",
        )
    return BuildFailed(
        f"The build of {job.name} failed ({job.dockerfile_name}).",
        step=step,
        exit_code=exit_code,
        last_lines=last_lines or [line for line in progress.messages if not line.startswith("ERROR:")],
        log_path=log_path,
        why=why,
        next_step=_LIMITED_NEXT if _LIMITED in why else "",
    )
