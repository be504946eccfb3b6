"""Whether a build exports its registry cache: only where imports save more than exports cost.

Decides from samples of earlier builds alone, so two machines with the same records decide alike. An export is given up
when it takes more than what imports save a build, and resumed when a trial shows that it does not: two limits
apart, so that a build that is a little quicker or slower changes nothing. Every ``RETRY_AFTER`` builds one export tries
it, so a network that was slow for a day is not slow for ever. Without samples the cache is exported.

None of this is in the build key: a cache changes how long a build takes and never what it makes, since BuildKit takes a
step from a cache only where all that the step reads is the same. A cache that was not exported is an older one, or
none, and steps that it lacks run. Leaves measuring to ``core.caches.savings`` and flags to ``core.registry_cache``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import dropwhile, takewhile
from statistics import mean, median
from typing import Final, Literal

from fast_container.core.records.cache_export import SAMPLES_KEPT, CacheExport, ExportSample, Mode
from fast_container.core.records.record import seconds
from fast_container.core.spelling import counted

CacheExportPolicy = Literal["always", "never", "adaptive"]

WINDOW: Final = 10
"""Savings are the mean of so many builds that had something to import."""
RETRY_AFTER: Final = 10
"""After so many builds without an export, or with a smaller one, a trial is made."""
_LEAST_IMPORTS: Final = 2
_LEAST_EXPORTS: Final = 2
_LAST_EXPORTS: Final = 3
# An export is given up below the first and resumed above the second: savings as a share of its seconds.
_GIVE_UP: Final = 0.8
_RESUME: Final = 1.25
# An export that is quicker is not worth a decision.
_LEAST_S: Final = 1.0
# ``min`` keeps enough if so much of what imports save is of the image's own stage.
_OF_RESULT: Final = 0.8
_RANK: Final[dict[Mode, int]] = {"none": 0, "min": 1, "max": 2}
_MODE: Final = re.compile(r"(?<=\bmode=)(?:min|max)\b")


def decide(policy: CacheExportPolicy, samples: Sequence[ExportSample], full: Mode = "max") -> CacheExport:
    """Decide about one export.

    Args:
        policy: The builder's.
        samples: Of the image's earlier builds, the oldest first.
        full: The mode that the cache asks for.
    """
    kept = tuple(samples)[-SAMPLES_KEPT:]
    if policy == "never":
        return CacheExport("none", "", kept)
    if policy == "always" or all(one.mode == "none" for one in kept):
        return CacheExport(full, "", kept)
    mode, reason = _adaptive(kept, full)
    return CacheExport(mode, reason, kept)


def _adaptive(samples: Sequence[ExportSample], full: Mode) -> tuple[Mode, str]:
    mode = min(samples[-1].mode, full, key=_RANK.__getitem__)
    run = list(takewhile(lambda one: one.mode == samples[-1].mode, reversed(samples)))
    before = samples[-1 - len(run)].mode if len(run) < len(samples) else None
    saved = [one.saved_s for one in samples if one.saved_s is not None][-WINDOW:]
    saved_s = mean(saved) if saved else 0.0
    if _RANK[mode] < _RANK[full] and len(run) >= RETRY_AFTER:
        return full, f"exported again, to see what it takes now: {_figures(samples, saved_s, len(saved))}"
    if mode == "none":
        return mode, _skipped(samples, saved_s, len(saved), RETRY_AFTER - len(run))
    export_s = median(one.exported_s for one in run[:_LAST_EXPORTS])
    is_trial = len(run) == 1 and before is not None and _RANK[before] < _RANK[mode]
    if is_trial and before is not None:
        if saved_s >= _RESUME * export_s or export_s < _LEAST_S or len(saved) < _LEAST_IMPORTS:
            return mode, ""
        return before, _less(before, samples, saved_s, len(saved))
    is_measured = len(run) >= _LEAST_EXPORTS and len(saved) >= _LEAST_IMPORTS
    if not is_measured or export_s < _LEAST_S or saved_s >= _GIVE_UP * export_s:
        return mode, "" if mode == full else _less(mode, samples, saved_s, len(saved), RETRY_AFTER - len(run))
    lower: Mode = "min" if mode == "max" and _min_is_enough(samples, saved_s) else "none"
    return lower, _less(lower, samples, saved_s, len(saved))


def _min_is_enough(samples: Sequence[ExportSample], saved_s: float) -> bool:
    """Whether the image's own stage is where imports save, and there are others to leave out."""
    of_result = [one.result_saved_s for one in samples if one.result_saved_s is not None][-WINDOW:]
    return samples[-1].stages > 1 and saved_s > 0 and mean(of_result or [0.0]) >= _OF_RESULT * saved_s


def _less(mode: Mode, samples: Sequence[ExportSample], saved_s: float, count: int, left: int = RETRY_AFTER) -> str:
    if mode == "none":
        return _skipped(samples, saved_s, count, left)
    return f"exported in mode=min: {_figures(samples, saved_s, count)}; tried in full again in {counted(left, 'build')}"


def _skipped(samples: Sequence[ExportSample], saved_s: float, count: int, left: int) -> str:
    return f"not exported: {_figures(samples, saved_s, count)}; tried again in {counted(max(left, 1), 'build')}"


def _figures(samples: Sequence[ExportSample], saved_s: float, count: int) -> str:
    """``it took 31 s, imports saved 4.2 s a build (mean of 8)``; of the last exports in the largest mode."""
    largest = max(samples, key=lambda one: _RANK[one.mode]).mode
    until_then = list(dropwhile(lambda one: one.mode != largest, reversed(samples)))
    run = list(takewhile(lambda one: one.mode == largest, until_then))
    took = median(one.exported_s for one in run[:_LAST_EXPORTS])
    return f"it took {seconds(took)}, imports saved {seconds(saved_s)} a build (mean of {count})"


def exports_of(decision: CacheExport, options: Iterable[str]) -> tuple[str, ...]:
    """Values of ``--cache-to`` as decided."""
    if decision.mode == "none":
        return ()
    if decision.mode == "max":
        return tuple(options)
    return tuple(_MODE.sub("min", option) for option in options)


def full_mode(options: Iterable[str]) -> Mode:
    """The mode that values of ``--cache-to`` ask for; ``none`` without one."""
    modes = [found[0] if (found := _MODE.search(option)) else "min" for option in options]
    return "none" if not modes else "max" if "max" in modes else "min"


def merged(*histories: Iterable[ExportSample]) -> tuple[ExportSample, ...]:
    """The samples of several records, each once, the oldest first."""
    found = {sample.identity: sample for history in histories for sample in history}
    return tuple(sorted(found.values(), key=lambda one: one.identity))[-SAMPLES_KEPT:]
