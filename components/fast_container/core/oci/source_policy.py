"""BuildKit's source policy: which image is taken where a Dockerfile or named context names another.

Decides the policy's text, from the pins that are in the build key and from nothing else: so what is built is what the
key says, whatever a plan file or anything on the way to the builder says. The Dockerfile stays as it is, so its
instructions and cache keys are those of the file.
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
"""Platform of the line of a pin that says the index."""


def pin_of(digests: Mapping[str, str]) -> str:
    """What stands for an image in the build key.

    Args:
        digests: Platform → digest; with ``INDEX`` among them where there are several, since BuildKit's policy has one
            answer for a name.
    """
    if len(digests) == 1:
        return next(iter(digests.values()))
    return "\n".join(f"{platform}={digest}" for platform, digest in sorted(digests.items()))


def digests_of(pin: str) -> dict[str, str]:
    """Platform → digest of a pin; one that says no platform is under ``INDEX``."""
    if "=" not in pin:
        return {INDEX: pin}
    return dict(line.split("=", 1) for line in pin.splitlines())


def source_policy(pins: Mapping[str, str]) -> str:
    """The policy that turns references into pinned ones; ``""`` for none.

    Args:
        pins: Reference or named context as written → its pin (``pin_of``).

    Raises:
        ArgsError: The pins contradict each other, or one is no pin.
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
        next_step="let `fast-container lock` or `pulumi preview` write it again",
    )
