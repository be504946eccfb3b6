"""The record of one build: what happened, for reports and for the state.

Decides the fields and their JSON form, versioned. Leaves where records are kept and how they read to
``report``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, cast

from fast_container.core.json_document import parse_json
from fast_container.core.spelling import counted, megabytes

SCHEMA = 1

_WORTH_SAYING_S = 1.0

Outcome = Literal["built", "reused", "copied"]


@dataclass(frozen=True, slots=True)
class BuildRecord:
    """One image that was published.

    Attributes:
        name: The image's name in the program.
        repository_url: ``host/name``.
        key: The build key, 64 hexadecimal digits.
        digest: The verified manifest's digest.
        outcome: ``built``, ``reused`` when its repository had it, or ``copied`` when another one had it.
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
        reason: Why it was built or reused, in one line.
        copied_from: ``host/name`` of the repository that had it, when copied.
        log_path: Where the full log lies on the machine that built, or "". Not for the state.
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
    schema: int = SCHEMA

    def summary(self) -> str:
        """Return the closing line: ``built in 41 s: 3 of 7 steps cached, 38 MB pushed``."""
        if self.outcome == "reused":
            return "reused from the registry"
        if self.outcome == "copied":
            return f"copied from {self.copied_from}: {megabytes(self.pushed_bytes)}"
        waited = f", after {_seconds(self.waited_s)} in the queue" if self.waited_s >= _WORTH_SAYING_S else ""
        cached = f"{self.steps_cached} of {counted(self.steps, 'step')} cached"
        return f"built in {_seconds(self.duration_s)}{waited}: {cached}, {megabytes(self.pushed_bytes)} pushed"

    def to_json(self) -> str:
        """One line of JSON, keys sorted."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> BuildRecord:
        """Read what ``to_json`` wrote.

        Fields that a newer minor form added are left out.

        Raises:
            ValueError: It is not such a record, or its schema is newer than this program.
        """
        loaded: object = parse_json(text)
        if not isinstance(loaded, dict):
            raise ValueError("not a build record")
        data = cast("dict[str, Any]", loaded)
        if not isinstance(data.get("schema"), int) or data["schema"] > SCHEMA:
            raise ValueError(f"build record of schema {data.get('schema')!r}; this program knows {SCHEMA}")
        known = {f.name for f in fields(cls)}
        try:
            return cls(**{name: value for name, value in data.items() if name in known})
        except TypeError as error:
            raise ValueError(f"not a build record: {error}") from error


def _seconds(duration_s: float) -> str:
    return f"{duration_s:.0f} s" if duration_s >= 10 else f"{duration_s:.1f} s"
