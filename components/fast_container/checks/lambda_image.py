"""The images that AWS Lambda accepts for a function.

Decides by the manifest and the configuration alone. Sources: "Create a Lambda function using a container image" (single
manifest, OCI or Docker schema 2; 10 GB uncompressed; x86_64 or arm64; Linux), and the refusals that users reported for
image indexes, attestations, zstd and foreign layers.
"""

from __future__ import annotations

from collections.abc import Iterator

from fast_container.core.oci.manifest import ParsedManifest
from fast_container.core.oci.media_types import DOCKER_MANIFEST, OCI_MANIFEST, PLAIN_LAYERS
from fast_container.core.oci.platform import same_platform
from fast_container.core.spelling import megabytes
from fast_container.errors import VerifyError

LARGEST_BYTES = 10 * 1024**3
_NEAR_BYTES = LARGEST_BYTES // 3
_PLATFORMS = ("linux/amd64", "linux/arm64")


def check_lambda_image(manifest: ParsedManifest, where: str) -> Iterator[str]:
    """Yield notes about an image whose platform is already checked.

    Raises:
        VerifyError: Lambda would refuse it; names the rule.
    """
    if manifest.is_index:
        attested = any(child.attestation for child in manifest.children)
        raise _refused(
            "an image index was pushed, but Lambda takes a single manifest",
            where,
            "it holds attestations" if attested else f"media type {manifest.media_type}",
            "Build for one platform, with provenance and SBOM off.",
        )
    if manifest.media_type not in (OCI_MANIFEST, DOCKER_MANIFEST):
        raise _refused("the manifest's media type is not supported", where, manifest.media_type, "")
    for layer in manifest.layers:
        if layer.media_type not in PLAIN_LAYERS:
            raise _refused(
                "a layer is neither plain tar nor gzip",
                where,
                f"{layer.digest} is {layer.media_type}",
                "Do not ask for zstd compression, and start from a base image without such layers.",
            )
    if manifest.compressed_bytes > LARGEST_BYTES:
        raise _refused(
            "the image is larger than 10 GB",
            where,
            f"{megabytes(manifest.compressed_bytes)} compressed, and Lambda counts uncompressed bytes",
            "Leave out what the function does not need.",
        )
    if manifest.compressed_bytes > _NEAR_BYTES:
        yield f"{megabytes(manifest.compressed_bytes)} compressed: unpacked it may exceed Lambda's 10 GB"


def check_lambda_platform(platform: str, where: str) -> None:
    """Refuse platforms that Lambda does not have.

    Raises:
        VerifyError: It is neither linux/amd64 nor linux/arm64.
    """
    if not any(same_platform(known, platform) for known in _PLATFORMS):
        raise _refused("Lambda does not run this platform", where, platform, f"Use {' or '.join(_PLATFORMS)}.")


def _refused(rule: str, where: str, why: str, next_step: str) -> VerifyError:
    return VerifyError(f"The image is not fit for Lambda: {rule}.", where=where, why=why, next_step=next_step)
