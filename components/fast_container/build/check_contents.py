"""Checks what is in an image, by the settings of its program, before the image is tagged.

Decides that a finding of the level ``error`` refuses the image with one table of all findings, that findings below it
are one warning, that those which a base's own checks report are one note, that at most so many images are looked into
at once, and that the rules leave the event loop. Leaves reading to ``build.image_contents``, the rules to
``checks.image``; both are imported when an image is checked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from fast_container.checks.finding import Finding, Severity, worst
from fast_container.checks.findings_table import count_line, lines_of
from fast_container.core.ports import BuildJob, Clock, LayerLister, Manifest, Registry, Reporter
from fast_container.errors import ChecksFailed
from fast_container.printable import printable

if TYPE_CHECKING:
    from fast_container.build.image_contents import Run

_AT_ONCE: Final = 2


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checks of one image have found.

    Attributes:
        findings: None of them is an error.
    """

    findings: Sequence[Finding] = ()

    @property
    def levels(self) -> Mapping[str, str]:
        """Rule → the gravest level that it gave."""
        found: dict[str, list[Finding]] = {}
        for one in self.findings:
            found.setdefault(one.rule, []).append(one)
        return {rule: worst(of).value for rule, of in found.items()}


@dataclass(slots=True)
class ContentChecks:
    """Checks the images of one program; a few at once.

    Args:
        make_lister: Makes what reads the layers, each once.
        clock: For waivers that end.
        run: Runs work that keeps a core busy, away from the event loop.
    """

    make_lister: Callable[[], LayerLister]
    clock: Clock
    run: Run
    _listings: LayerLister | None = field(default=None, init=False)
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE), init=False)

    async def check(self, job: BuildJob, registry: Registry, manifest: Manifest, reporter: Reporter) -> Checked:
        """Check an image that its registry holds by digest.

        Raises:
            ChecksFailed: A finding is an error.
            VerifyError: It is not an image.
            RegistryError: Manifest or configuration could not be read.
        """
        settings = job.checks
        if settings is None:
            return Checked()
        from fast_container.build.image_contents import read_image  # noqa: PLC0415 - see the module
        from fast_container.build.shared_listings import SharedListings  # noqa: PLC0415
        from fast_container.checks.image.base_findings import with_base, without_reported  # noqa: PLC0415
        from fast_container.checks.image.check import check_image  # noqa: PLC0415
        from fast_container.checks.image.configured import rule_settings, without_waived  # noqa: PLC0415

        listings = self._listings = self._listings or SharedListings(self.make_lister())
        async with self._places:
            reporter.progress("checking what is in the image")
            rules = rule_settings(settings, runs_on=job.runs_on, before_bytes=job.before_bytes)
            image = await read_image(
                registry,
                manifest,
                listings,
                platform=job.recipe.platform.partition(",")[0],
                run=self.run,
                wanted=[path for tests in rules.structure for path in tests.read_paths],
            )
            rules = with_base(rules, image, job.base)
            found = await self.run(lambda: check_image(image, rules))
        today = datetime.fromtimestamp(self.clock.now(), tz=UTC).date()
        findings = without_waived(found, settings.waivers, today)
        if job.base is not None:
            findings, of_base = without_reported(findings, job.base.reported)
            if of_base:
                reporter.note(of_base)
        if worst(findings) is Severity.ERROR:
            raise refused(job, registry, manifest, findings)
        if findings:
            reporter.warn("\n".join([f"checked: {count_line(findings)}", *map(printable, lines_of(findings))]))
        return Checked(findings)


def refused(job: BuildJob, registry: Registry, manifest: Manifest, findings: Sequence[Finding]) -> ChecksFailed:
    """Make the error of an image whose checks have failed: the table of its findings."""
    rule = next(one.rule for one in findings if one.severity is Severity.ERROR)
    return ChecksFailed(
        f"The image of {job.name} does not pass its checks; it gets no tag.",
        where=f"{registry.url}@{manifest.digest}",
        why="\n".join([count_line(findings), *lines_of(findings)]),
        next_step="Correct what is found. To deploy the image as it is, without a build:"
        f' checks=ImageChecks(rules={{"{rule}": "warning"}}), or a waiver.',
    )
