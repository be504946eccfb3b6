"""Refuses an image whose registry has found vulnerabilities that a newer package mends.

Decides that the scan is waited for, but not longer than a limit, and that no result is never a pass: a scan that is not
done in time, cannot be made or is not there refuses the image, and says which of these it is. Leaves asking to a
``ScanReader``, and the order of severities to ``core.oci.scan``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from fast_container.checks.pushed_image import pushed_manifest
from fast_container.core.oci.scan import ScanAnswer, ScanState, above, scan_lines
from fast_container.core.ports import BuildJob, Clock, Manifest, Registry, Reporter, ScanReader
from fast_container.errors import ChecksFailed

DEFAULT_WAIT_S: Final = 300.0
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class ScanGate:
    """Asks for the scans of one program's images.

    Attributes:
        scans: Reads them.
        clock: For the limit.
        sleep: Waits.
    """

    scans: ScanReader
    clock: Clock
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep

    async def check(self, job: BuildJob, registry: Registry, manifest: Manifest, reporter: Reporter) -> None:
        """Check an image that its registry holds by digest, if its job asks for it.

        Raises:
            ChecksFailed: A finding with a fix is graver than what the program lets through, or there is no result.
            RegistryError: ECR could not be asked.
        """
        checks = job.checks
        if checks is None or not checks.max_fixable:
            return
        limit_s = checks.scan_wait_s or DEFAULT_WAIT_S
        parsed = pushed_manifest(manifest)
        children = [child.digest for child in parsed.children if not child.attestation]
        for digest in children or [manifest.digest]:
            answer = await self._result(job, registry, digest, limit_s, reporter)
            found = above(answer.findings, checks.max_fixable)
            if found:
                raise ChecksFailed(
                    f"The image of {job.name} has vulnerabilities that newer packages mend; it gets no tag.",
                    where=f"{registry.url}@{digest}",
                    why="\n".join([f"graver than {checks.max_fixable}, and with a fix:", *scan_lines(found)]),
                    next_step="Take the versions on the right of the arrows: a newer base image, or an upgrade of these"
                    f' packages. To let it through: checks=ImageChecks(max_fixable="{found[0].severity}").',
                )
            silent = above(answer.findings, checks.max_fixable, fixable=False)
            if silent and not answer.says_fixes:
                reporter.warn(
                    f"{len(silent)} findings graver than {checks.max_fixable} say nothing about a fix: this scan is a"
                    " basic one; enhanced scanning says it"
                )

    async def _result(
        self, job: BuildJob, registry: Registry, digest: str, limit_s: float, reporter: Reporter
    ) -> ScanAnswer:
        """Wait for the scan."""
        end_s, pause_s, is_begun = self.clock.monotonic() + limit_s, _FIRST_PAUSE_S, False
        while True:
            answer = await self.scans.scan(registry.url, digest)
            if answer.state is ScanState.DONE:
                return answer
            if answer.state is ScanState.IMPOSSIBLE:
                raise _no_result(job, registry, digest, f"it cannot be scanned: {answer.why}", _IMPOSSIBLE)
            if answer.state is ScanState.ABSENT and not is_begun:
                await self.scans.begin(registry.url, digest)
                is_begun = True
            if self.clock.monotonic() + pause_s > end_s:
                why = f"it was not done within {limit_s:.0f} s; at the end: {answer.why or answer.state.value}"
                raise _no_result(job, registry, digest, why, _LATE)
            reporter.progress(f"waiting for the scan of vulnerabilities ({answer.why or answer.state.value})")
            await self.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)


_IMPOSSIBLE: Final = "Leave max_fixable out for this image, or use a repository of ECR and an image that it can scan."
_LATE: Final = (
    "Run again: the image is there, and is not built again. Where it is always late: scan_wait_s=900. Where there is no"
    " scan at all: turn scanning on (scan_on_push, or enhanced scanning) for the repository."
)


def _no_result(job: BuildJob, registry: Registry, digest: str, why: str, next_step: str) -> ChecksFailed:
    return ChecksFailed(
        f"There is no result of a scan of the image of {job.name}; it gets no tag.",
        where=f"{registry.url}@{digest}",
        why=why,
        next_step=next_step,
    )
