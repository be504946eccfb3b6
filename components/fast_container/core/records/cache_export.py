"""What the cache export of one build took, and what its imports saved: with that of the builds before it.

Decides the fields. Each record carries the samples of the builds before, so that the newest record of an image is
enough to decide about the next export, on whatever machine. Leaves the decision to ``core.caches.exports``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast, get_args

from fast_container.core.json_document import objects_field, string_field
from fast_container.core.records.numbers import count_field, seconds_field

Mode = Literal["max", "min", "none"]

SAMPLES_KEPT: Final = 24
_KEY_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class ExportSample:
    """One build that had a registry cache.

    Attributes:
        started: When it began, in seconds since the epoch.
        key: Start of its build key.
        mode: As it was exported; ``none`` was not.
        exported_s: Seconds that the export took.
        saved_s: Seconds that the steps which its imports brought take when they run, less those of the import; None
            where there was nothing to import.
        result_saved_s: Those of the image's own stage among them: ``min`` keeps those alone.
        stages: How many stages it had.
    """

    started: float
    key: str
    mode: Mode
    exported_s: float
    saved_s: float | None = None
    result_saved_s: float | None = None
    stages: int = 1

    @property
    def identity(self) -> tuple[float, str]:
        """The fields by which samples are told apart."""
        return self.started, self.key

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> ExportSample:
        """Read one from a record.

        Raises:
            ValueError: A field is of another type.
        """
        return cls(
            started=seconds_field(document, "started"),
            key=string_field(document, "key"),
            mode=_mode(document),
            exported_s=seconds_field(document, "exported_s"),
            saved_s=_maybe(document, "saved_s"),
            result_saved_s=_maybe(document, "result_saved_s"),
            stages=count_field(document, "stages"),
        )


@dataclass(frozen=True, slots=True)
class CacheExport:
    """The decision about one build's cache export, and the samples that the next one is decided by.

    Attributes:
        mode: As it was exported; ``none`` was not.
        reason: The figures that decided, in one line; "" where nothing was to decide.
        samples: The oldest first; the last one is the build's own once it is done.
    """

    mode: Mode
    reason: str = ""
    samples: tuple[ExportSample, ...] = ()

    @property
    def line(self) -> str:
        """The decision in one line, for the image's row; "" where the cache is exported as it is asked for."""
        return f"cache {self.reason}" if self.reason else ""

    @property
    def short(self) -> str:
        """The end of the closing line likewise."""
        if not self.reason or self.mode == "max":
            return ""
        return ", cache not exported" if self.mode == "none" else ", cache exported in mode=min"

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> CacheExport | None:
        """Read it from a record; None where the build had no cache.

        Raises:
            ValueError: A field is of another type.
        """
        if not document:
            return None
        samples = objects_field(document, "samples")[-SAMPLES_KEPT:]
        return cls(_mode(document), string_field(document, "reason"), tuple(ExportSample.of(one) for one in samples))


def key_start(key: str) -> str:
    """The part of a build key that a sample keeps."""
    return key[:_KEY_DIGITS]


def _mode(document: Mapping[str, Any]) -> Mode:
    mode = string_field(document, "mode")
    if mode not in get_args(Mode):
        raise ValueError("its mode is not one of an export")
    return cast("Mode", mode)


def _maybe(document: Mapping[str, Any], name: str) -> float | None:
    return None if document.get(name) is None else seconds_field(document, name)
