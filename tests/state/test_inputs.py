"""Outputs of an image that is refused leave nothing behind that Python warns of."""

from __future__ import annotations

import asyncio
import gc
import warnings
from typing import Any, cast

import pulumi
import pytest

from fast_container.state.inputs import Awaited, LateInput, derived_output


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


def test_an_input_that_comes_later_is_no_output_before_and_a_plain_value_then() -> None:
    async def story() -> None:
        outputs = pulumi.runtime.settings.SETTINGS.outputs
        outputs.clear()
        source: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        awaited = Awaited()

        async def value() -> str | None:
            return await source

        pending = asyncio.ensure_future(LateInput(value, awaited))
        await asyncio.sleep(0)
        assert not outputs
        source.set_result("key")
        assert await pending == "key"
        awaited.resources.add(cast(Any, "a resource"))
        output = await LateInput(value, awaited)
        assert await output.resources() == {"a resource"}
        assert (await output.future(), await output.is_known()) == ("key", True)

    asyncio.run(story())


def test_an_input_without_a_value_is_unknown() -> None:
    async def story() -> None:
        async def value() -> None:
            return None

        output = await LateInput(value, Awaited())
        assert not await output.is_known()

    asyncio.run(story())


def test_a_plain_text_is_read_without_an_output() -> None:
    async def story() -> dict[str, str]:
        pulumi.runtime.settings.SETTINGS.outputs.clear()
        found = await Awaited().texts({"a": "1", "b": cast(Any, 2)}, "build_args")
        assert not pulumi.runtime.settings.SETTINGS.outputs
        return found

    assert asyncio.run(story()) == {"a": "1", "b": "2"}
