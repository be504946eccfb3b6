"""The outputs of an image that are more than a field of its record: its digest, and the reference by digest.

Decides what they are in a preview of a change and under a unit test's mocks. Leaves the others to ``image``.
"""

from __future__ import annotations

from typing import Any

import pulumi

from fast_container.state.image_build import ImageBuild
from fast_container.state.inputs import Lazy
from fast_container.state.preparation import Preparation
from fast_container.state.program import Program


def recorded_digest(record: ImageBuild, preparation: Preparation, program: Program) -> pulumi.Output[str]:
    """Return the record's digest; in a preview of a change, the one that the hook found in the registry."""

    async def looked_up() -> str | None:
        await record.urn.future()
        found = await preparation.image
        if found.known is None or found.known_url is None:
            return None
        return program.found_digest(found.known_url, found.known.key.tag)

    async def value() -> Any:
        return await record.digest.future() if await record.digest.is_known() else await looked_up()

    async def known() -> bool:
        return await record.digest.is_known() or await looked_up() is not None

    return pulumi.Output(Lazy(record.digest.resources), Lazy(value), Lazy(known))


def uri_by_digest(url: pulumi.Output[str], digest: pulumi.Output[str], tag: pulumi.Output[str]) -> pulumi.Output[str]:
    """Return the reference by digest, in one step: hundreds of ``Output.all(…).apply(…)`` would be slow."""

    async def value() -> Any:
        named = await digest.future()
        # Only a unit test's mocks have no digest; the tag, which is immutable, is as good for a test.
        return f"{await url.future()}@{named}" if named else f"{await url.future()}:{await tag.future()}"

    async def known() -> bool:
        return await url.is_known() and await digest.is_known() and await tag.is_known()

    return pulumi.Output(Lazy(digest.resources), Lazy(value), Lazy(known))
