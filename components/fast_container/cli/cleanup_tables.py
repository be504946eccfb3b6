"""What ``gc`` prints: tables of what goes and of what stays, with bytes and money, and the same as JSON.

Decides the form. Leaves the decision to ``core.cleanup``, and prices to ``report.costs``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from fast_container.cleanup.deletion import Outcome
from fast_container.cleanup.scan import Scan
from fast_container.cli.columns import table, terminal_width
from fast_container.core.cleanup.reachable import shown_name
from fast_container.core.cleanup.savings import dollars_a_month, saved_bytes
from fast_container.core.cleanup.sources import SourceObject
from fast_container.core.cleanup.verdicts import Verdict, age_text
from fast_container.core.spelling import counted, size_text
from fast_container.report.costs.prices import DEFAULTS

_MOST: Final = 40
_PRICE: Final = DEFAULTS["ecr_storage_gb_month"].value or 0.0
_NAME: Final = 19


def lines_of(found: Scan, sources: Sequence[SourceObject], notes: Sequence[str], *, everything: bool) -> Iterator[str]:
    """Yield the tables of a scan."""
    for url in dict.fromkeys(verdict.image.repository for verdict in found.verdicts):
        of_url = [verdict for verdict in found.verdicts if verdict.image.repository == url]
        yield url
        for title, is_deleted in (("may go", True), ("stays", False)):
            some = [verdict for verdict in of_url if verdict.is_deleted == is_deleted]
            if some:
                yield f" {title}: {counted(len(some), 'image')}"
                yield from _rows(some, found.now, everything=everything)
    if sources:
        yield from _source_lines(sources)
    yield from (f"note: {note}" for note in notes)
    yield from _sums(found, sources)


def _rows(verdicts: Sequence[Verdict], now: float, *, everything: bool) -> Iterator[str]:
    shown = sorted(verdicts, key=lambda one: (-one.image.pushed, one.image.digest))
    few = shown if everything else shown[:_MOST]
    cells = [
        [
            _short(shown_name(one.image)),
            age_text(now - one.image.pushed) if one.image.pushed else "?",
            size_text(one.image.size_bytes),
            one.reason,
        ]
        for one in few
    ]
    yield from table(cells, "03", terminal_width())
    if len(few) < len(shown):
        yield f"  … and {len(shown) - len(few)} more: --all lists them"


def _short(name: str) -> str:
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"


def _source_lines(sources: Sequence[SourceObject]) -> Iterator[str]:
    for bucket in dict.fromkeys(one.bucket for one in sources):
        of_bucket = [one for one in sources if one.bucket == bucket]
        size = size_text(sum(one.size_bytes for one in of_bucket))
        yield f"s3://{bucket}"
        yield f" may go: {counted(len(of_bucket), 'source object')}, {size}"


def _sums(found: Scan, sources: Sequence[SourceObject]) -> Iterator[str]:
    saved = saved_bytes(found.verdicts)
    count = sum(verdict.is_deleted for verdict in found.verdicts)
    money = dollars_a_month(saved, _PRICE)
    yield f"may go: {count} of {counted(len(found.verdicts), 'image')}, {size_text(saved)}, ${money:.2f} a month"
    if sources:
        size = sum(one.size_bytes for one in sources)
        yield f"may go: {counted(len(sources), 'source object')}, {size_text(size)}"


def outcome_lines(outcome: Outcome, sources: int, failed_sources: Mapping[str, str]) -> Iterator[str]:
    """Yield what was done."""
    yield f"deleted: {counted(len(outcome.deleted), 'image')}"
    yield from (f"stays after all: {digest}: {why}" for (_, digest), why in outcome.spared.items())
    yield from (f"not deleted: {url}@{digest}: {why}" for (url, digest), why in outcome.failed.items())
    if sources:
        yield f"deleted: {counted(sources - len(failed_sources), 'source object')}"
    yield from (f"not deleted: {key}: {why}" for key, why in failed_sources.items())


def as_json(
    found: Scan,
    sources: Sequence[SourceObject],
    notes: Sequence[str],
    outcome: Outcome | None,
    failed_sources: Mapping[str, str],
) -> dict[str, Any]:
    """Make the object of ``--json``; its fields are described in ``docs/cleanup.md``."""
    saved = saved_bytes(found.verdicts)
    document: dict[str, Any] = {
        "version": 1,
        "images": [_image(verdict) for verdict in found.verdicts],
        "sources": [{"bucket": one.bucket, "key": one.key, "bytes": one.size_bytes} for one in sources],
        "notes": list(notes),
        "saved_bytes": saved,
        "saved_dollars_a_month": round(dollars_a_month(saved, _PRICE), 4),
        "deleted": None,
    }
    if outcome is not None:
        document["deleted"] = {
            "images": [f"{image.repository}@{image.digest}" for image in outcome.deleted],
            "spared": {f"{url}@{digest}": why for (url, digest), why in outcome.spared.items()},
            "failed": {f"{url}@{digest}": why for (url, digest), why in outcome.failed.items()},
            "failed_sources": dict(failed_sources),
        }
    return document


def _image(verdict: Verdict) -> dict[str, Any]:
    image = verdict.image
    return {
        "repository_url": image.repository,
        "digest": image.digest,
        "tags": list(image.tags),
        "kind": image.kind.value,
        "pushed": image.pushed,
        "bytes": image.size_bytes,
        "delete": verdict.is_deleted,
        "reason": verdict.reason,
    }
