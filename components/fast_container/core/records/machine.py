"""The machine on AWS that an image was built on.

Decides what is needed to know what it cost: several images may share a machine, so its id and its beginning are kept
with each of them. Leaves prices to ``report.costs``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fast_container.core.json_document import string_field
from fast_container.core.records.numbers import seconds_field


@dataclass(frozen=True, slots=True)
class Machine:
    """A build on CodeBuild; empty for a build here.

    Attributes:
        build: The build's id, the same for all images that it built.
        kind: The environment's type, as ``LINUX_CONTAINER``.
        size: The compute type, as ``BUILD_GENERAL1_LARGE``.
        started: When CodeBuild took the build, in seconds since the epoch; 0 where that is not known.
    """

    build: str = ""
    kind: str = ""
    size: str = ""
    started: float = 0.0

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Machine:
        """Read it from a record.

        Raises:
            ValueError: A field is of another type.
        """
        return cls(
            build=string_field(document, "build"),
            kind=string_field(document, "kind"),
            size=string_field(document, "size"),
            started=seconds_field(document, "started"),
        )
