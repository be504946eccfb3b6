"""Makes the job of one planned image, when it is to be built.

Decides how a base image is found: by its key tag in the registry; a missing one is built first if it belongs to this
program, and one of another stack is checked (``build.base_check``). Decides when a build is started and not awaited.
Leaves building to the scheduler.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pulumi

from fast_container.adapters.aws_session import AwsSession
from fast_container.adapters.threads import in_thread
from fast_container.build.base_check import check_base
from fast_container.build.checker import with_size_before
from fast_container.builders import cache_dir
from fast_container.core.decision import RecordedImage
from fast_container.core.job import OwnBase, job_of
from fast_container.core.own_bases import base_platforms
from fast_container.core.ports import BuildJob, Manifest, Registry, StartingExecutor
from fast_container.core.records.record import BuildRecord
from fast_container.core.registry_cache import NamedCaches, RegistryCache
from fast_container.core.replaced_tag import replaced_error
from fast_container.errors import BuilderError, RegistryError
from fast_container.secret_sources import references
from fast_container.state.bases import KnownBase
from fast_container.state.explanation import inputs_manifest, remember
from fast_container.state.prepared_image import PreparedImage
from fast_container.state.program import Program
from fast_container.state.rollback.pinned_job import NeverBuilds, pinned_job
from fast_container.state.secret_values import local_values, own_values


async def make_job(program: Program, image: PreparedImage, recorded: RecordedImage | None = None) -> BuildJob:
    """Collect everything that the build of an image needs; its bases are in the registry then.

    Args:
        program: The program.
        image: The image.
        recorded: The state's image, whose record may say how its cache went.

    Raises:
        RegistryError: A base is missing and is not of this program.
    """
    selected = image.selected
    name = selected.declared.name
    by_reference = image.builder.reads_secrets
    cache = await _caches(image)
    session = AwsSession(image.access, os.environ)
    read = own_values if by_reference else local_values
    job = job_of(
        selected,
        image.repository_url,
        {**selected.named_images, **await base_references(program, image)},
        {base.alias: OwnBase(base.title, _reported(program, base)) for base in image.bases},
        secrets=await read(image.inputs.secrets, session.client),
        secret_references=references(image.inputs.secrets) if by_reference else {},
        runs_on=image.inputs.runs_on,
        checks=image.inputs.checks,
        timeout_s=image.builder.timeout_s if image.inputs.timeout_s is None else image.inputs.timeout_s,
        cache_from=cache.imports(name) if cache else (),
        cache_to=cache.exports(name) if cache else (),
    )
    digest = recorded.digest if recorded is not None else ""
    return await program.records.with_cache_export(job, image.builder.cache_export, digest)


def _reported(program: Program, base: KnownBase) -> tuple[str, ...]:
    """Name the rules by which this program's checks of a base report what is found in it."""
    from fast_container.checks.image.configured import reported_rules  # noqa: PLC0415 - of an image that is built

    planned = program.planned(base.repository_url, base.build_key, "")
    return () if planned is None else reported_rules(planned.inputs.checks, runs_on=planned.inputs.runs_on)


async def _caches(image: PreparedImage) -> RegistryCache | NamedCaches | None:
    if image.inputs.own_caches is not None:
        return await image.inputs.own_caches.future()
    return await pulumi.Output.from_input(image.builder.cache).future() if image.inputs.use_cache else None


async def publish(program: Program, image: PreparedImage, *, before: str = "", **why: Any) -> BuildRecord:
    """Publish one planned image through the program's scheduler.

    Args:
        program: The program.
        image: The image.
        before: Repository in which the state has an image of this key, or "".
        **why: ``recorded`` and ``explained``, as ``Scheduler.publish`` takes them.
    """
    async with program.records.failure_of(image):
        record = await program.scheduler.publish(
            pinned_job(image) if image.inputs.pin else await make_job(program, image, why.get("recorded")),
            program.repository_of(image),
            NeverBuilds() if image.inputs.pin else await program.executor_of(image),
            image.reporter,
            elsewhere=program.elsewhere(image, before),
            before=before,
            executor_name=image.builder.kind,
            **why,
        )
    if image.inputs.pin:
        # The files here are not those of the key.
        await program.records.add(record)
        return record
    inputs = await in_thread(inputs_manifest, image.selected, program.contents.get(image.record_name))
    remember(image.selected.key.hex, inputs, cache_dir() / "inputs")
    manifest, bases = program.repository_of(image).answered(image.selected.key.tag), image.selected.declared.base_keys
    await program.records.add(record, inputs, manifest, bases.values())
    recorded: RecordedImage | None = why.get("recorded")
    if recorded is not None and not recorded.settled and record.outcome == "reused":
        program.records.learn(record, inputs, bases.values())
    return record


async def base_references(program: Program, image: PreparedImage) -> dict[str, str]:
    """Return alias → ``docker-image://repository@sha256:…`` of each base."""
    return {base.alias: await _reference(program, image, base) for base in image.bases}


