"""What BuildKit did in one build: each step, each import and export of a cache.

Decides the fields and how they are read back. Leaves reading BuildKit's progress to the adapter, and what the slowest
step means to ``report``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

from fast_container.core.json_document import size_field, string_field
from fast_container.core.records.numbers import count_field, flag_field, seconds_field

# A step's text is what a reader knows it by; a heredoc of a thousand lines is not kept.
TEXT_CHARACTERS: Final = 200

_LOGIN: Final = re.compile(r"(?<=//)[^/@\s]+(?=@)")
_IN_QUERY: Final = re.compile(
    r"([?&][\w.-]*(?:token|key|secret|passw|signature|sig|credential)[\w.-]*=)[^&\s\"']+", re.IGNORECASE
)
# A shorter value of a build argument (a version, a flag) is left: it would be found where it is not meant.
_SHORTEST_VALUE: Final = 8

Transfer = Literal["import", "export"]


def public_text(text: str, build_args: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return a step's text as a record may have it: BuildKit writes values of build arguments into it.

    Args:
        text: As BuildKit names the step.
        build_args: Name → value; a value becomes its name again.
    """
    for name, value in sorted(build_args.items(), key=lambda one: -len(one[1])):
        if len(value) >= _SHORTEST_VALUE:
            text = text.replace(" ".join(value.split()), f"${{{name}}}")
    return _IN_QUERY.sub(r"\1***", _LOGIN.sub("***", text))


@dataclass(frozen=True, slots=True)
class StepRun:
    """One step of the Dockerfile in one build.

    Attributes:
        stage: The stage's name, or "" of a Dockerfile with one stage.
        number: Which step of its stage, from 1.
        count: How many its stage has.
        text: The instruction, at most ``TEXT_CHARACTERS``, without secrets.
        started_s: Seconds after BuildKit began with the build.
        duration_s: Seconds that it ran; the waits between are left out.
        cached: Whether it came out of the cache.
        usual_s: Of a step out of a cache, the seconds that it took when it last ran, as far as records know.
        transferred_bytes: Bytes that were fetched for it (layers of a base, files of a context).
    """

    stage: str
    number: int
    count: int
    text: str
    started_s: float = 0.0
    duration_s: float = 0.0
    cached: bool = False
    transferred_bytes: int = 0
    usual_s: float = 0.0

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> StepRun:
        """Read one from a record.

        Raises:
            ValueError: A field is of another type.
        """
        return cls(
            stage=string_field(document, "stage"),
            number=count_field(document, "number"),
            count=count_field(document, "count"),
            text=string_field(document, "text"),
            started_s=seconds_field(document, "started_s"),
            duration_s=seconds_field(document, "duration_s"),
            cached=flag_field(document, "cached"),
            transferred_bytes=size_field(document, "transferred_bytes"),
            usual_s=seconds_field(document, "usual_s"),
        )


@dataclass(frozen=True, slots=True)
class CacheTransfer:
    """One import or export of a cache.

    Attributes:
        kind: ``import`` or ``export``.
        reference: What BuildKit calls it: an image's reference, or ``inline``.
        duration_s: Seconds.
        failed: Whether BuildKit reported an error; a cache that is not there is one too.
    """

    kind: Transfer
    reference: str
    duration_s: float = 0.0
    failed: bool = False

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> CacheTransfer:
        """Read one from a record.

        Raises:
            ValueError: A field is of another type.
        """
        kind = string_field(document, "kind")
        if kind not in ("import", "export"):
            raise ValueError("its kind is neither import nor export")
        return cls(
            kind=kind,
            reference=string_field(document, "reference"),
            duration_s=seconds_field(document, "duration_s"),
            failed=flag_field(document, "failed"),
        )
