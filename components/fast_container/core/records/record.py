"""The record of one image in one ``up``: what was decided, what happened, how long it took.

Decides the fields and their JSON form, versioned: a reader leaves out fields that a newer program added, and reads
what an older one wrote. Leaves where records are kept to adapters, and how they read to ``report``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, cast, get_args

from fast_container.core.json_document import (
    as_string_mapping,
    as_strings,
    object_field,
    objects_field,
    parse_object,
    size_field,
    string_field,
)
from fast_container.core.records.cache_export import CacheExport
from fast_container.core.records.machine import Machine
from fast_container.core.records.numbers import count_field, seconds_field
from fast_container.core.records.origin import Origin
from fast_container.core.records.phases import PhaseSeconds
from fast_container.core.records.steps import CacheTransfer, StepRun
from fast_container.core.spelling import counted, megabytes

SCHEMA: Final = 2
NAME_TOLD: Final = "image"
"""Annotation of a record beside its image: the image's name in its program."""
BASES_TOLD: Final = "bases"
"""Annotation of a record beside its image: the key tags of its base images of ours, separated by blanks."""
# Enough of a layer's digest to tell it from others.
LAYER_DIGITS: Final = 16
# What a hostile record may make a reader keep.
_MOST_STEPS: Final = 5_000

_WORTH_SAYING_S = 1.0

Outcome = Literal["built", "reused", "copied", "unchanged", "failed"]