async def _reference(program: Program, image: PreparedImage, base: KnownBase) -> str:
    registry = program.repository_at(base.repository_url, image.access)
    found = (await registry.find([base.tag])).get(base.tag)
    if found is not None:
        await _check(image, base, registry, found)
        return f"docker-image://{base.repository_url}@{found.digest}"
    planned = program.planned(base.repository_url, base.build_key, "")
    if planned is None or not await _is_recorded(base):
        raise RegistryError(
            f"The base image {base.title!r} is not in the registry.",
            where=f"{base.repository_url}:{base.tag}",
            why="it was not built yet, or was deleted",
            next_step="Deploy the stack that makes it, or include it in this update (with `--target` name it too).",
        )
    planned.reporter.note(f"built again for {image.selected.declared.name}: it is gone from the registry")
    record = await publish(program, planned)
    return f"docker-image://{base.repository_url}@{record.digest}"


async def say_missing_bases(program: Program, image: PreparedImage) -> None:
    """In the preview of an image that will be built, report which of its bases are missing, and the consequence."""
    for base in image.bases:
        planned = program.planned(base.repository_url, base.build_key, "")
        if not base.repository_url or (planned is not None and planned.record_name in program.to_build):
            continue
        registry = program.repository_at(base.repository_url, image.access)
        found = (await registry.find([base.tag])).get(base.tag)
        if found is not None:
            await _check(image, base, registry, found)
            continue
        if planned is not None and planned.inputs.pin:
            image.reporter.warn(f"base image {base.title} is pinned to {base.tag}, which is not in the registry")
        elif planned is not None and await _is_recorded(base):
            image.reporter.note(f"base image {base.title} is gone from the registry: it will be built again first")
        else:
            image.reporter.warn(
                f"base image {base.title} is not in the registry: deploy the stack that makes it first,"
                " or include it in this update (with `--target` name it too)"
            )


async def check_runs(image: PreparedImage) -> None:
    """Report that the builder cannot run the image's ``RUN`` instructions, before anything is built.

    Raises:
        BuilderError: It cannot, or would emulate them although the image does not allow it.
    """
    platforms, emulate = image.selected.reads.run_platforms, image.inputs.emulate
    for warning in await image.builder.cannot_run(platforms):
        if emulate is not None:
            raise BuilderError("The builder cannot run the steps of this image.", where="builder", why=warning)
        image.reporter.warn(warning)
    emulated = await image.builder.emulated(platforms) if emulate is False else ()
    if emulated:
        raise BuilderError(
            f"The builder would emulate {', '.join(emulated)}.",
            where="emulate",
            why="the Dockerfile has a RUN for it; emulated steps take several times as long",
            next_step=f'Give that platform a builder of its own, builders={{"{emulated[0]}": …}}, or allow it:'
            " emulate=True.",
        )


async def _check(image: PreparedImage, base: KnownBase, registry: Registry, found: Manifest) -> None:
    await _check_recorded(base, found.digest)
    if not base.is_certain:
        platforms = base_platforms(image.selected.reads, base.alias)
        await check_base(registry, found, name=base.name, platforms=platforms, onbuild=base.facts.onbuild)


async def _check_recorded(base: KnownBase, found: str) -> None:
    """Refuse to start from another image than the one that was recorded for the base.

    Raises:
        RegistryError: Its tag was replaced, and the update has not accepted that.
    """
    recorded = base.recorded_digest
    if recorded is None or not await _is_recorded(base) or not await recorded.is_known():
        return
    digest = await recorded.future()
    if digest and digest != found:
        raise replaced_error(base.repository_url, base.tag, digest, found, of=f"the base image {base.title!r}")


async def _is_recorded(base: KnownBase) -> bool:
    """Whether the state has the base with this key; if not, this update leaves it out, and it must not be built."""
    return base.recorded_key is not None and await base.recorded_key.future() == base.build_key


async def held_elsewhere(program: Program, image: PreparedImage, before: str = "") -> str:
    """Return the other repository that has the image already; "" without one."""
    for source in program.elsewhere(image, before):
        # A repository that may not be read is not a source.
        with suppress(RegistryError):
            if await source.find([image.selected.key.tag]):
                return source.url
    return ""


async def only_started(
    program: Program,
    image: PreparedImage,
    recorded: RecordedImage | None,
    old: Mapping[str, Any],
    reason: str,
    *,
    wait: bool,
) -> bool:
    """Start the build and return, if the builder does not wait and consumers have an image to stay on."""
    if wait or recorded is None or not recorded.digest:
        return False
    key = image.selected.key
    if recorded.key_hex == key.hex or old.get("repository_url") != image.repository_url:
        return False
    if await program.repository_of(image).find([key.tag]) or await held_elsewhere(program, image):
        return False
    first = next((twin for twin in program.twins(image) if twin.record_name in program.started), None)
    if first is not None:
        image.reporter.note(
            f"not started: the `up` after the build for {first.repository_url} copies the image from there"
        )
        return True
    platform = image.selected.declared.recipe.platform
    # Noted at once: others of the same key ask while this one waits.
    program.started.add(image.record_name)
    is_started = False
    try:
        executor = await program.executors.unlimited(image.builder, platform, image.access)
        if isinstance(executor, StartingExecutor):
            job = await with_size_before(await make_job(program, image), program.repository_of(image), recorded)
            known = await program.records.template(image, reason, recorded.digest)
            await executor.start(replace(job, leaves_record=known), image.reporter)
            is_started = True
    finally:
        if not is_started:
            program.started.discard(image.record_name)
    if is_started:
        image.reporter.note("started, not awaited: consumers keep the previous image; the next `up` updates them")
    return is_started
