"""Issue: what records cost a deploy, how soon a report is there, and whether it sees what got worse and nothing else.

Measured in this process, without an engine: a record is made, kept, and put beside its image in the registry of the
local cloud, as an ``up`` does it. Histories are simulated: builds about thirty seconds, of which one in fifty met a
busy machine. A further table about records is a further part of ``records``.
"""

from __future__ import annotations

import json
import math
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from bench.measuring import Series
from bench.table import Table, Target
from bench.workplace import Workplace
from fast_container.adapters.records.local_records import LocalRecords
from fast_container.adapters.records.shared_records import SharedRecords
from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.adapters.registry.registries import Registries
from fast_container.core.aws_access import AwsAccess
from fast_container.core.oci.artifact import digest_of
from fast_container.core.oci.media_types import OCI_MANIFEST
from fast_container.core.ports import Manifest
from fast_container.core.records.origin import Origin
from fast_container.core.records.phases import PhaseSeconds
from fast_container.core.records.record import BuildRecord
from fast_container.core.records.steps import StepRun
from fast_container.report.markdown import report_markdown
from fast_container.report.pages.builds_page import builds_page
from fast_container.report.regressions import larger, slower
from fast_container.report.runs import runs_of
from fast_container.report.spans import spans_of
from fast_container.report.text import report_text

_IMAGES, _RUNS = 500, 50
_STEPS = 20
_INPUTS = 60_000
_HISTORIES, _BEFORE = 1_000, 30
_NOISE = 0.05
_MADE = random.Random(3)


def records(workplace: Workplace) -> list[Table]:
    """See the module."""
    parts: Sequence[Callable[[Workplace], Table]] = (_overhead, _reports, _regressions)
    return [part(workplace) for part in parts]


def _record(number: int, run: int = 0, *, outcome: str = "built") -> BuildRecord:
    built = outcome == "built"
    steps = tuple(
        StepRun("build", at, _STEPS, f"RUN pip install package-{at}", at * 0.4, 0.4, cached=at % 3 > 0)
        for at in range(_STEPS)
    )
    return BuildRecord(
        f"image-{number}",
        "host/shop/images",
        f"{number:032x}{run:032x}",
        f"sha256:{run * 1_000_000 + number:064x}",
        "built" if built else "unchanged",
        1_795_000_000.0 + run * 86_400 + number * 0.1,
        9.0 * math.exp(_MADE.gauss(0, _NOISE)) if built else 0.0,
        steps=_STEPS if built else 0,
        steps_cached=12 if built else 0,
        image_bytes=90_000_000 + number,
        executor="local" if built else "",
        reason="1 file changed (app/main.py)" if built else "",
        phases=PhaseSeconds(waiting=1, building=7, exporting=1, pushing=1) if built else PhaseSeconds(),
        timeline=steps if built else (),
        layer_bytes=(30_000_000,) * 6 if built else (),
        origin=Origin(f"{run:012x}", "shop/prod", commit="0" * 40, branch="main"),
    )


def _overhead(workplace: Workplace) -> Table:
    rounds, images = (1, 100) if workplace.is_quick else (5, 500)
    unchanged: list[float] = []
    kept: list[float] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(dir=workplace.folder) as folder:
            place = LocalRecords(Path(folder))
            began = time.perf_counter()
            place.append("a" * 12, 1.0, [_record(number, outcome="unchanged") for number in range(images)])
            unchanged.append((time.perf_counter() - began) / images)
            began = time.perf_counter()
            for number in range(images):
                place.append("a" * 12, 1.0, [_record(number)])
            kept.append((time.perf_counter() - began) / images)
    beside = Series(tuple(_beside(workplace) for _ in range(3 * rounds)))
    of_unchanged, of_kept = Series(tuple(unchanged)), Series(tuple(kept))
    whole = of_kept.median + beside.median
    return Table(
        "Records: what they cost an image (ms)",
        ["no records at all; of an image that is built, putting its record is what no image waits for"],
        ["", "ms an image"],
        [
            [f"unchanged: recorded, {images} together", of_unchanged.text("ms")],
            [f"built, {_STEPS} steps: recorded", of_kept.text("ms")],
            ["built: put beside the image, with its inputs (60 kB)", beside.text("ms")],
        ],
        [
            Target("an unchanged image", of_unchanged.median * 1000, "most", 5, "ms"),
            Target("an image that is built", whole * 1000, "most", 300, "ms"),
        ],
    )


def _beside(workplace: Workplace) -> float:
    """Seconds for one record and one inputs manifest, beside an image of the local cloud's registry."""
    cloud = workplace.cloud
    name = "bench/records"
    if name not in _repositories(workplace):
        workplace.ecr.create_repository(repositoryName=name)
    access = AwsAccess(region=cloud.region, access_key="test", secret_key="test", endpoints={"ecr": cloud.aws_endpoint})
    registries = Registries(access, {})
    url = f"{cloud.registry_host}/{name}"
    digest = _push(registries.oci_blocking(url))
    record = replace(_record(_MADE.randrange(1 << 30)), repository_url=url, digest=digest)
    failed: list[str] = []
    shared = SharedRecords(registries.oci_blocking, failed.append)
    began = time.perf_counter()
    shared.begin(record, _MADE.randbytes(_INPUTS))
    shared.end(30)
    spent = time.perf_counter() - began
    registries.close()
    assert not failed, failed
    return spent


