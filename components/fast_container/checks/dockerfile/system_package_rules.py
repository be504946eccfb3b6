"""FI018: lists of packages, and packages that were only recommended.

Decides which traces of apt are found. ``apt-get update`` in a step of its own is wrong in every stage; lists and
recommended packages cost only in the image.
"""

from __future__ import annotations

from collections.abc import Iterator

from fast_container.checks.dockerfile.steps.installs import Install, installs_of
from fast_container.checks.dockerfile.steps.stage_steps import Step
from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.checks.finding import Finding, Severity


def system_package_rules(image: LintedImage) -> Iterator[Finding]:
    """Yield findings about system packages."""
    final = {id(step) for step in image.stages.target.chain()}
    configured = any(
        "Install-Recommends" in word
        for _, step in image.stages.steps()
        for c in step.commands or ()
        for word in c.words
    )
    for _, step in image.stages.steps():
        installs = [one for one in installs_of(step) if one.manager == "apt"]
        if not installs:
            yield from _update_alone(image, step)
        elif id(step) in final:
            yield from _lists(image, step)
            yield from _recommended(image, step, installs, configured=configured)


def _update_alone(image: LintedImage, step: Step) -> Iterator[Finding]:
    commands = step.commands or ()
    updates = [c for c in commands if c.program in ("apt-get", "apt") and "update" in c.arguments]
    uses = any(c.program in ("apt-get", "apt", "aptitude") and "update" not in c.arguments for c in commands)
    scripts = any(c.program.endswith(".sh") or c.program in ("xargs", "mk-build-deps", "playwright") for c in commands)
    if updates and not uses and not scripts and not step.cache_targets:
        yield from image.finding(
            "FI018",
            step.line,
            "apt-get update is a step of its own.",
            why="The step comes from the cache while a later install asks for versions that the mirror no longer has.",
            fix="Put update and install in one RUN.",
            at_most=Severity.WARNING,
        )


def _lists(image: LintedImage, step: Step) -> Iterator[Finding]:
    commands = step.commands or ()
    updated = any(c.program in ("apt-get", "apt") and "update" in c.arguments for c in commands)
    removed = any(c.program in ("rm", "find") and any("/var/lib/apt" in w for w in c.arguments) for c in commands)
    removed = removed or any(c.program in ("apt-get", "apt") and "distclean" in c.arguments for c in commands)
    mounted = any(target.startswith("/var/lib/apt") for target in step.cache_targets)
    if updated and not removed and not mounted:
        yield from image.finding(
            "FI018",
            step.line,
            "apt's package lists stay in the image.",
            why="They are tens of megabytes that are out of date tomorrow.",
            fix="A cache mount on /var/lib/apt, or rm -rf /var/lib/apt/lists/* in the same RUN.",
        )


def _recommended(image: LintedImage, step: Step, installs: list[Install], *, configured: bool) -> Iterator[Finding]:
    without = [one for one in installs if "--no-install-recommends" not in one.switches and one.action == "install"]
    if configured or not any(one.names for one in without):
        return
    yield from image.finding(
        "FI018",
        step.line,
        "apt installs recommended packages too.",
        why="They are packages that nothing asked for.",
        fix="apt-get install --no-install-recommends …",
    )
