"""FI014, FI015, FI016: what the place where an image runs makes of it.

Decides who the image runs as, whether its HEALTHCHECK has an effect, and what Lambda does not take. Lambda brings a
user of its own, so ``USER`` is not asked for there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from fast_container.checks.dockerfile.steps.known_images import runs_as_root
from fast_container.checks.dockerfile.steps.stage_steps import Step
from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.checks.finding import Finding, Severity
from fast_container.core.dockerfile.instructions import Arg

_LAMBDA_PLATFORMS: Final = frozenset(["linux/amd64", "linux/arm64"])
_ATTESTING: Final = frozenset(["BUILDKIT_SBOM_SCAN_STAGE", "BUILDKIT_SBOM_SCAN_CONTEXT"])


def runtime_rules(image: LintedImage) -> Iterator[Finding]:
    """Yield findings about the place where the image runs."""
    chain = image.stages.target.chain()
    yield from _user(image, chain)
    yield from _health(image, chain)
    yield from _lambda(image)


def _user(image: LintedImage, chain: Sequence[Step]) -> Iterator[Finding]:
    users = [step for step in chain if step.name == "USER" and step.words]
    why = "What breaks out of the program is root in the container."
    fix = "USER 10001:10001, a number, so that ECS and Kubernetes can see that it is not root."
    if not users:
        if runs_as_root(image.stages.target.root):
            said = "No USER is set, and the base image runs as root."
            yield from image.finding("FI014", image.stages.target.line, said, why=why, fix=fix)
        return
    last = users[-1]
    user = last.words[0].partition(":")[0].strip()
    if user in ("root", "0"):
        yield from image.finding("FI014", last.line, "The image runs as root.", why=why, fix=fix)
    elif user and not user.isdecimal() and "$" not in user:
        yield from image.finding(
            "FI014",
            last.line,
            f"USER {user} is a name.",
            why="Only a number shows, without the image's files, that it is not root.",
            fix="Give the number of that user.",
            at_most=Severity.INFO,
        )


def _health(image: LintedImage, chain: Sequence[Step]) -> Iterator[Finding]:
    checks = [step for step in chain if step.name == "HEALTHCHECK"]
    if not checks or checks[-1].command.node.args[0].upper() == "NONE":
        return
    on_lambda = image.runs_on == "lambda"
    yield from image.finding(
        "FI015",
        checks[-1].line,
        "HEALTHCHECK has no effect on Lambda." if on_lambda else "ECS does not run the HEALTHCHECK of an image.",
        why="Lambda checks no health." if on_lambda else "A service that hangs stays in service.",
        fix="Leave it out." if on_lambda else "Give the image's output `health_check` to the container definition.",
    )


def _lambda(image: LintedImage) -> Iterator[Finding]:
    if image.runs_on != "lambda":
        return
    root = image.stages.target.root
    if image.platform not in _LAMBDA_PLATFORMS:
        yield from image.finding(
            "FI016",
            root.line,
            f"Lambda has no {image.platform}.",
            why="The function cannot be created.",
            fix="Build for linux/amd64 or linux/arm64.",
        )
    for _, step in image.stages.steps():
        body = step.command.body
        names = [name for name, _ in body.pairs if name in _ATTESTING] if isinstance(body, Arg) else []
        if names:
            yield from image.finding(
                "FI016",
                step.line,
                f"{names[0]} asks for an attestation.",
                why="Lambda refuses an image with attestations; fast-container builds none for it.",
                fix="Leave the ARG out.",
                at_most=Severity.INFO,
            )