def _repositories(workplace: Workplace) -> list[str]:
    found = workplace.ecr.describe_repositories()["repositories"]
    return [one["repositoryName"] for one in found]


def _push(registry: OciRegistry) -> str:
    blob = json.dumps({"architecture": "amd64", "os": "linux", "n": _MADE.random()}).encode()
    place = registry.send("POST", "/blobs/uploads/", {}).headers["location"]
    joined = f"{place}{'&' if '?' in place else '?'}digest={digest_of(blob)}"
    registry.upload(joined, len(blob), [blob])
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest_of(blob), "size": len(blob)}
    content = json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": []}).encode()
    manifest = Manifest(digest_of(content), OCI_MANIFEST, content)
    registry.put_manifest(manifest, manifest.digest)
    return manifest.digest


def _reports(workplace: Workplace) -> Table:
    images, runs = (100, 10) if workplace.is_quick else (_IMAGES, _RUNS)
    outcomes = ["built" if _MADE.random() < 0.2 else "unchanged" for _ in range(images)]
    with tempfile.TemporaryDirectory(dir=workplace.folder) as folder:
        place = LocalRecords(Path(folder))
        for run in range(runs):
            made = [_record(number, run, outcome=outcomes[(number + run) % images]) for number in range(images)]
            place.append(f"{run:012x}", made[0].started, made)
        began = time.perf_counter()
        found = runs_of(place.read().records)
        read_s = time.perf_counter() - began
    rows: list[list[str]] = [["reading the records", f"{read_s:.2f}", ""]]
    page, page_s = "", 0.0
    forms: dict[str, Callable[[], object]] = {
        "the page (--html)": lambda: builds_page(found),
        "as text": lambda: report_text(found),
        "as Markdown": lambda: report_markdown(found),
        "spans of the last run": lambda: spans_of(found[-1], 0.0, 1.0),
    }
    for name, make in forms.items():
        began = time.perf_counter()
        made_form = make()
        spent_s = time.perf_counter() - began
        size = len(made_form.encode()) / 1e6 if isinstance(made_form, str) else 0.0
        rows.append([name, f"{spent_s:.2f}", f"{size:.2f}" if size else ""])
        if name.startswith("the page"):
            page, page_s = str(made_form), spent_s
    return Table(
        f"Records: a report of {images} images in {runs} runs",
        [f"each image built in a fifth of the runs, with {_STEPS} steps"],
        ["", "seconds", "MB"],
        rows,
        [
            Target("page", len(page.encode()) / 1e6, "most", 2, "MB"),
            Target("reading and page", read_s + page_s, "most", 10, "s"),
        ],
    )


def simulated(rng: random.Random, count: int, usual: float = 30.0, noise: float = _NOISE) -> list[float]:
    """Durations about a usual one; one in fifty is from a machine that is busy."""
    return [usual * math.exp(rng.gauss(0, noise)) * (2 if rng.random() < 0.02 else 1) for _ in range(count)]


def _regressions(workplace: Workplace) -> Table:
    histories = 100 if workplace.is_quick else _HISTORIES
    rng = random.Random(11)
    rows: list[list[str]] = []
    targets: list[Target] = []
    for growth in (1.1, 1.2, 1.3):
        seen = [0, 0, 0]
        for _ in range(histories):
            history = simulated(rng, _BEFORE) + [growth * one for one in simulated(rng, 3)]
            first = next((at for at in range(3) if slower(history[: _BEFORE + at + 1])), None)
            if first is not None:
                seen[first] += 1
        shares = [sum(seen[: at + 1]) / histories for at in range(3)]
        rows.append([f"{growth - 1:.0%} slower: seen", *(f"{share:.1%}" for share in shares)])
        if growth == 1.2:
            targets.append(Target("a fifth slower, seen within three runs", shares[-1] * 100, "least", 95, "%"))
    looked = false = grown = 0
    for _ in range(histories):
        history = simulated(rng, _BEFORE)
        sizes = [90e6 * (1 + rng.gauss(0, 0.002)) for _ in range(_BEFORE)]
        for end in range(10, _BEFORE + 1):
            looked += 1
            false += slower(history[:end]) is not None
            grown += larger(sizes[:end]) is not None
    rows.append(["noise alone: false alarms", f"{false / looked:.2%}", "", ""])
    rows.append(["sizes that differ by 0.2 %: false alarms", f"{grown / looked:.2%}", "", ""])
    targets.append(Target("false alarms on noise", false / looked * 100, "most", 1, "%"))
    return Table(
        f"Records: what got worse, over {histories:,} simulated histories of {_BEFORE} builds",
        [f"builds of 30 s that differ by {_NOISE:.0%}; one in fifty met a busy machine"],
        ["", "after 1 run", "after 2", "after 3"],
        rows,
        targets,
    )
