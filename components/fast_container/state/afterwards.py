"""The resources that an image comes after, which may make its files.

Decides that an image which depends on other resources is read only when these exist, and with a fresh look at the
files: a command may have made or changed them meanwhile. Everything else is read at once, together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, cast

import pulumi


def stated_dependencies(opts: pulumi.ResourceOptions | None) -> tuple[Any, ...]:
    """Return the ``depends_on`` of resource options, as a tuple of resources or Outputs of resources."""
    given: Any = opts.depends_on if opts is not None else None
    if given is None:
        return ()
    if isinstance(given, pulumi.Resource | pulumi.Output):
        return (cast("pulumi.Resource | pulumi.Output[Any]", given),)
    return tuple(cast("Iterable[Any]", given))


async def await_resources(stated: Iterable[Any]) -> None:
    """Wait until resources, and the children of components among them, were made or updated."""
    for one in stated:
        found: Any = await cast("pulumi.Output[Any]", one).future() if isinstance(one, pulumi.Output) else one
        several = cast("list[pulumi.Resource]", found if isinstance(found, list | tuple) else [found])
        for resource in several:
            await _await_resource(resource)


async def _await_resource(resource: pulumi.Resource) -> None:
    await resource.urn.future()
    if isinstance(resource, pulumi.CustomResource):
        await resource.id.future()
        return
    # The SDK's own way to the children of a component.
    children = cast("set[pulumi.Resource]", getattr(resource, "_childResources", set[pulumi.Resource]()))
    await asyncio.gather(*(_await_resource(child) for child in list(children)))
