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
from fast_container.build.phase_watch import PhaseWatch
from fast_container.build.ran import advice_of, check_ran
from fast_container.build.refused import mark_refused, refused_image
from fast_container.build.scan_gate import ScanGate
from fast_container.build.verify import Verified
from fast_container.checks.pushed_image import pushed_manifest
from fast_container.core.decision import Build, NoManifest, RecordedImage, Replaced, decide
from fast_container.core.ports import BuildJob, BuiltImage, Clock, Executor, Manifest, Registry, Reporter
from fast_container.core.records.record import LAYER_DIGITS, BuildRecord, Outcome
from fast_container.core.replaced_tag import replaced_error
from fast_container.errors import ChecksFailed, RegistryError, VerifyError


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
    scans: ScanGate | None = None,
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
        scans: Asks for the registry's own scan of it, likewise.

    Raises:
        BuildFailed: The build failed.
        BuilderError: There was nothing to build with.
        RegistryError: The registry could not be asked, or refused.
        VerifyError: The image is not fit for where it is to run; it got no tag.
        ChecksFailed: It does not pass the checks of its program, likewise.
    """
    started, start_s = clock.now(), clock.monotonic()
    image = _Image(job, registry, executor, reporter, Checker(looks, content_checks, scans), PhaseWatch(clock))
    image.job = await with_size_before(job, registry, recorded)
    held = set[str]() if held_layers is None else held_layers
    with image.watch.phase("looking_up"):
        there = (await registry.find([job.key.tag])).get(job.key.tag)
    plan = decide(job.key, recorded, there or NoManifest.ABSENT)
    if isinstance(plan, Replaced):
        raise replaced_error(registry.url, job.key.tag, plan.recorded, plan.found)
    reason = explained or plan.reason
    if isinstance(plan, Build):
        put = await image.refused_before() or await image.copied(copying) or await image.built(recorded, held, reason)
    else:
        assert there is not None
        put = _Put("reused", await image.check(there, image.checker.without_looks))
    held.update(put.verified.layers)
    record = image.record(put, started, clock.monotonic() - start_s, reason, executor_name)
    record = replace(record, previous=recorded.digest if recorded else "")
    reporter.note(record.summary())
    return record


@dataclass(slots=True)
class _Image:
    """One image on its way to its key tag."""

    job: BuildJob
    registry: Registry
    executor: Executor
    reporter: Reporter
    checker: Checker
    watch: PhaseWatch

    async def refused_before(self) -> _Put | None:
        """Check the image again that was built and refused by its checks; None without one."""
        found = await refused_image(self.job, self.registry)
        if found is None:
            return None
        self.reporter.note("built before, and refused by its checks: it is checked again, without a build")
        return _Put("reused", await self.tag(found, self.checker))

    async def copied(self, copying: Copying | None) -> _Put | None:
        """Copy the image from another repository; None if none has it."""
        if copying is None:
            return None
        with self.watch.phase("copying"):
            found = await copy(self.job, self.registry, copying, self.reporter)
        if found is None:
            return None
        verified = await self.tag(found.manifest, self.checker.without_looks)
        return _Put("copied", verified, pushed_bytes=found.sent_bytes, copied_from=found.source_url)

    async def built(self, recorded: RecordedImage | None, held: set[str], reason: str) -> _Put:
        """Build the image; ``held`` gets the layers of the one before."""
        self.reporter.note(f"building: {reason}")
        if self.job.cache_export is not None and self.job.cache_export.line:
            self.reporter.note(self.job.cache_export.line)
        if recorded is not None:
            held.update(await _layers_of(self.registry, recorded.digest))
        built = await self.executor.build(self.job, self.reporter)
        check_ran(self.job, built)
        for line in advice_of(self.job, built):
            self.reporter.note(line)
        with self.watch.phase("checking"):
            manifest = await _read_back(self.registry, built.digest)
        checks = self.job.checks
        is_checked = checks is None or built.checked == checks.fingerprint
        try:
            verified = await self.tag(manifest, self.checker.without_contents if is_checked else self.checker)
        except ChecksFailed:
            await mark_refused(self.job, self.registry, manifest)
            raise
        new_bytes = sum(size for digest, size in verified.layers.items() if digest not in held)
        return _Put("built", verified, built, pushed_bytes=built.pushed_bytes or new_bytes)

    async def tag(self, manifest: Manifest, checker: Checker) -> Verified:
        """Check, then tag; if another machine was first, its image counts."""
        verified = await self.check(manifest, checker)
        with self.watch.phase("tagging"):
            digest = await self.registry.tag(manifest, self.job.key.tag)
        if digest == manifest.digest:
            return verified
        self.reporter.note(f"another build of the same inputs was first, using its image {digest}")
        return await self.check(await _read_back(self.registry, digest), checker.without_looks)

    async def check(self, manifest: Manifest, checker: Checker) -> Verified:
        with self.watch.phase("checking"):
            return await checker.check(self.job, self.registry, manifest, self.reporter)

    def record(self, put: _Put, started: float, spent_s: float, reason: str, executor_name: str) -> BuildRecord:
        job, built = self.job, put.built
        return BuildRecord(
            name=job.name,
            repository_url=job.repository_url,
            key=job.key.hex,
            digest=put.verified.manifest.digest,
            outcome=put.outcome,
            started=started,
            duration_s=max(spent_s - built.waited_s, 0.0),
            waited_s=built.waited_s,
            steps=built.steps,
            steps_cached=built.steps_cached,
            pushed_bytes=put.pushed_bytes,
            image_bytes=put.verified.image_bytes,
            executor=executor_name if put.outcome == "built" else "",
            reason=reason,
            log_path=built.log_path,
            copied_from=put.copied_from,
            findings=put.verified.findings,
            platform=job.recipe.platform,
            builder=built.builder,
            phases=self.watch.phases + built.phases,
            timeline=built.timeline,
            caches=built.caches,
            cache_export=job.cache_export if put.outcome == "built" else None,
            layer_bytes=tuple(put.verified.layers.values()),
            layers=tuple(digest.partition(":")[2][:LAYER_DIGITS] for digest in put.verified.layers),
            machine=built.machine,
            uploaded_bytes=built.uploaded_bytes,
        )


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
