"""Issue: checking a 1 GB image, first and with layers seen before, against dive and container-structure-test.

The image is made here (``bench.made_image``), so that the table is the same everywhere. We read it from a registry on
loopback, which counts what it sends. The others read a docker-archive, which somebody has to pull, unpack and write
before; the least that this costs is a row of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.layout_registry import LayoutRegistry, layout_registry
from bench.made_image import LayerMaker, MadeImage, base_files, code_files, package_files
from bench.measuring import Series
from bench.other_checkers import NotHadError, Ran, dive, run, structure_test
from bench.same_verdicts import same_efficiency, same_verdicts
from bench.table import Table, Target
from bench.workplace import Workplace

_OURS = str(Path(sys.executable).with_name("fast-container"))
_CONFIG = {"User": "1000", "Entrypoint": ["python3"], "WorkingDir": "/app"}
_TESTS = """\
schemaVersion: 2.0.0
fileExistenceTests: [{name: python, path: /usr/bin/python3, permissions: -rwxr-xr-x}]
metadataTest: {user: "1000"}
"""


@dataclass
class _Row:
    """What was measured of one side."""

    name: str
    runs: list[Ran]
    sent: list[int]
    note: str = ""

    def cells(self) -> list[str]:
        if not self.runs:
            return [f"{self.name}: {self.note}", "-", "-", "-", "-"]
        peak = max(run.peak_bytes for run in self.runs) / 1e6
        sent = f"{max(self.sent) / 1e6:.1f}" if self.sent else "-"
        cpu = Series(tuple(run.cpu_s for run in self.runs))
        return [self.name, self.time.text(), cpu.text(), sent, f"{peak:.0f}"]

    @property
    def time(self) -> Series:
        return Series(tuple(run.seconds for run in self.runs))


def checks(workplace: Workplace) -> list[Table]:
    """See the module."""
    folder = workplace.folder / "checks"
    rounds = 1 if workplace.is_quick else 5
    before, after = _images(folder / "images", 100_000_000 if workplace.is_quick else 1_000_000_000)
    tests = folder / "tests.yaml"
    tests.write_text(_TESTS)
    with layout_registry(folder / "images" / "layout" / "blobs" / "sha256") as registry:
        ours = _ours(folder, registry, before, after, rounds)
    others = _others(folder, before, tests, rounds)
    shutil.rmtree(folder / "images")
    return [_table(before, rounds, ours, others), same_efficiency(folder), same_verdicts(folder)]


def _images(folder: Path, size: int) -> tuple[MadeImage, MadeImage]:
    """An image, and the same after an edit of its code."""
    maker = LayerMaker(folder)
    below = [
        maker.layer("base", base_files(size // 4, size // 125_000)),
        maker.layer("packages", package_files(size - size // 4, size // 45_000)),
    ]
    made = [maker.image([*below, maker.layer(f"code-{edit}", code_files(200, edit))], _CONFIG) for edit in (1, 2)]
    return made[0], made[1]


def _ours(folder: Path, registry: LayoutRegistry, before: MadeImage, after: MadeImage, rounds: int) -> dict[str, _Row]:
    first, edited = registry.reference("v1", before.digest), registry.reference("v2", after.digest)
    rows = {name: _Row(name, [], []) for name in ("first time", "same image again", "after a code edit")}
    cache = folder / "cache"
    # An installed package has bytecode, whatever this process was told about it.
    installed = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    run([_OURS, "check-image", edited], FAST_CONTAINER_CACHE=str(cache), **installed)
    for _ in range(rounds):
        shutil.rmtree(cache, ignore_errors=True)
        for name, reference in zip(rows, (first, first, edited), strict=True):
            registry.sent_bytes = 0
            command = [_OURS, "check-image", reference, "--runs-on", "ecs", "--json"]
            rows[name].runs.append(run(command, FAST_CONTAINER_CACHE=str(cache), **installed))
            rows[name].sent.append(registry.sent_bytes)
            assert rows[name].runs[-1].code == 0, rows[name].runs[-1].out
            assert (found := json.loads(rows[name].runs[-1].out)["findings"]) == [], found
    return rows


def _others(folder: Path, image: MadeImage, tests: Path, rounds: int) -> dict[str, _Row]:
    def side(name: str, once: Callable[[], Ran], times: int) -> _Row:
        try:
            return _Row(name, [once() for _ in range(times)], [])
        except NotHadError as error:
            return _Row(name, [], [], str(error))

    unpacked = folder / "unpacked"
    blobs = [image.layout / "blobs" / "sha256" / name for name in os.listdir(image.layout / "blobs" / "sha256")]
    large = [str(blob) for blob in blobs if blob.stat().st_size > 100_000]
    return {
        "archive": side("pull and unpack, the least (isal)", lambda: _unpack(unpacked, large), rounds),
        "dive": side("dive 0.13.1, archive ready", lambda: dive(image.archive, folder / "dive.json")[0], rounds),
        "structure": side(
            "container-structure-test 1.19.1, 2 tests, archive ready",
            lambda: structure_test(image.archive, tests)[0],
            1,
        ),
    }


_UNPACK = """\
import sys, zlib
try:
    from isal import isal_zlib as codec
except ImportError:
    codec = zlib
with open(sys.argv[1], "wb") as out:
    for name in sys.argv[2:]:
        packed, reader = open(name, "rb"), codec.decompressobj(wbits=31)
        while data := packed.read(1 << 20):
            out.write(reader.decompress(data))
"""


def _unpack(target: Path, blobs: list[str]) -> Ran:
    return run([sys.executable, "-c", _UNPACK, str(target), *blobs])


def _table(image: MadeImage, rounds: int, ours: dict[str, _Row], others: dict[str, _Row]) -> Table:
    most_memory = max(run.peak_bytes for row in ours.values() for run in row.runs)
    targets = [
        Target("after a code edit", ours["after a code edit"].time.median, "most", 0.3, "s"),
        Target(
            "the first time reads each layer once: bytes sent of bytes of layers",
            max(ours["first time"].sent) / image.compressed_bytes,
            "most",
            1.01,
        ),
        Target("peak memory", most_memory / 1e6, "most", 150, "MB"),
    ]
    if others["dive"].runs:
        first, ready = ours["first time"].time.median, others["dive"].time.median
        whole = ready + others["archive"].time.median
        targets.append(Target("the first time, of dive's with pull and unpack", first / whole, "most", 1))
        targets.append(Target("the first time, of dive's with the archive ready", first / ready, "most", 1))
    size = f"{image.unpacked_bytes / 1e6:,.0f} MB unpacked, {image.compressed_bytes / 1e6:,.0f} MB compressed"
    return Table(
        f"checking an image of {size}, {image.files:,} files",
        [
            "all twelve rules, from a registry on loopback; the others read a docker-archive of the same image",
            "container-structure-test unpacks the image for each test; it is run once",
            "the image after the edit has another layer of code on the same two layers, which are known by then",
            f"{rounds} round{'' if rounds == 1 else 's'}, a new process each; median (smallest-largest)",
        ],
        ["side", "s", "CPU s", "MB read from the registry", "peak MB"],
        [row.cells() for row in (*ours.values(), *others.values())],
        targets,
    )
