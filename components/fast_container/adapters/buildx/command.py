"""A build job as files and as buildx's command line.

Decides what BuildKit gets: staged entries, never the working tree, and no ignore file is applied to them a second
time. BuildKit keeps what it was sent under the last path element and looks for differences by size and date, so that
element is the ``context_digest``, and only equal contents ever meet. The Dockerfile lies outside the context with an
ignore file of its own beside it, which wins over one in the context. (BuildKit applies a named context's own
``.dockerignore`` again; its entries were selected by that very file, so this removes nothing.) Build arguments go on
the
command line: they are not secrets, and a variable named ``PATH`` or ``DOCKER_HOST`` must not change buildx itself.
Secrets go in private files. Leaves what is staged to ``core.staging.stage``, which inputs there may be to
``adapters.buildx_inputs``, and running it to ``adapters.buildx.executor``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from fast_container.core.build_secrets import check_values
from fast_container.core.context.node import on_disk
from fast_container.core.key import entries_digest
from fast_container.core.ports import BuildJob, ContextSource
from fast_container.core.staging.stage import stage_together

_NO_IGNORE_RULES = b"# The context holds exactly what was selected before.\n"


def write_job(job: BuildJob, directory: Path, secrets: Path, *, ahead_s: float = 0.0) -> list[str]:
    """Stage contexts, write Dockerfile and secrets; return buildx's arguments after ``build``.

    Args:
        job: The job.
        directory: For everything that may lie on a disk.
        secrets: For the values of secrets.
        ahead_s: How far the builder's clock is ahead of this machine's.
    """
    definition = directory / "definition"
    definition.mkdir()
    dockerfile = definition / "Dockerfile"
    dockerfile.write_bytes(job.dockerfile)
    (definition / "Dockerfile.dockerignore").write_bytes(_NO_IGNORE_RULES)
    if job.source_policy:
        (directory / "policy.json").write_text(job.source_policy, encoding="utf-8")
    contexts: list[str] = []
    staged: dict[str, ContextSource] = {}
    for number, (name, source) in enumerate({"context": ContextSource("", ()), **job.contexts}.items()):
        place = str(directory / "contexts" / str(number) / entries_digest(source.entries))
        staged[place] = source
        if name != "context":
            contexts += ("--build-context", f"{on_disk(name)}={place}")
    stage_together(staged, ahead_ns=round(ahead_s * 1e9))
    return [
        *("--file", str(dockerfile), "--metadata-file", str(directory / "metadata.json")),
        *_options(job),
        *contexts,
        *_write_secrets(job.secrets, secrets / "values"),
        *("--", next(iter(staged))),
    ]


def _options(job: BuildJob) -> list[str]:
    """Build the options of a job."""
    options = [
        *job.recipe.flags(),
        *("--progress=rawjson", "--provenance=false", "--sbom=false"),
        *("--output", f"type=image,name={job.repository_url},push=true,push-by-digest=true,name-canonical=true"),
    ]
    for name, place in job.named_images.items():
        options += ("--build-context", f"{name}={place}")
    for option, caches in (("--cache-from", job.cache_from), ("--cache-to", job.cache_to)):
        for cache in caches:
            options += (option, cache)
    # Values are strings, and go to buildx as UTF-8 in every locale.
    return [on_disk(option) for option in options]


def _write_secrets(secrets: Mapping[str, bytes], directory: Path) -> list[str]:
    # Whatever their origin: an empty file would be mounted, and the image would count as correct.
    check_values(secrets)
    if secrets:
        directory.mkdir(mode=0o700)
    arguments: list[str] = []
    for number, (name, value) in enumerate(secrets.items()):
        path = directory / str(number)
        path.touch(mode=0o600)
        path.write_bytes(value)
        arguments += ("--secret", f"id={name},src={path}")
    return arguments


def slug_of(name: str) -> str:
    """Make a file name of a name, valid everywhere."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)[-80:].lstrip(".-") or "image"
