"""All rules over one image: the way in.

Decides which rules there are, and that a rule whose files cannot be read is an error that names it, never a pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fast_container.checks.finding import Estimate, Finding, Severity, by_weight
from fast_container.checks.image import (
    budgets,
    bytecode,
    distributions,
    efficiency,
    function,
    leftovers,
    paths,
    secrets,
    service,
    unpacked_budget,
)
from fast_container.checks.image.rule import Found, OfFiles, OfManifest
from fast_container.checks.image.settings import ImageRequirements
from fast_container.core.layers.contents import ImageContents

OF_MANIFEST: Final[dict[str, tuple[OfManifest, ...]]] = {
    "V01": (budgets.check_budgets,),
    "V07": (function.check_manifest,),
    "V08": (service.check_user,),
    "V10": (secrets.check_configuration,),
}
OF_FILES: Final[dict[str, tuple[OfFiles, ...]]] = {
    "V01": (unpacked_budget.check_unpacked,),
    "V02": (leftovers.check_build_tools,),
    "V03": (leftovers.check_caches,),
    "V04": (leftovers.check_development,),
    "V05": (efficiency.check_efficiency,),
    "V06": (bytecode.check_bytecode,),
    "V07": (function.check_files,),
    "V08": (service.check_files,),
    "V09": (leftovers.check_gpu,),
    "V10": (secrets.check_files,),
    "V11": (paths.check_paths, paths.check_structure),
    "V12": (distributions.check_distributions,),
}
RULES: Final = tuple(sorted({*OF_MANIFEST, *OF_FILES}))
"""The ids of all rules."""


def check_image(image: ImageContents, settings: ImageRequirements) -> list[Finding]:
    """Apply every rule that is not off; the heaviest findings come first."""
    return by_weight(finding for rule in RULES for finding in _of_rule(rule, image, settings))


def _of_rule(rule: str, image: ImageContents, settings: ImageRequirements) -> Iterator[Finding]:
    if settings.severity(rule) is Severity.OFF:
        return
    for of_manifest in OF_MANIFEST.get(rule, ()):
        for found in of_manifest(image, settings):
            yield _finding(rule, image, settings, found)
    if rule == "V01" and settings.max_unpacked_bytes is None:
        return
    for of_files in OF_FILES.get(rule, ()):
        if image.files is None:
            yield Finding(
                rule,
                Severity.ERROR,
                "",
                0,
                f"{rule} cannot be checked: the image's layers cannot be read.",
                image.unreadable,
                image=image.name,
                cannot_be_checked=True,
            )
            continue
        for found in of_files(image, image.files, settings):
            yield _finding(rule, image, settings, found)


def _finding(rule: str, image: ImageContents, settings: ImageRequirements, found: Found) -> Finding:
    severity = settings.severity(rule, fails_in_service=found.fails_in_service)
    estimate = None if found.estimate_bytes is None else Estimate(found.estimate_bytes, basis=found.basis)
    inside = "" if found.where == image.name else found.where
    base = settings.base_name if found.is_of_base else ""
    fix = f"Correct it in {base}, or start from another image: a later layer cannot." if base else found.fix
    return Finding(
        rule, severity, found.file, found.line, found.what, found.why, fix, estimate, image.name, inside, base=base
    )
