"""Awaits the Inputs of a component and tells apart: known, unknown in preview, secret, wrong.

Decides that an unknown Input makes the key unknown (named, never guessed) and that a secret must not become part of
one. Leaves the meaning of the values to the component.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator, Mapping
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any, Generic, TypeVar, cast

import pulumi

from fast_container.errors import ArgsError, bracketed

T = TypeVar("T")


@dataclass(slots=True)
class Awaited:
    """The Inputs that were awaited so far for one image.

    Attributes:
        unknown: Property paths of Inputs that are unknown in this preview.
        resources: Resources that the values come from.
    """

    unknown: list[str] = field(default_factory=list[str])
    resources: set[pulumi.Resource] = field(default_factory=set[pulumi.Resource])

    async def text(self, value: pulumi.Input[str], property_path: str, *, secret_allowed: bool = False) -> str | None:
        """Return one string, or None if it is unknown.

        Raises:
            ArgsError: It is a secret where none may be, or not a string.
        """
        if is_plain(value):
            return text_of(value, property_path)
        output = pulumi.Output.from_input(value)
        self.resources |= await output.resources()
        if not secret_allowed and await output.is_secret():
            raise ArgsError(
                f"{property_path} is a secret.",
                property_path=property_path,
                why="it would become part of the image and of its build key",
                next_step="Give it as `secrets={id: value}` and use `RUN --mount=type=secret,id=…`;"
                " if it is not secret, pass `pulumi.Output.unsecret(value)`.",
            )
        if not await output.is_known():
            self.unknown.append(property_path)
            return None
        return text_of(cast(object, await output.future()), property_path)

    async def texts(self, values: Mapping[str, pulumi.Input[str]], property_path: str) -> dict[str, str]:
        """Return the known strings of a mapping; the others are noted in ``unknown``."""
        paths = {name: f"{property_path}{bracketed(name)}" for name in values}
        found = await asyncio.gather(*(self.text(value, paths[name]) for name, value in values.items()))
        return {name: text for name, text in zip(values, found, strict=True) if text is not None}


def text_of(value: object, property_path: str) -> str:
    """Return the string that a value counts as: a number or a truth value is written out.

    Raises:
        ArgsError: It is something else.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if not isinstance(value, str):
        raise ArgsError(f"{property_path} is {value!r}, not a string.", property_path=property_path)
    return value


def is_plain(value: object) -> bool:
    """Whether a value is known at once, with nothing to await."""
    return not isinstance(value, pulumi.Output) and not isawaitable(value)


def plain_texts(values: Mapping[str, pulumi.Input[str]], property_path: str) -> dict[str, str]:
    """Return the strings of those values of a mapping that need not be awaited.

    Raises:
        ArgsError: One of them is not a string.
    """
    plain = {name: value for name, value in values.items() if is_plain(value)}
    return {name: text_of(value, f"{property_path}{bracketed(name)}") for name, value in plain.items()}


class Lazy(Generic[T]):
    """An awaitable that begins when it is awaited.

    An Output awaits its parts one after the other. If an image is refused the later ones are never awaited, and
    coroutines would cause warnings then, in the middle of the refusal.
    """

    def __init__(self, begin: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._begin = begin

    def __await__(self) -> Generator[Any, Any, T]:
        return self._begin().__await__()


def derived_output(
    source: asyncio.Future[T],
    part: Callable[[T], Any],
    awaited: Awaited,
    is_known: Callable[[T], bool] | None = None,
) -> pulumi.Output[Any]:
    """Return an Output of a part of an awaited value; without ``is_known``, None is unknown in preview."""

    async def value() -> Any:
        return part(await source)

    async def known() -> bool:
        found = await source
        return is_known(found) if is_known is not None else part(found) is not None

    async def resources() -> set[pulumi.Resource]:
        await source
        return awaited.resources

    return pulumi.Output(Lazy(resources), Lazy(value), Lazy(known))


class LateInput:
    """An Input that becomes an Output only with its value, and stays plain if the value is.

    Args:
        value: Returns the value; None is unknown in preview.
        awaited: The sources of the value.
    """

    def __init__(self, value: Callable[[], Coroutine[Any, Any, Any]], awaited: Awaited) -> None:
        self._value = value
        self._awaited = awaited

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._settled().__await__()

    async def _settled(self) -> Any:
        found = await self._value()
        resources = self._awaited.resources
        if found is not None and not resources:
            return found

        async def value() -> Any:
            return found

        async def known() -> bool:
            return found is not None

        return pulumi.Output(set(resources), Lazy(value), Lazy(known))
