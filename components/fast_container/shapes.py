"""The shape of one argument's value: a string, a path, a number, a list, a mapping, an Input.

Decides which values of each shape are accepted in a program without types, and how another one is refused (with its
property path, never with an exception of Python's). A path may be a ``Path`` wherever one is meant, ``None`` is an
argument that was not given, and an Output is refused if the value decides what is read. Leaves the meaning of a value
to ``args`` and to the component.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, ParamSpec, TypeAlias, TypeGuard, TypeVar, cast

import pulumi

from fast_container.core.spelling import did_you_mean
from fast_container.errors import ArgsError, FastContainerError, bracketed

P = ParamSpec("P")
T = TypeVar("T")
PathInput: TypeAlias = "str | os.PathLike[str]"
_SHOWN_CHARACTERS = 80


def shown(value: object) -> str:
    """Show a value in a message: short, and without the failure of its own ``repr``."""
    try:
        text = repr(value)
    except Exception:  # a message about a wrong value must not fail because of that value
        text = f"<{type(value).__name__}>"
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def is_later(value: object) -> TypeGuard[pulumi.Output[Any]]:
    """Whether a value is known only later: an Output, or something else that Pulumi awaits."""
    return isinstance(value, pulumi.Output) or inspect.isawaitable(value)


def check_plain(value: object, property_path: str) -> None:
    """Refuse an Output where a plain value is needed before anything is registered."""
    if is_later(value):
        raise ArgsError(
            f"{property_path} must be a plain value, not an Output.",
            property_path=property_path,
            why="it is needed before any resource exists",
            next_step="Take it from pulumi.Config or the program itself.",
        )


def check_string(value: object, property_path: str, *, may_be_empty: bool = True) -> str:
    """Check for a plain string; an enum's is its value."""
    check_plain(value, property_path)
    found = value.value if isinstance(value, Enum) else value
    if not isinstance(found, str):
        raise ArgsError(f"{shown(found)} is not a string.", property_path=property_path)
    return check_characters(found, property_path, may_be_empty=may_be_empty)


def check_characters(text: str, property_path: str, *, may_be_empty: bool = True) -> str:
    """Refuse a string that no command line and no file name can hold."""
    if not text and not may_be_empty:
        raise ArgsError(f"{property_path} is empty.", property_path=property_path)
    # A lone surrogate other than an escaped byte has no encoding either.
    if "\0" in text or any("\ud800" <= character < "\udc80" or "\udcff" < character <= "\udfff" for character in text):
        raise ArgsError(
            f"{shown(text)} holds a character that cannot be given to a build.",
            property_path=property_path,
            why="it is NUL, or half of a surrogate pair",
        )
    return text


def check_path(value: object, property_path: str) -> str:
    """Check for a plain string or a ``Path``; return a string."""
    check_plain(value, property_path)
    found = cast("os.PathLike[Any]", value).__fspath__() if isinstance(value, os.PathLike) else value
    if not isinstance(found, str):
        raise ArgsError(
            f"{shown(cast(object, value))} is not a path.",
            property_path=property_path,
            next_step="Give one path, as a string or a Path.",
        )
    return check_characters(found, property_path)


def check_flag(value: object, property_path: str) -> bool:
    """Check for True or False, and nothing that only counts as one of them."""
    check_plain(value, property_path)
    if not isinstance(value, bool):
        raise ArgsError(f"{shown(value)} is neither True nor False.", property_path=property_path)
    return value


def check_choice(value: object, property_path: str, choices: Sequence[str]) -> str:
    """One of a few words."""
    check_plain(value, property_path)
    found = next((choice for choice in choices if value == choice), None)
    if found is None:
        raise ArgsError(
            f"{property_path} cannot be {shown(value)}.",
            property_path=property_path,
            next_step=f"Give one of {', '.join(map(repr, choices))}",
        )
    return found


def check_count(value: object, property_path: str, *, least: int, most: int | None = None) -> int:
    """Check for a whole number in a range."""
    check_plain(value, property_path)
    if isinstance(value, bool) or not isinstance(value, int) or value < least or (most is not None and value > most):
        span = f"from {least} to {most}" if most is not None else f"{least} or more"
        raise ArgsError(
            f"{property_path} cannot be {shown(value)}.",
            property_path=property_path,
            next_step=f"Give a whole number, {span}.",
        )
    return value


def check_strings(values: object, property_path: str) -> tuple[str, ...]:
    """Check for a list of strings; a single string is refused."""
    return _list(values, property_path, check_string)


def check_paths(values: object, property_path: str) -> tuple[str, ...]:
    """Check for a list of paths, likewise."""
    return _list(values, property_path, check_path)


def check_mapping(values: object, property_path: str, form: str) -> dict[str, Any]:
    """Check for a plain mapping from strings to values that the caller checks.

    Args:
        values: The argument.
        property_path: Its name.
        form: An example, for the message.
    """
    if is_later(values):
        raise ArgsError(
            f"{property_path} must be a plain mapping, not an Output of one.",
            property_path=property_path,
            why="its names are needed before any resource exists",
            next_step=f"Write the names in the program; only values may be Outputs: {form}",
        )
    if not isinstance(values, Mapping):
        raise ArgsError(f"{shown(values)} is not a mapping.", property_path=property_path, next_step=form)
    found = dict(cast("Mapping[object, Any]", values))
    for name in found:
        entry = bracketed(name) if isinstance(name, str) else f"[{shown(name)}]"
        check_string(name, f"{property_path}{entry}", may_be_empty=False)
    return {cast("str", name): value for name, value in found.items()}


def check_input_string(value: object, property_path: str) -> Any:
    """Check for a string (or a number, which is written as one), now or later."""
    if is_later(value):
        return value
    if isinstance(value, bool | int | float):
        return value
    return check_string(value, property_path)


