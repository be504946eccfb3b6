"""Arguments and secrets that the images of a program are given and none of them uses.

Decides that a name is worth a line if none of the images that are given it has it in its Dockerfile: a fleet, or a
loop, gives all its images the same arguments and secrets. Leaves the spare names of one image to ``core.spare_names``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from fast_container.core.ports import Reporter


@dataclass(slots=True)
class SpareNames:
    """Property paths, counted over the images of a program."""

    _given: Counter[str] = field(default_factory=Counter[str])
    _spare: Counter[str] = field(default_factory=Counter[str])
    _said: set[str] = field(default_factory=set[str])
    _first: dict[str, tuple[str, Reporter]] = field(default_factory=dict[str, "tuple[str, Reporter]"])

    def count(self, given: Collection[str], spare: Mapping[str, str], reporter: Reporter) -> None:
        """Count one image.

        Args:
            given: Property paths of the names that it is given.
            spare: Property path → line, for names that its Dockerfile does not have.
            reporter: The image's.
        """
        self._given.update(given)
        self._spare.update(spare.keys())
        for path, line in spare.items():
            self._first.setdefault(path, (line, reporter))

    def say(self) -> None:
        """Warn once of each name that no image has, however often this is called."""
        for path, (line, reporter) in self._first.items():
            if self._spare[path] == self._given[path] and path not in self._said:
                self._said.add(path)
                reporter.warn(f"{path}: {line}")
