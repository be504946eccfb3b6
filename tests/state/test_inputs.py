"""Outputs of an image that is refused leave nothing behind that Python warns of."""

from __future__ import annotations

import asyncio
import gc
import warnings

import pulumi
import pytest

from fast_container.state.inputs import Awaited, derived_output


def test_no_part_of_a_refused_images_output_is_a_coroutine_that_nobody_awaits() -> None:
    async def refused() -> None:
        source: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        output = derived_output(source, lambda found: found, Awaited())
        source.set_exception(pulumi.RunError("refused"))
        with pytest.raises(pulumi.RunError):
            await output.future()
        pulumi.runtime.settings.SETTINGS.outputs.clear()

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        asyncio.run(refused())
        gc.collect()
    assert [str(one.message) for one in said] == []
