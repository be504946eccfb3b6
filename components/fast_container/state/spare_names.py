"""What the images of a program are given and none of them uses.

Decides that a name is worth a line when no image that is given it has it in its Dockerfile: a fleet, or a loop, gives
all its images the same arguments. A secret is shared by the images of one parent only (a fleet, a component): given
to an image that does not mount it, it is most likely a typo, and the image goes without it. Leaves what is spare of
one image to ``core.spare_names``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from fast_container.core.ports import Reporter


class _Name(NamedTuple):
    """A name, and who shares it: the whole program (""), or one family."""

    path: str
    shared_by: str

    @classmethod
    def of(cls, path: str, family: str) -> _Name:
        return cls(path, family if path.startswith(("secrets[", "optional_secrets[")) else "")


@dataclass(slots=True)
class SpareNames:
    """Counted over the images of a program."""

    _given: Counter[_Name] = field(default_factory=Counter[_Name])
    _spare: Counter[_Name] = field(default_factory=Counter[_Name])
    _first: dict[_Name, tuple[str, Reporter]] = field(default_factory=dict[_Name, "tuple[str, Reporter]"])

    def count(self, given: Collection[str], spare: Mapping[str, str], reporter: Reporter, family: str) -> None:
        """Count one image.

        Args:
            given: Property paths of the names that it is given.
            spare: Property path → line, of those that its Dockerfile does not have.
            reporter: The image's.
            family: Whose images share their secrets.
        """
        self._given.update(_Name.of(path, family) for path in given)
        for path, line in spare.items():
            name = _Name.of(path, family)
            self._spare[name] += 1
            self._first.setdefault(name, (line, reporter))

    def say(self) -> None:
        """One warning for each name that no image has."""
        for name, (line, reporter) in self._first.items():
            if self._spare[name] == self._given[name]:
                reporter.warn(f"{name.path}: {line}")
