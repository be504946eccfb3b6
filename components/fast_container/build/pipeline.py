"""One image: look → copy or build → read back → verify → tag → record.

Decides the order, which makes publishing atomic: the key tag is put last, on an image that was read back and checked,
so that a crash at any point leaves no key tag and nothing can be skipped wrongly. Leaves building to an executor, the
image's repository to a registry, other repositories to ``build.copying``, and many images at once to
``build.scheduler``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from fast_container.build.check_contents import ContentChecks
from fast_container.build.checker import Checker, with_size_before
from fast_container.build.copying import Copying, copy
from fast_container.build.look_inside import LayerLooks
from fast_container.build.ran import check_ran
from fast_container.build.verify import Verified
from fast_container.checks.pushed_image import pushed_manifest
from fast_container.core.decision import Build, NoManifest, RecordedImage, Replaced, decide
from fast_container.core.ports import BuildJob, BuiltImage, Clock, Executor, Manifest, Registry, Reporter
from fast_container.core.records.record import BuildRecord, Outcome
from fast_container.core.replaced_tag import replaced_error
from fast_container.errors import RegistryError, VerifyError


@dataclass(frozen=True, slots=True)
class _Put:
    """How an image came to be under its key tag."""

    outcome: Outcome
    verified: Verified
    built: BuiltImage = field(default_factory=lambda: BuiltImage(""))
    pushed_bytes: int = 0
    copied_from: str = ""


async def publish(
    job: BuildJob,
    registry: Registry,
    executor: Executor,
    reporter: Reporter,
    clock: Clock,
    *,
    recorded: RecordedImage | None = None,
    executor_name: str = "local",
    explained: str = "",
    held_layers: set[str] | None = None,
    copying: Copying | None = None,
    looks: LayerLooks | None = None,
    content_checks: ContentChecks | None = None,
) -> BuildRecord:
    """Make sure that a verified image of the job's key is in the registry, under its key tag.

    Args:
        job: The image.
        registry: The job's repository.
        executor: Called only if no registry that was asked has the image.
        reporter: Gets progress, notes and the closing line.
        clock: For the record.
        recorded: The state's record, for the reason; None for a new image.
        executor_name: The builder's name in the record.
        explained: The reason with names that only the caller knows, instead of the decision's own.
        held_layers: Digests known to be in the repository, for counting what was pushed; this image's are added.
        copying: Where else the image may be; None builds everything that the registry does not have.
        looks: Looks into the layers of a built image; None does not.
        content_checks: Checks what is in an image, if the job asks for it.

    Raises:
        BuildFailed: The build failed.
        BuilderError: There was nothing to build with.
        RegistryError: The registry could not be asked, or refused.
        VerifyError: The image is not fit for where it is to run; it got no tag.
        ChecksFailed: It does not pass the checks of its program, likewise.
    """
    started, start_s = clock.now(), clock.monotonic()
    checker = Checker(looks, content_checks)
    job = await with_size_before(job, registry, recorded)
    held = set[str]() if held_layers is None else held_layers
    there = (await registry.find([job.key.tag])).get(job.key.tag)
    plan = decide(job.key, recorded, there or NoManifest.ABSENT)
    if isinstance(plan, Replaced):
        raise replaced_error(registry.url, job.key.tag, plan.recorded, plan.found)
    copied = None
    if isinstance(plan, Build) and copying is not None:
        copied = await copy(job, registry, copying, reporter)
    if copied is not None:
        verified = await _tag(job, registry, copied.manifest, reporter, replace(checker, looks=None))
        put = _Put("copied", verified, pushed_bytes=copied.sent_bytes, copied_from=copied.source_url)
    elif isinstance(plan, Build):
        reporter.note(f"building: {explained or plan.reason}")
        if recorded is not None:
            held.update(await _layers_of(registry, recorded.digest))
        put = await _build(job, registry, executor, reporter, held, checker)
    else:
        assert there is not None
        put = _Put("reused", await replace(checker, looks=None).check(job, registry, there, reporter))
    held.update(put.verified.layers)
    record = BuildRecord(
        name=job.name,
        repository_url=job.repository_url,
        key=job.key.hex,
        digest=put.verified.manifest.digest,
        outcome=put.outcome,
        started=started,
        duration_s=max(clock.monotonic() - start_s - put.built.waited_s, 0.0),
        waited_s=put.built.waited_s,
        steps=put.built.steps,
        steps_cached=put.built.steps_cached,
        pushed_bytes=put.pushed_bytes,
        image_bytes=put.verified.image_bytes,
        executor=executor_name if put.outcome == "built" else "",
        reason=explained or plan.reason,
        log_path=put.built.log_path,
        copied_from=put.copied_from,
        findings=put.verified.findings,
    )
    reporter.note(record.summary())
    return record


async def _build(
    job: BuildJob,
    registry: Registry,
    executor: Executor,
    reporter: Reporter,
    held: set[str],
    checker: Checker,
) -> _Put:
    built = await executor.build(job, reporter)
    check_ran(job, built)
    manifest = await _read_back(registry, built.digest)
    is_checked = job.checks is None or built.checked == job.checks.fingerprint
    verified = await _tag(job, registry, manifest, reporter, checker.without_contents if is_checked else checker)
    new_bytes = sum(size for digest, size in verified.layers.items() if digest not in held)
    return _Put("built", verified, built, pushed_bytes=built.pushed_bytes or new_bytes)


async def _tag(job: BuildJob, registry: Registry, manifest: Manifest, reporter: Reporter, checker: Checker) -> Verified:
    """Check, then tag; if another machine was first, its image counts."""
    verified = await checker.check(job, registry, manifest, reporter)
    digest = await registry.tag(manifest, job.key.tag)
    if digest == manifest.digest:
        return verified
    reporter.note(f"another build of the same inputs was first, using its image {digest}")
    return await replace(checker, looks=None).check(job, registry, await _read_back(registry, digest), reporter)


async def _layers_of(registry: Registry, digest: str) -> set[str]:
    """Return the layers of the previous image, if it still exists and is not an index."""
    manifest = await registry.manifest(digest) if digest.startswith("sha256:") else None
    try:
        return {layer.digest for layer in pushed_manifest(manifest).layers} if manifest else set()
    except VerifyError:
        return set()


async def _read_back(registry: Registry, digest: str) -> Manifest:
    manifest = await registry.manifest(digest)
    if manifest is None:
        raise RegistryError(
            "The image that was just pushed is not in the registry.",
            where=f"{registry.url}@{digest}",
            why="it was deleted meanwhile, or the builder pushes to another registry than the one asked here",
            next_step="Run again; if it stays, check the builder's registry mirrors and the lifecycle rules.",
        )
    return manifest
