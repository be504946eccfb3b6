"""One span of a trace, with those inside it, as OpenTelemetry has them.

Decides the shape. Leaves which spans a run has, and their names, to ``report.spans``, and sending them to
``adapters.otlp``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Attribute: TypeAlias = str | int | float | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which something was done.

    Attributes:
        name: Names it in a list of spans.
        started: Seconds since the epoch.
        ended: Likewise.
        attributes: By OpenTelemetry's semantic conventions where there is one, else below ``fast_container``.
        inside: The spans that it is made of.
        failure: Why it failed, or "".
    """

    name: str
    started: float
    ended: float
    attributes: Mapping[str, Attribute] = field(default_factory=dict[str, Attribute])
    inside: tuple[Span, ...] = ()
    failure: str = ""
