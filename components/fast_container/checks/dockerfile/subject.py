"""One image as the rules get it, and how a rule makes a finding of it.

Decides which severity a finding has (``catalogue``) and that no finding is made where a rule does not apply. Leaves
the parts to their modules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fast_container.checks.dockerfile.catalogue import RULES
from fast_container.checks.dockerfile.step_seconds import StepSeconds
from fast_container.checks.dockerfile.steps.context_files import ContextFiles
from fast_container.checks.dockerfile.steps.stage_steps import DockerfileStages
from fast_container.checks.dockerfile.waivers import Waiver
from fast_container.checks.finding import Estimate, Finding, Severity
from fast_container.core.dockerfile import ExternalImage


@dataclass(frozen=True, slots=True)
class LintedImage:
    """One image.

    Attributes:
        name: Its name.
        file: Its Dockerfile's name in findings.
        stages: The stages of its target.
        runs_on: ``lambda``, ``ecs`` or ``anywhere``.
        platform: In normal form.
        files: What it reads of its build context.
        external_images: Images of others that it needs.
        pins: Reference as written → digest.
        waivers: Those in its Dockerfile.
        seconds: What its steps took in earlier builds.
    """

    name: str
    file: str
    stages: DockerfileStages
    runs_on: str = "anywhere"
    platform: str = "linux/amd64"
    files: ContextFiles = field(default_factory=ContextFiles)
    external_images: tuple[ExternalImage, ...] = ()
    pins: Mapping[str, str] = field(default_factory=dict[str, str])
    waivers: tuple[Waiver, ...] = ()
    seconds: StepSeconds = field(default_factory=StepSeconds)

    def finding(
        self,
        rule: str,
        line: int,
        what: str,
        *,
        why: str,
        fix: str,
        estimate: Estimate | None = None,
        file: str = "",
        at_most: Severity | None = None,
    ) -> list[Finding]:
        """Make a finding; none where the rule does not apply.

        Args:
            rule: Its id.
            line: In the file.
            what: One sentence.
            why: Why it costs.
            fix: What to do.
            estimate: What it costs.
            file: A file of the build context, instead of the Dockerfile.
            at_most: A lower severity than the catalogue's.
        """
        severity = RULES[rule].severity(self.runs_on)
        if severity is None:
            return []
        severity = severity if at_most is None else at_most
        named = f"{self.files.root}/{file}" if file and self.files.root else file
        return [Finding(rule, severity, named or self.file, line, what, why, fix, estimate, self.name)]
