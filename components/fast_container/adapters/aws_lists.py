"""Reads the lists of AWS to their end, and asks about many things at once.

Decides that a list whose next page is the page before is an error, since its end is not known; and that what vanished
between list and question is not in use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar, cast

from fast_container.adapters.aws_session import aws_errors, error_code
from fast_container.errors import RegistryError

Json = Mapping[str, Any]
T = TypeVar("T")
R = TypeVar("R")

_AT_ONCE: Final = 8


def pages(action: str, call: Callable[..., Any], token: str | tuple[str, str], **request: Any) -> Iterator[Json]:
    """Yield the pages of a list.

    Args:
        action: The call, as IAM names it.
        call: Asks for one page.
        token: Name of the token in request and answer, or the two names.
        request: All else of the request.

    Raises:
        AuthError: The permission is missing.
        RegistryError: The list could not be read to its end.
    """
    sent, received = (token, token) if isinstance(token, str) else token
    seen: set[str] = set()
    while True:
        with aws_errors(action, "AWS"):
            page = cast("Json", call(**request))
        yield page
        following = page.get(received)
        if not following:
            return
        if following in seen:
            raise RegistryError("AWS did not end a list.", where=action, why="it named a page twice")
        seen.add(following)
        request[sent] = following


def listed(action: str, call: Callable[..., Any], token: str | tuple[str, str], name: str, **request: Any) -> list[Any]:
    """Return all entries of a list; ``name`` is their field in a page. Raises as ``pages``."""
    return [entry for page in pages(action, call, token, **request) for entry in page.get(name) or ()]


def object_in(answer: Json, name: str) -> Json:
    """Return a structure of an answer; empty if it is not there."""
    return cast("Json", answer.get(name) or {})


def objects_in(answer: Json, name: str) -> list[Json]:
    """Return the structures of a list in an answer."""
    return list(cast("Sequence[Json]", answer.get(name) or ()))


def at_once(ask: Callable[[T], R], things: Iterable[T]) -> list[R]:
    """Ask about many things, a few at a time; the answers are in the order of the things."""
    wanted = list(things)
    if len(wanted) < 2:
        return [ask(one) for one in wanted]
    with ThreadPoolExecutor(min(_AT_ONCE, len(wanted))) as pool:
        return list(pool.map(ask, wanted))


def chunks(things: Sequence[T], size: int) -> list[Sequence[T]]:
    """Cut a list into pieces that one call takes."""
    return [things[start : start + size] for start in range(0, len(things), size)]


def unless_gone(action: str, where: str, call: Callable[..., Any], *gone: str, **request: Any) -> Json | None:
    """Ask about one thing; None if it is gone.

    Args:
        action: The call, as IAM names it.
        where: The thing.
        call: Asks.
        gone: Error codes that mean that it is gone.
        request: The request.
    """
    import botocore.exceptions  # noqa: PLC0415 - see adapters.aws_session

    with aws_errors(action, where):
        try:
            return cast("Json", call(**request))
        except botocore.exceptions.ClientError as error:
            if error_code(error) in gone:
                return None
            raise
