"""Compares the steps that a build ran with what was read of its Dockerfile.

Decides that an image does not match its key if a base image's ``ONBUILD`` trigger read something that was not hashed,
or if BuildKit used a base image of another platform. Such an image gets no tag. Leaves finding the triggers to
``core.dockerfile.triggers``, and BuildKit's report to the executor. What else BuildKit warns of is advice.
"""

from __future__ import annotations

import re
from typing import Final

from fast_container.core.dockerfile.triggers import unseen_triggers
from fast_container.core.ports import BuildJob, BuiltImage
from fast_container.core.spelling import counted
from fast_container.errors import VerifyError

_OTHER_PLATFORM: Final = "InvalidBaseImagePlatform"
_NO_DEFAULT: Final = "InvalidDefaultArgInFrom"
_NAMES: Final = re.compile(r"\$\{?(\w+)")
_SHOWN: Final = 3


def advice_of(job: BuildJob, built: BuiltImage) -> list[str]:
    """Return BuildKit's own warnings about the Dockerfile, each once and at most a few, one line each.

    BuildKit warns of an ``ARG`` in ``FROM`` without a default even where this build was given its value: not repeated.
    """
    warnings = [warning for warning in dict.fromkeys(built.warnings) if not _is_given(warning, job)]
    shown = [f"BuildKit: {warning}" for warning in warnings[:_SHOWN]]
    rest = len(warnings) - len(shown)
    return [*shown, f"BuildKit: {counted(rest, 'more warning')}: fast-container lint --buildkit"] if rest else shown


def _is_given(warning: str, job: BuildJob) -> bool:
    rule, _, text = warning.partition(":")
    return rule == _NO_DEFAULT and any(name in job.recipe.build_args for name in _NAMES.findall(text))


def check_ran(job: BuildJob, built: BuiltImage) -> None:
    """Compare a finished build with its job.

    Raises:
        VerifyError: The image must not be used.
    """
    for warning in built.warnings:
        if warning.startswith(_OTHER_PLATFORM):
            raise VerifyError(
                "A base image is of another platform than the image.",
                where=job.dockerfile_name,
                why=warning.partition(":")[2].strip(),
                next_step="Name an image that has one for this platform, or, where the stage only makes files,"
                " say its platform: FROM --platform=$BUILDPLATFORM, or FROM --platform=os/arch.",
            )
    for stage in job.assumed:
        triggers = unseen_triggers(stage, built.ran, {*job.secrets, *job.secret_references})
        if triggers:
            raise VerifyError(
                f"The base image {stage.base} has ONBUILD triggers that were not known, and they read files"
                " or secrets.",
                where=job.dockerfile_name,
                why=f"the build ran: ONBUILD {'; ONBUILD '.join(triggers)}; files that they read are in no build key,"
                " and secrets that they mount were not asked for",
                next_step="Run: fast-container lock (it records the triggers of base images; the image's options"
                ' dockerfile, target and platform are its flags), and set image_policy="locked"',
            )
