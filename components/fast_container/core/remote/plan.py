"""The plan of a remote build: one job as the file that travels with its sources.

Decides the format (JSON, versioned) and that no secret is in it: the plan names the environment variables from which
the build takes secret values. A build of several images has the plans of all in one file. Leaves which images share a
build to ``core.remote.grouping``, fetching chunks to ``remote`` and starting builds to an adapter.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, cast

from fast_container.core.dockerfile import AssumedStage
from fast_container.core.image_checks import read_check_settings
from fast_container.core.json_document import parse_json, version_of
from fast_container.core.key import BuildKey, entries_digest
from fast_container.core.oci.image_base import read_image_base
from fast_container.core.ports import BuildJob, ContextSource
from fast_container.core.recipe import read_recipe
from fast_container.core.records.record import BuildRecord
from fast_container.core.remote.grouping import may_share
from fast_container.core.staging.chunks import Chunk
from fast_container.errors import ContextError, SourceUploadError

VERSION: Final = 1
# Several plans in one file; a program that builds one image only refuses it.
GROUP_VERSION: Final = 2
SECRET_VARIABLE: Final = "FAST_CONTAINER_SECRET_"  # noqa: S105 - a name, not a value


@dataclass(frozen=True, slots=True)
class PlacedChunk:
    """A chunk of a context: its digest, and the directory that its entries are in."""

    digest: str
    prefix: str


@dataclass(frozen=True, slots=True)
class PlannedContext:
    """A context of a remote build: its chunks, and the digest of all of them together."""

    context_digest: str
    chunks: tuple[PlacedChunk, ...]


@dataclass(frozen=True, slots=True)
class RemotePlan:
    """Everything that a remote build needs to know.

    Attributes:
        job: Without contexts and secret values.
        contexts: Context name → its chunks.
        secret_variables: Secret id → the environment variable that holds its value in the build.
        bucket: The bucket of the chunks.
        bucket_owner: The account that must own it, or "".
        parts_prefix: Key prefix of the chunks, without a trailing slash.
        buildkit_image: The image of a docker-container builder; "" is buildx's own choice.
        program: SHA-256 of the program that the launcher runs, in hexadecimal digits.
        program_key: Its key in the bucket.
        mirrors: Registry → where BuildKit looks first.
        login_variables: Registry → the environment variable that holds a login for it, as JSON.
    """

    job: BuildJob
    contexts: Mapping[str, PlannedContext]
    secret_variables: Mapping[str, str] = field(default_factory=dict[str, str])
    bucket: str = ""
    bucket_owner: str = ""
    parts_prefix: str = "parts"
    buildkit_image: str = ""
    program: str = ""
    program_key: str = ""
    mirrors: Mapping[str, str] = field(default_factory=dict[str, str])
    login_variables: Mapping[str, str] = field(default_factory=dict[str, str])


def planned_contexts(
    sources: Mapping[str, ContextSource], chunks: Mapping[str, Sequence[Chunk]]
) -> dict[str, PlannedContext]:
    """Return a job's contexts as the plan has them."""
    return {
        name: PlannedContext(
            entries_digest(source.entries), tuple(PlacedChunk(chunk.digest, chunk.prefix) for chunk in chunks[name])
        )
        for name, source in sources.items()
    }


def secret_variable(number: int) -> str:
    """Return the environment variable of the nth secret."""
    return f"{SECRET_VARIABLE}{number}"


def write_plan(plan: RemotePlan) -> bytes:
    """Write the plan as a file; the same bytes for the same plan."""
    job = plan.job
    document = {
        "version": VERSION,
        "name": job.name,
        "key": job.key.hex,
        "repository_url": job.repository_url,
        "dockerfile": base64.b64encode(job.dockerfile).decode(),
        "dockerfile_name": job.dockerfile_name,
        "named_images": dict(job.named_images),
        "runs_on": job.runs_on,
        "timeout_s": job.timeout_s,
        "source_policy": job.source_policy,
        "assumed": [asdict(stage) for stage in job.assumed],
        "cache_from": list(job.cache_from),
        "cache_to": list(job.cache_to),
        "pull_hosts": list(job.pull_hosts),
        "checks": None if job.checks is None else job.checks.as_json(),
        "before_bytes": job.before_bytes,
        "base": None if job.base is None else job.base.as_json(),
        **({} if job.leaves_record is None else {"leaves_record": job.leaves_record.document()}),
        **job.recipe.as_json(),
        "contexts": {
            name: {
                "context_digest": context.context_digest,
                "parts": [{"digest": chunk.digest, "prefix": chunk.prefix} for chunk in context.chunks],
            }
            for name, context in plan.contexts.items()
        },
        "secret_variables": dict(plan.secret_variables),
        "bucket": plan.bucket,
        "bucket_owner": plan.bucket_owner,
        "parts_prefix": plan.parts_prefix,
        "buildkit_image": plan.buildkit_image,
        "program": plan.program,
        "program_key": plan.program_key,
        "mirrors": dict(plan.mirrors),
        "login_variables": dict(plan.login_variables),
    }
    return json.dumps(document, sort_keys=True, indent=1).encode()


