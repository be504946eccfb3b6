"""BuildKit's source policy: which image is used if a Dockerfile or named context names another one.

Decides the policy from the pins in the build key and from nothing else: so the build is what the key says, whatever a
plan file or anything on the way to the builder says. The Dockerfile stays as it is, so its instructions and cache keys
are those of the file.
Source: BuildKit v0.34.2, ``docs/build-repro.md`` and ``sourcepolicy/pb/policy.proto``; the identifiers are what the
Dockerfile frontend asks for: ``docker-image://`` and the reference in normal form.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from fast_container.core.oci.reference import NotAReferenceError, parse_reference
from fast_container.errors import ArgsError

SCHEME = "docker-image://"
INDEX = ""
"""Platform of the line of a pin that names the index."""


def pin_of(digests: Mapping[str, str]) -> str:
    """Return the pin of an image, which stands for it in the build key.

    Args:
        digests: Platform → digest; with ``INDEX`` among them if there are several, since BuildKit's policy has one
            answer
            for a name.
    """
    if len(digests) == 1:
        return next(iter(digests.values()))
    return "\n".join(f"{platform}={digest}" for platform, digest in sorted(digests.items()))


def digests_of(pin: str) -> dict[str, str]:
    """Return platform → digest of a pin; a digest without a platform is under ``INDEX``."""
    if "=" not in pin:
        return {INDEX: pin}
    return dict(line.split("=", 1) for line in pin.splitlines())


def source_policy(pins: Mapping[str, str]) -> str:
    """Return the policy that turns references into pinned ones; ``""`` without pins.

    Args:
        pins: Reference or named context as written → its pin (``pin_of``).

    Raises:
        ArgsError: The pins contradict each other, or one is not a pin.
    """
    digests: dict[str, str] = {}
    for written, pin in pins.items():
        taken = digests_of(pin).get(INDEX, "")
        try:
            reference = parse_reference(written.removeprefix(SCHEME)).normalised
        except NotAReferenceError as error:
            raise _refusal(written, str(error)) from None
        if not taken or digests.setdefault(reference, taken) != taken:
            raise _refusal(written, "its pins contradict each other")
    if not digests:
        return ""
    rules = [
        {
            "action": "CONVERT",
            "selector": {"identifier": f"{SCHEME}{reference}"},
            "updates": {"identifier": f"{SCHEME}{reference}@{digest}"},
        }
        for reference, digest in sorted(digests.items())
    ]
    return json.dumps({"version": 1, "rules": rules}, indent=1)


def _refusal(written: str, why: str) -> ArgsError:
    return ArgsError(
        f"The pin of {written!r} cannot be used.",
        property_path="images_lock",
        why=why,
        next_step="Let `fast-container lock` or `pulumi preview` write it again.",
    )
