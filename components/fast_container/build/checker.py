"""All that is checked of one image in its registry, before its tag is put.

Decides that what the place refuses, what the layers' programs show and what the program's checks find are asked side by
side, since all mostly wait for the registry, and in which order their errors count. Leaves each to its module.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any

from fast_container.build.check_contents import Checked, ContentChecks
from fast_container.build.look_inside import LayerLooks
from fast_container.build.scan_gate import ScanGate
from fast_container.build.verify import Verified, verify
from fast_container.checks.pushed_image import pushed_manifest
from fast_container.core.decision import RecordedImage
from fast_container.core.oci.snapstart import LABEL
from fast_container.core.ports import BuildJob, Manifest, Registry, Reporter
from fast_container.errors import VerifyError


@dataclass(frozen=True, slots=True)
class Checker:
    """What is checked; the place always is.

    Attributes:
        looks: Looks for programs of another platform; None does not.
        contents: Checks what is in the image, if its job asks for it; None does not.
        scans: Asks for the registry's own scan, likewise.
    """

    looks: LayerLooks | None = None
    contents: ContentChecks | None = None
    scans: ScanGate | None = None

    @property
    def without_contents(self) -> Checker:
        """The same for an image whose contents another machine has checked."""
        return replace(self, contents=None)

    @property
    def without_looks(self) -> Checker:
        """The same for an image that was not built just now: what a build can do wrong was looked for then."""
        return replace(self, looks=None)

    async def check(self, job: BuildJob, registry: Registry, manifest: Manifest, reporter: Reporter) -> Verified:
        """Check an image.

        Raises:
            VerifyError: It is not fit.
            RegistryError: The registry could not be asked.
        """
        looking = self._begun(self._look(job, registry, manifest, reporter))
        checking = self._begun(self._check_contents(job, registry, manifest, reporter))
        try:
            wants_snapstart = LABEL in job.recipe.labels
            verified = await verify(
                registry, manifest, runs_on=job.runs_on, platform=job.recipe.platform, snapstart=wants_snapstart
            )
            for note in verified.notes:
                reporter.warn(note)
            await looking
            findings = (await checking).levels
            # Last: it may take minutes, and what fails otherwise need not wait for it.
            if self.scans is not None:
                await self.scans.check(job, registry, manifest, reporter)
            return replace(verified, findings=findings)
        finally:
            for task in (looking, checking):
                task.cancel()
            await asyncio.wait([looking, checking])
            for task in (looking, checking):
                if not task.cancelled():
                    task.exception()  # Of several errors the first is raised.

    @staticmethod
    def _begun(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        return asyncio.create_task(work)

    async def _look(self, job: BuildJob, registry: Registry, manifest: Manifest, reporter: Reporter) -> None:
        if self.looks is not None:
            await self.looks.check(
                manifest, repository_url=registry.url, platform=job.recipe.platform, reporter=reporter
            )

    async def _check_contents(
        self, job: BuildJob, registry: Registry, manifest: Manifest, reporter: Reporter
    ) -> Checked:
        if self.contents is None or job.checks is None:
            return Checked()
        return await self.contents.check(job, registry, manifest, reporter)


async def with_size_before(job: BuildJob, registry: Registry, recorded: RecordedImage | None) -> BuildJob:
    """Return a job with the size of the image before, if its checks compare with it and it still exists."""
    checks = job.checks
    if checks is None or (checks.max_growth is None and checks.max_growth_bytes is None) or recorded is None:
        return job
    # The record of a started build has its key, and the digest of the image before.
    is_this_image = recorded.settled and recorded.key_hex == job.key.hex
    if not recorded.digest.startswith("sha256:") or is_this_image:
        return job
    manifest = await registry.manifest(recorded.digest)
    if manifest is None:
        return job
    try:
        parsed = pushed_manifest(manifest)
    except VerifyError:
        return job
    return job if parsed.is_index else replace(job, before_bytes=sum(layer.size for layer in parsed.layers))