def read_plan(data: bytes) -> RemotePlan:
    """Read a plan.

    Raises:
        SourceUploadError: It is damaged, or has another version.
    """
    try:
        document = cast("dict[str, Any]", parse_json(data))
        if document["version"] != VERSION:
            raise SourceUploadError(
                f"The build's plan has {version_of(document)}; this program reads {VERSION}.",
                next_step="Run `pulumi up` again with the version of fast-container that the stack uses.",
            )
        return _plan(document)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceUploadError("The build's plan cannot be read.", why=f"{type(error).__name__}: {error}") from error


def write_plans(plans: Sequence[RemotePlan]) -> bytes:
    """Write the plans of one build as a file; the plan of a single image alone is that of ``write_plan``."""
    first = plans[0]
    if len(plans) == 1:
        return write_plan(first)
    document = {
        "version": GROUP_VERSION,
        # What the launcher reads.
        "bucket": first.bucket,
        "bucket_owner": first.bucket_owner,
        "program": first.program,
        "program_key": first.program_key,
        "plans": [parse_json(write_plan(plan)) for plan in plans],
    }
    return json.dumps(document, sort_keys=True, indent=1).encode()


def read_plans(data: bytes) -> tuple[RemotePlan, ...]:
    """Read the plans of one build.

    Raises:
        SourceUploadError: They are damaged, have another version, or one of several must be built alone.
    """
    try:
        document = cast("dict[str, Any]", parse_json(data))
        if document["version"] != GROUP_VERSION:
            return (read_plan(data),)
        plans = tuple(read_plan(json.dumps(one).encode()) for one in document["plans"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceUploadError("The build's plan cannot be read.", why=f"{type(error).__name__}: {error}") from error
    if len(plans) < 2:
        raise SourceUploadError("The build's plan cannot be read.", why="it is one of several images and has fewer")
    for plan in plans:
        if plan.secret_variables or not may_share(plan.job):
            raise SourceUploadError(
                "The build's plan has an image that must be built alone beside others.", where=plan.job.name
            )
    return plans


def _plan(document: dict[str, Any]) -> RemotePlan:
    job = BuildJob(
        name=document["name"],
        key=BuildKey(document["key"]),
        repository_url=document["repository_url"],
        dockerfile=base64.b64decode(document["dockerfile"]),
        dockerfile_name=document["dockerfile_name"],
        contexts={},
        named_images=document["named_images"],
        runs_on=document["runs_on"],
        timeout_s=document["timeout_s"],
        source_policy=document["source_policy"],
        assumed=tuple(AssumedStage(**stage) for stage in document["assumed"]),
        cache_from=tuple(document["cache_from"]),
        cache_to=tuple(document["cache_to"]),
        pull_hosts=tuple(document["pull_hosts"]),
        checks=read_check_settings(document["checks"]),
        before_bytes=document["before_bytes"],
        base=read_image_base(document["base"]),
        leaves_record=_record(document.get("leaves_record")),
        recipe=read_recipe(document),
    )
    return RemotePlan(
        job=job,
        contexts={
            name: PlannedContext(
                context["context_digest"],
                tuple(PlacedChunk(chunk["digest"], _inside(chunk["prefix"])) for chunk in context["parts"]),
            )
            for name, context in document["contexts"].items()
        },
        secret_variables=document["secret_variables"],
        bucket=document["bucket"],
        bucket_owner=document["bucket_owner"],
        parts_prefix=document["parts_prefix"],
        buildkit_image=document["buildkit_image"],
        program=document["program"],
        program_key=document["program_key"],
        mirrors=document["mirrors"],
        login_variables=document["login_variables"],
    )


def _record(document: object) -> BuildRecord | None:
    return None if document is None else BuildRecord.from_json(json.dumps(document))


def _inside(prefix: str) -> str:
    if prefix and any(part in ("", ".", "..") for part in prefix.split("/")):
        raise ContextError("The build's plan has a path outside of its context.", path=prefix)
    return prefix
