"""BuildKit's source policy: which image is taken where a Dockerfile or named context names another.

Decides the policy's text. The Dockerfile stays as it is, so its instructions and cache keys are those of the file.
Source: BuildKit v0.34.2, ``docs/build-repro.md`` and ``sourcepolicy/pb/policy.proto``; the identifiers are what the
Dockerfile frontend asks for: ``docker-image://`` and the reference in normal form.
"""

from __future__ import annotations

import json
from collections.abc import Mapping


def source_policy(digests: Mapping[str, str]) -> str:
    """The policy that turns references into pinned ones; ``""`` for none.

    Args:
        digests: Reference in normal form, without a digest → digest.
    """
    if not digests:
        return ""
    rules = [
        {
            "action": "CONVERT",
            "selector": {"identifier": f"docker-image://{reference}"},
            "updates": {"identifier": f"docker-image://{reference}@{digest}"},
        }
        for reference, digest in sorted(digests.items())
    ]
    return json.dumps({"version": 1, "rules": rules}, indent=1)