def check_input_strings(values: object, property_path: str) -> dict[str, Any]:
    """Check for a plain mapping from names to strings, now or later."""
    found = check_mapping(values, property_path, f'{property_path}={{"NAME": "value"}}')
    return {name: check_input_string(value, f"{property_path}{bracketed(name)}") for name, value in found.items()}


def check_engine_string(value: object, property_path: str, *, may_be_empty: bool = False) -> str:
    """Check for a string that goes to the engine as it is: Unicode, and not an enum."""
    check_plain(value, property_path)
    if not isinstance(value, str):
        raise ArgsError(f"{shown(value)} is not a string.", property_path=property_path)
    check_characters(value, property_path, may_be_empty=may_be_empty)
    if any("\udc80" <= character <= "\udcff" for character in value):
        raise ArgsError(f"{shown(value)} is not Unicode.", property_path=property_path)
    return value


def check_resource_name(name: object, property_path: str = "name") -> str:
    """Check for a name that Pulumi accepts for a resource."""
    return check_engine_string(name, property_path)


def engine_input(value: object, property_path: str) -> Any:
    """Check for a string that goes to the engine, now or later; a later one is checked when it is known."""
    if is_later(value):
        return pulumi.Output.from_input(value).apply(lambda found: check_engine_string(found, property_path))
    return check_engine_string(value, property_path)


def engine_inputs(values: object, property_path: str) -> dict[str, Any] | None:
    """Check for names and strings that go to the engine, such as tags; None means that there are no values."""
    if values is None:
        return None
    found = check_mapping(values, property_path, f'{property_path}={{"NAME": "value"}}')
    for name in found:
        check_engine_string(name, f"{property_path}{bracketed(name)}")
    return {name: _engine_value(value, f"{property_path}{bracketed(name)}") for name, value in found.items()}


def _engine_value(value: object, property_path: str) -> Any:
    """Check as ``engine_input``; the value may be empty."""
    if is_later(value):
        checked = pulumi.Output.from_input(value)
        return checked.apply(lambda found: check_engine_string(found, property_path, may_be_empty=True))
    return check_engine_string(value, property_path, may_be_empty=True)


def check_opts(opts: object, kind: type[T]) -> T | None:
    """Check for resource options, or None."""
    if opts is not None and not isinstance(opts, kind):
        raise ArgsError(
            f"{shown(opts)} is not a pulumi.{kind.__name__}.",
            property_path="opts",
            next_step=f"Give opts=pulumi.{kind.__name__}(…).",
        )
    return opts


def refused_as_one_line(component: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Turn a call with missing or unknown arguments into a ``pulumi.RunError``: one line, as for every other argument.

    Args:
        component: The component's name, for the message.
    """

    def decorated(call: Callable[P, T]) -> Callable[P, T]:
        signature = inspect.signature(call)

        @functools.wraps(call)
        def checked(*given: P.args, **named: P.kwargs) -> T:
            try:
                signature.bind(*given, **named)
            except TypeError as error:
                raise pulumi.RunError(f"{component}: {_call_error(signature, named, error)}") from None
            return call(*given, **named)

        return checked

    return decorated


def one_line_refusals(value_class: type[T]) -> type[T]:
    """Let a dataclass refuse missing or unknown fields in one line; a decorator."""
    own = cast(Any, value_class)
    own.__init__ = refused_as_one_line(value_class.__name__)(own.__init__)
    return value_class


def _call_error(signature: inspect.Signature, named: Mapping[str, object], error: TypeError) -> FastContainerError:
    known = [name for name in signature.parameters if name not in ("self", "options")]
    unknown = [name for name in named if name not in known]
    open_ended = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in signature.parameters.values())
    if unknown and not open_ended:
        return ArgsError(
            f"There is no argument {unknown[0]!r}.", property_path=unknown[0], next_step=did_you_mean(unknown[0], known)
        )
    text = str(error)
    missing = text.partition("'")[2].partition("'")[0] if text.startswith("missing") else ""
    if missing:
        return ArgsError(
            f"The argument {missing!r} is missing.",
            property_path=missing,
            next_step=_NEXT_OF_MISSING.get(missing, ""),
        )
    return FastContainerError(f"The arguments cannot be right: {text}.")


_NEXT_OF_MISSING: Mapping[str, str] = {
    "repository": "repository=ImageRepository(…), an aws.ecr.Repository, or a repository URL",
    "images": 'a mapping from names to options, or a glob such as "lambdas/*/Dockerfile"',
    "variable": 'SecretEnv("NPM_TOKEN")',
    "path": 'SecretFile("~/.npmrc")',
    "reference": 'SecretsManagerSecret("shop/npm:token")',
    "repository_url": "the repository's URL (host/name), or an Output of it",
    "build_key": "the base's build_key, an output of the other stack",
    "role_arn": 'AssumedRole("arn:aws:iam::123456789012:role/builds")',
    "text": 'InlineDockerfile("FROM …")',
}


def _list(values: object, property_path: str, each: Callable[[object, str], str]) -> tuple[str, ...]:
    check_plain(values, property_path)
    if isinstance(values, str | os.PathLike):
        raise ArgsError(
            f"{property_path} must be a list of strings.",
            property_path=property_path,
            next_step=f"Write {property_path}=[{os.fspath(cast('str', values))!r}].",
        )
    if not isinstance(values, Sequence) or isinstance(values, bytes | bytearray | memoryview):
        raise ArgsError(f"{shown(cast(object, values))} is not a list.", property_path=property_path)
    found = cast("Sequence[object]", values)
    return tuple(each(value, f"{property_path}[{index}]") for index, value in enumerate(found))
