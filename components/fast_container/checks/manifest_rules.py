"""The check of a pushed image against the place it is to run on.

Decides which rules belong to which ``runs_on``. Leaves the rules themselves to their modules, and fetching manifest and
configuration to ``build.verify``.
"""

from __future__ import annotations

from fast_container.checks.lambda_image import check_lambda_image, check_lambda_platform
from fast_container.checks.pushed_image import pushed_configuration
from fast_container.core.oci import snapstart
from fast_container.core.oci.manifest import Descriptor, ParsedManifest
from fast_container.core.oci.platform import same_platform
from fast_container.errors import VerifyError


def check_manifest(manifest: ParsedManifest, *, runs_on: str, where: str) -> list[str]:
    """Apply the rules that need the manifest only; return notes for the user.

    Raises:
        VerifyError: A rule is broken.
    """
    return list(check_lambda_image(manifest, where)) if runs_on == "lambda" else []


def child_for(index: ParsedManifest, *, platform: str, where: str) -> Descriptor:
    """Return the manifest of an index that a place with that platform would pull.

    Raises:
        VerifyError: The index has none for it.
    """
    for child in index.children:
        if not child.attestation and same_platform(platform, child.platform):
            return child
    held = ", ".join(c.platform for c in index.children if not c.attestation) or "nothing"
    raise VerifyError(f"The pushed image index has no image for {platform}.", where=where, why=f"it holds {held}")


def check_configuration(configuration: bytes, *, runs_on: str, platform: str, where: str) -> None:
    """Apply the rules about the configuration: its platform is the requested one.

    Raises:
        VerifyError: A rule is broken.
    """
    got = pushed_configuration(configuration).platform
    if not same_platform(platform, got):
        raise VerifyError(
            f"The pushed image is for {got}, not for {platform}.",
            where=where,
            why="a base image or a --platform in the Dockerfile has another platform",
            next_step="Make FROM follow the target platform, or set platform= to what the Dockerfile builds.",
        )
    if runs_on == "lambda":
        check_lambda_platform(got, where)


def check_snapstart(configuration: bytes, *, where: str) -> None:
    """Refuse an image without the label that Lambda's SnapStart needs.

    Raises:
        VerifyError: Publishing a version of it would fail.
    """
    said = pushed_configuration(configuration).labels.get(snapstart.LABEL)
    if said != snapstart.ALLOW:
        raise VerifyError(
            "The image has not the label that SnapStart needs.",
            where=where,
            why=f"{snapstart.LABEL} is {said or 'absent'} in the pushed image",
            next_step="Look for what removes labels from the image after its build.",
        )
