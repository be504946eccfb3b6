"""Values of a YAML file with the lines that they stand on, of the types that the reader asks for.

Decides that a key which is unknown or said twice is an error, as for Go's strict reading, and that a string is what is
written: ``value: 8080`` is the string ``8080``. Leaves which keys there are to ``checks.image.structure.reading``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

import yaml

from fast_container.errors import ArgsError

_TRUE = frozenset({"true", "yes", "on", "y"})
_FALSE = frozenset({"false", "no", "off", "n"})
_MERGE_TAG = "tag:yaml.org,2002:merge"
_NULL_TAG = "tag:yaml.org,2002:null"


class Value:
    """A value of a file.

    Args:
        file: The file's name, for errors.
        node: What PyYAML made of it.
        key: What it is the value of.
    """

    def __init__(self, file: str, node: yaml.Node, key: str = "") -> None:
        self._file = file
        self._node = node
        self._key = key

    @property
    def line(self) -> int:
        """The line it begins on."""
        return self._node.start_mark.line + 1

    @property
    def is_null(self) -> bool:
        """Whether nothing is said."""
        return self._node.tag == _NULL_TAG

    def error(self, what: str, next_step: str = "") -> ArgsError:
        """Make an error that names file and line."""
        return ArgsError(what, property_path=f"{self._file}:{self.line}", next_step=next_step)

    def fields(self, known: Iterable[str]) -> Mapping[str, Value]:
        """Return the values of a mapping; those that say nothing are left out.

        Raises:
            ArgsError: It is not one, or it has a key twice or one that is not known.
        """
        if not isinstance(self._node, yaml.MappingNode):
            raise self._not("a mapping")
        found: dict[str, Value] = {}
        defaults: dict[str, Value] = {}
        for key_node, value_node in cast("list[tuple[yaml.Node, yaml.Node]]", self._node.value):
            if key_node.tag == _MERGE_TAG:
                for base in Value(self._file, value_node, "<<").one_or_many():
                    defaults = {**base.fields(known), **defaults}
                continue
            key = Value(self._file, key_node).string()
            value = Value(self._file, value_node, key)
            if key not in known:
                raise Value(self._file, key_node).error(f"{key} is not known here.", f"Say one of: {', '.join(known)}.")
            if key in found:
                raise Value(self._file, key_node).error(f"{key} is said twice.", "Say it once.")
            found[key] = value
        return {key: value for key, value in {**defaults, **found}.items() if not value.is_null}

    def one_or_many(self) -> list[Value]:
        """Return the values of a list, or the value alone."""
        return self.items() if isinstance(self._node, yaml.SequenceNode) else [self]

    def items(self) -> list[Value]:
        """Return the values of a list.

        Raises:
            ArgsError: It is not one.
        """
        if not isinstance(self._node, yaml.SequenceNode):
            raise self._not("a list")
        return [Value(self._file, node, self._key) for node in cast("list[yaml.Node]", self._node.value)]

    def strings(self) -> tuple[str, ...]:
        """Return the strings of a list."""
        return tuple(item.string() for item in self.items())

    def string(self) -> str:
        """Return a string, as it is written.

        Raises:
            ArgsError: It is a list or a mapping.
        """
        if not isinstance(self._node, yaml.ScalarNode):
            raise self._not("a string")
        return "" if self.is_null else cast("str", self._node.value)

    def boolean(self) -> bool:
        """Return true or false.

        Raises:
            ArgsError: It is neither.
        """
        said = self.string().lower()
        if said not in _TRUE | _FALSE:
            raise self._not("true or false")
        return said in _TRUE

    def integer(self) -> int:
        """Return a number without a fraction.

        Raises:
            ArgsError: It is not one.
        """
        said = self.string()
        if not said.removeprefix("-").isdecimal():
            raise self._not("a number")
        return int(said)

    def _not(self, kind: str) -> ArgsError:
        return self.error(f"{self._key or 'The file'} is not {kind}.", f"Write {kind}.")


def load(file: str, text: str) -> Value:
    """Read a file.

    Raises:
        ArgsError: It is not YAML, is empty, or has several documents.
    """
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            raise ArgsError("The file of structure tests is empty.", property_path=file)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ArgsError(
            "The file of structure tests is not YAML.", property_path=f"{file}:{line}", why=error.problem or str(error)
        ) from None
    except yaml.YAMLError as error:
        raise ArgsError("The file of structure tests is not YAML.", property_path=file, why=str(error)) from None
    return Value(file, node)
