"""All rules over the images of a program.

Decides the order of the rules and of what they find, and how a Dockerfile becomes a ``LintedImage``. A file that is not
understood (a foreign ``# syntax``) gives a note and no finding. Leaves reading files to the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from fast_container.checks.dockerfile.base_rules import base_rules
from fast_container.checks.dockerfile.bytecode_rules import bytecode_rules
from fast_container.checks.dockerfile.cache_rules import cache_rules
from fast_container.checks.dockerfile.context_rules import context_rules
from fast_container.checks.dockerfile.final_stage_rules import final_stage_rules
from fast_container.checks.dockerfile.fleet_rules import fleet_rules
from fast_container.checks.dockerfile.gpu_rules import gpu_rules
from fast_container.checks.dockerfile.order_rules import order_rules
from fast_container.checks.dockerfile.permission_rules import permission_rules
from fast_container.checks.dockerfile.runtime_rules import runtime_rules
from fast_container.checks.dockerfile.steps.context_files import ContextFiles
from fast_container.checks.dockerfile.steps.stage_steps import read_steps
from fast_container.checks.dockerfile.strip_rules import strip_rules
from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.checks.dockerfile.system_package_rules import system_package_rules
from fast_container.checks.dockerfile.waivers import Waiver, apply_waivers, waivers_of
from fast_container.checks.finding import Finding, by_place
from fast_container.core.declared import DeclaredImage
from fast_container.core.dockerfile import DockerfileReads
from fast_container.core.dockerfile.lines import decode
from fast_container.core.dockerfile.opened import open_dockerfile
from fast_container.core.oci.platform import normal_platform

_NO_FILES: Final = ContextFiles()
_RULES: Final = (
    order_rules,
    cache_rules,
    final_stage_rules,
    gpu_rules,
    context_rules,
    base_rules,
    bytecode_rules,
    strip_rules,
    runtime_rules,
    permission_rules,
    system_package_rules,
)


def linted_image(
    declared: DeclaredImage,
    text: bytes,
    reads: DockerfileReads,
    *,
    runs_on: str = "anywhere",
    files: ContextFiles = _NO_FILES,
    pins: Mapping[str, str] | None = None,
) -> LintedImage | None:
    """Make of a declared image what the rules get; None if its Dockerfile is not understood.

    Args:
        declared: The image; its Dockerfile was read without a refusal.
        text: The Dockerfile's bytes.
        reads: What it reads.
        runs_on: Where it is to run.
        files: What it reads of its build context.
        pins: Reference as written → digest; the image's own by default.
    """
    if not reads.understood:
        return None
    recipe = declared.recipe
    opened = open_dockerfile(
        text,
        target=recipe.target,
        build_args=recipe.build_args,
        platform=normal_platform(recipe.platform),
        named_contexts=declared.named_contexts,
        image_facts=declared.image_facts,
    )
    return LintedImage(
        declared.name,
        declared.dockerfile_name,
        read_steps(opened, reads, recipe.build_args),
        runs_on,
        normal_platform(recipe.platform),
        files,
        reads.external_images,
        declared.image_pins if pins is None else pins,
        waivers_of(decode(text), opened.parsed.nodes, declared.dockerfile_name),
    )


def lint_images(
    images: Iterable[LintedImage],
    *,
    others: Iterable[Finding] = (),
    waivers: Iterable[Waiver] = (),
    today: date | None = None,
) -> list[Finding]:
    """Apply all rules and waivers; findings in the order of files and lines, each once.

    Args:
        images: Of one program.
        others: Findings of other tools.
        waivers: Beside those in the Dockerfiles.
        today: The day; None takes no waiver for expired.
    """
    all_images = list(images)
    found = [finding for image in all_images for rules in _RULES for finding in rules(image)]
    found += [*fleet_rules(all_images), *others]
    all_waivers = [*waivers, *(waiver for image in all_images for waiver in image.waivers)]
    kept = apply_waivers(_once(found), all_waivers, today)
    return by_place(kept)


def _once(findings: Iterable[Finding]) -> list[Finding]:
    """Leave out findings about one line that several images share."""
    known: dict[tuple[str, int, str, str], Finding] = {}
    for finding in findings:
        known.setdefault((finding.file, finding.line, finding.rule, finding.what), finding)
    return list(known.values())