@dataclass(frozen=True, slots=True)
class BuildRecord:
    """One image of one ``up``.

    Attributes:
        name: The image's name in the program.
        repository_url: ``host/name``.
        key: The build key, 64 hexadecimal digits.
        digest: The verified manifest's digest; "" where the build failed.
        outcome: ``built``, ``reused`` when its repository had it, ``copied`` when another one had it, ``unchanged``
            when the stack had it, or ``failed``.
        started: Seconds since the epoch.
        duration_s: From the lookup to the tag, without waiting.
        waited_s: For a place among the builder's builds, and in CodeBuild's own queue.
        steps: The Dockerfile's steps in this build; 0 unless built.
        steps_cached: How many of them came out of the cache.
        pushed_bytes: Compressed bytes of the layers that were new to the repository, as far as this program knows:
            those of the previous image and of images published before in the same program do not count. Of a copy:
            what was sent.
        image_bytes: Compressed size: the sum over configuration and layers of the manifest.
        executor: ``local`` or ``codebuild``; "" unless built.
        reason: Why it was built or reused, or why the build failed, in one line.
        copied_from: ``host/name`` of the repository that had it, when copied.
        log_path: Where the full log lies on the machine that built, or "". Not for the state, nor for the registry.
        platform: As the image was asked for, ``linux/arm64``; "" for the builder's own.
        builder: buildx's or the project's name, and BuildKit's version where it is known.
        phases: Where the time went.
        timeline: BuildKit's steps.
        caches: Imports and exports of caches.
        cache_export: Whether and how a registry cache was exported, and why; None without one.
        layer_bytes: Compressed bytes of each layer, in their order; the configuration is the last.
        layers: First 16 hexadecimal digits of the digests of ``layer_bytes``, in the same order: enough to know which
            layers images share.
        machine: The machine on AWS, if it was built there.
        uploaded_bytes: Sources that went to S3.
        findings: Rule → the gravest level that a check of the image gave it.
        origin: Who and from where.
        previous: Digest of the image that the stack had before, or "": where an image's history goes on.
        schema: Version of this form.
    """

    name: str
    repository_url: str
    key: str
    digest: str
    outcome: Outcome
    started: float
    duration_s: float
    steps: int = 0
    steps_cached: int = 0
    pushed_bytes: int = 0
    image_bytes: int = 0
    executor: str = ""
    reason: str = ""
    log_path: str = ""
    copied_from: str = ""
    waited_s: float = 0.0
    platform: str = ""
    builder: str = ""
    phases: PhaseSeconds = field(default_factory=PhaseSeconds)
    timeline: tuple[StepRun, ...] = ()
    caches: tuple[CacheTransfer, ...] = ()
    cache_export: CacheExport | None = None
    layer_bytes: tuple[int, ...] = ()
    layers: tuple[str, ...] = ()
    machine: Machine = field(default_factory=Machine)
    uploaded_bytes: int = 0
    findings: Mapping[str, str] = field(default_factory=dict[str, str])
    origin: Origin = field(default_factory=Origin)
    previous: str = ""
    schema: int = SCHEMA

    @property
    def ended(self) -> float:
        """Seconds since the epoch."""
        return self.started + self.waited_s + self.duration_s

    def summary(self) -> str:
        """Return the closing line: ``built in 41 s: 3 of 7 steps cached, 38 MB pushed``."""
        if self.outcome in ("reused", "unchanged"):
            return "reused from the registry" if self.outcome == "reused" else "unchanged"
        if self.outcome == "copied":
            return f"copied from {self.copied_from}: {megabytes(self.pushed_bytes)}"
        waited = f", after {seconds(self.waited_s)} of waiting" if self.waited_s >= _WORTH_SAYING_S else ""
        if self.outcome == "failed":
            return f"failed after {seconds(self.duration_s)}{waited}"
        cached = f"{self.steps_cached} of {counted(self.steps, 'step')} cached"
        exported = self.cache_export.short if self.cache_export else ""
        pushed = f"{megabytes(self.pushed_bytes)} pushed{exported}"
        return f"built in {seconds(self.duration_s)}{waited}: {cached}, {pushed}"

    def document(self) -> dict[str, Any]:
        """Its fields, as JSON has them."""
        return asdict(self)

    def to_json(self) -> str:
        """One line of JSON, keys sorted."""
        return json.dumps(self.document(), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> BuildRecord:
        """Read what ``to_json`` wrote, of this schema or of an older one.

        Raises:
            ValueError: It is not such a record, or its schema is newer than this program's.
        """
        document = parse_object(text)
        schema = document.get("schema")
        if type(schema) is not int or not 1 <= schema <= SCHEMA:
            raise ValueError(f"build record of schema {schema!r}; this program knows {SCHEMA}")
        outcome = string_field(document, "outcome")
        if outcome not in get_args(Outcome):
            raise ValueError(f"its outcome is {outcome!r}")
        steps = objects_field(document, "timeline")[:_MOST_STEPS]
        plain: dict[str, Any] = {
            **{name: string_field(document, name) for name in _STRINGS},
            **{name: size_field(document, name) for name in _SIZES},
            **{name: count_field(document, name) for name in ("steps", "steps_cached")},
            **{name: seconds_field(document, name) for name in ("started", "duration_s", "waited_s")},
        }
        try:
            return cls(
                **plain,
                outcome=cast("Outcome", outcome),
                phases=PhaseSeconds.of(object_field(document, "phases")),
                timeline=tuple(StepRun.of(step) for step in steps),
                caches=tuple(CacheTransfer.of(one) for one in objects_field(document, "caches")[:_MOST_STEPS]),
                cache_export=CacheExport.of(object_field(document, "cache_export")),
                layer_bytes=tuple(size_field({"size": one}, "size") for one in _list(document, "layer_bytes")),
                layers=as_strings(_list(document, "layers")),
                machine=Machine.of(object_field(document, "machine")),
                findings=as_string_mapping(object_field(document, "findings")),
                origin=Origin.of(object_field(document, "origin")),
                schema=schema,
            )
        except TypeError as error:
            raise ValueError(f"not a build record: {error}") from error


_STRINGS: Final = (
    *("name", "repository_url", "key", "digest", "executor", "reason", "log_path", "copied_from", "platform"),
    *("builder", "previous"),
)
_SIZES: Final = ("pushed_bytes", "image_bytes", "uploaded_bytes")


def _list(document: Mapping[str, Any], name: str) -> list[object]:
    value: object = document.get(name) or []
    if not isinstance(value, list):
        raise ValueError(f"its {name} is not a list")
    return cast("list[object]", value)[:_MOST_STEPS]


def seconds(duration_s: float) -> str:
    """``41 s``, ``3.2 s``."""
    return f"{duration_s:.0f} s" if duration_s >= 10 else f"{duration_s:.1f} s"
