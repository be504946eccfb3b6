"""Former names of arguments, which go on working until version 1.0.

Decides that the user is told about an old name (on the stack's row, and as a ``DeprecationWarning`` that test runners
show), and that both names together are refused. Leaves the meaning of the value to the component.
"""

from __future__ import annotations

import warnings
from typing import TypeVar

import pulumi

from fast_container.errors import ArgsError

T = TypeVar("T")


def renamed(former: T | None, given: T | None, *, old: str, new: str, component: str, advice: str = "") -> T | None:
    """Return the value of an argument that has a new name, given by either of them.

    Args:
        former: The value under the old name; None if it was not given.
        given: The value under the new name; None if it was not given.
        old: The old name.
        new: The new name.
        component: The component that it was given to, for the message: ``ImageRepository 'images'``.
        advice: Another difference, such as the unit; a full sentence.

    Raises:
        ArgsError: Both names were given.
    """
    if former is None:
        return given
    if given is not None:
        raise ArgsError(
            f"{old} and {new} are both given.",
            property_path=old,
            why=f"{old} is the former name of {new}",
            next_step=f"Leave {old} out.",
        )
    say_deprecated(f"{component}: the argument {old} is called {new} now; {old} works until version 1.0.", advice)
    return former


def say_deprecated(line: str, advice: str = "") -> None:
    """Warn of something that will stop working: on the stack's row, and for test runners."""
    text = f"{line} {advice}".rstrip()
    # Attributed to this module, so that a program shows it only once, on its stack's row.
    warnings.warn(text, DeprecationWarning, stacklevel=1)
    pulumi.log.warn(text)
