"""A table of a TOML file, with values of the types that they are to have.

Decides how a file is read and how a value of another type is refused: with the file and the value's dotted name, never
with a traceback. Leaves the meaning of the values to the readers (``python_base.packages.local_package``,
``python_base.locks.uv_lock``, …).
"""

# ruff: noqa: PTH113, PTH118, PTH123 - paths are strings that stay relative to the root

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from fast_container.errors import ContextError

_KINDS: Final[Mapping[type, str]] = {
    str: "a string",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "an array",
    dict: "a table",
}


@dataclass(frozen=True, slots=True)
class TomlTable:
    """A table; a missing one is empty.

    Attributes:
        file: The file, for messages.
        values: Its content.
        name: Its dotted name; "" for the whole file.
    """

    file: str
    values: Mapping[str, object] = field(default_factory=dict[str, object])
    name: str = ""

    def __contains__(self, key: str) -> bool:
        """Whether there is a value."""
        return key in self.values

    def dotted(self, key: str) -> str:
        """Return the dotted name of a value."""
        return f"{self.name}.{key}" if self.name else key

    def table(self, *keys: str) -> TomlTable:
        """Return the table at the end of some keys."""
        found = self
        for key in keys:
            value = found.values.get(key)
            if value is not None and not isinstance(value, dict):
                raise found.wrong(key, "a table")
            found = TomlTable(self.file, cast("Mapping[str, object]", value or {}), found.dotted(key))
        return found

    def tables(self, key: str) -> tuple[TomlTable, ...]:
        """Return the tables of an array."""
        found = tuple(item for item in self.texts_and_tables(key, "an array of tables") if not isinstance(item, str))
        if len(found) != len(self.items(key, "an array of tables").values):
            raise self.wrong(key, "an array of tables")
        return found

    def texts_and_tables(self, key: str, expected: str = "a list of requirements") -> tuple[str | TomlTable, ...]:
        """Return the items of an array that holds strings and tables."""
        inside = self.items(key, expected)
        found: list[str | TomlTable] = []
        for name, item in inside.values.items():
            if not isinstance(item, str | dict):
                raise self.wrong(key, expected)
            found.append(item if isinstance(item, str) else inside.table(name))
        return tuple(found)

    def table_or_tables(self, key: str) -> tuple[TomlTable, ...]:
        """Return one table, or those of an array."""
        return self.tables(key) if isinstance(self.values.get(key), list) else (self.table(key),)

    def text(self, key: str) -> str:
        """Return a string; "" if there is no value."""
        value = self.values.get(key, "")
        if not isinstance(value, str):
            raise self.wrong(key, "a string")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return an array of strings."""
        items = self.items(key, "an array of strings").values
        texts = tuple(item for item in items.values() if isinstance(item, str))
        if len(texts) != len(items):
            raise self.wrong(key, "an array of strings")
        return texts

    def text_or_texts(self, key: str) -> tuple[str, ...]:
        """Return one string, or those of an array."""
        return (self.text(key),) if isinstance(self.values.get(key), str) else self.texts(key)

    def flag(self, key: str) -> bool:
        """Return a Boolean; false if there is no value."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def wrong(self, key: str, expected: str) -> ContextError:
        """Make the error for a value of another type."""
        return ContextError(
            f"{self.dotted(key)} is not {expected}",
            path=self.file,
            why=f"it is {_kind(self.values.get(key))}",
            next_step=f"Correct {self.dotted(key)}",
        )

    def items(self, key: str, expected: str) -> TomlTable:
        """Return the items of an array, each under its dotted name."""
        value = self.values.get(key, [])
        if not isinstance(value, list):
            raise self.wrong(key, expected)
        items = cast("list[object]", value)
        return TomlTable(self.file, {f"{self.dotted(key)}[{number}]": item for number, item in enumerate(items)})


def read_toml(root: str, file: str) -> TomlTable:
    """Read a TOML file below the root.

    Raises:
        ContextError: It does not exist or is not TOML.
    """
    try:
        with open(os.path.join(root, file), "rb") as opened:
            return TomlTable(file, tomllib.load(opened))
    except OSError as error:
        setup = file.endswith("pyproject.toml") and os.path.isfile(
            os.path.join(root, file[: -len("pyproject.toml")], "setup.py")
        )
        raise ContextError(
            "A file that declares dependencies cannot be read.",
            path=file,
            why="what setup.py declares is known only by running it" if setup else error.strerror or str(error),
            next_step="Give the directory of a package with a pyproject.toml, relative to the root.",
        ) from None
    # Other ValueErrors are bytes that are not UTF-8, numbers with too many digits, and paths with a zero byte.
    except (ValueError, RecursionError) as error:
        raise ContextError("A file that declares dependencies is not TOML.", path=file, why=str(error)) from None


def _kind(value: object) -> str:
    for kind, name in _KINDS.items():
        if isinstance(value, kind):
            return name
    return "a date or a time"
