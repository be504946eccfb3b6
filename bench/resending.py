"""The cost of sending a context whole after an edit, to a BuildKit here and to one behind a slow line.

BuildKit's directory sync sends files that differ in size or date. We date all files anew and never let two contents
meet in one sync, so after an edit everything is sent. Compared with the same staging whose unchanged files kept their
dates, under one name, which is what plain buildx does with a working tree.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from bench.build_facts import received_bytes
from bench.engine import BenchFailed
from bench.measuring import difference, in_turns, number
from bench.slow_line import slow_line
from bench.table import Table
from bench.workplace import Workplace
from fast_container.core.declared import DeclaredImage
from fast_container.core.key import entries_digest
from fast_container.core.ports import ContextSource
from fast_container.core.select import SharedWalks, select_image
from fast_container.core.staging.stage import stage

_DOCKERFILE = "FROM scratch\nCOPY . /app\n"
_LINE_MEGABITS, _LINE_ROUND_TRIP_S = 100.0, 0.02
_KEPT_DATE_NS = 10**18


class Sender:
    """Stages a tree with one edit more each time, and has BuildKit take it.

    Args:
        workplace: For a scratch folder and the cloud.
        root: The tree.
        builder: Name of a buildx builder.
    """

    def __init__(self, workplace: Workplace, root: Path, builder: str) -> None:
        self._root, self._builder = root, builder
        self._folder = workplace.folder / f"resending-{builder}-{root.name}"
        self._folder.mkdir()
        (self._folder / "Dockerfile").write_text(_DOCKERFILE)
        self._environment = workplace.cloud.environment()
        self._edited = next(root.rglob("*.py"))
        self._edits = 0
        self.sent: dict[str, int] = {}

    def side(self, name: str, *, keeps_dates: bool) -> Callable[[], float]:
        """Seconds of staging and building after an edit; the bytes go to ``sent``."""

        def measure() -> float:
            self._edits += 1
            self._edited.write_text(f"# edit {self._edits} of {self._builder}\n")
            source = self._source()
            started = time.perf_counter()
            place = self._folder / ("kept" if keeps_dates else entries_digest(source.entries))
            stage(source, str(place))
            if keeps_dates:
                _keep_dates(place, self._edited.relative_to(self._root))
            log = self._build(place)
            took_s = time.perf_counter() - started
            shutil.rmtree(place)
            self.sent[name] = received_bytes(log)
            return took_s

        return measure

    def _source(self) -> ContextSource:
        declared = DeclaredImage("image", str(self._root), str(self._folder / "Dockerfile"), "Dockerfile")
        return select_image(declared, SharedWalks()).contexts["context"]

    def _build(self, place: Path) -> str:
        words = ["buildx", "build", "--builder", self._builder, "--progress", "rawjson", "--provenance=false"]
        words += ["--output", "type=cacheonly", "-f", str(self._folder / "Dockerfile"), str(place)]
        buildx = shutil.which("buildx", path=self._environment["PATH"])
        done = subprocess.run(
            words, executable=buildx, env=self._environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise BenchFailed(f"{' '.join(words)} failed:\n{done.stderr}")
        return done.stderr


def _keep_dates(place: Path, edited: Path) -> None:
    for folder, folders, names in os.walk(place):
        for name in (*folders, *names):
            path = os.path.join(folder, name)
            if path != str(place / edited):
                os.utime(path, ns=(_KEPT_DATE_NS, _KEPT_DATE_NS), follow_symlinks=False)


def resending(workplace: Workplace) -> list[Table]:
    """One file edited; contexts of three sizes; a builder here and one behind a line."""
    sizes, rounds = ((500, 2_000), 3) if workplace.is_quick else ((500, 2_000, 20_000), 5)
    cloud = workplace.cloud
    socket = cloud.buildkit_address.removeprefix("unix://")
    rows: list[list[str]] = []
    with slow_line(socket, megabits=_LINE_MEGABITS, round_trip_s=_LINE_ROUND_TRIP_S) as port:
        words = ["buildx", "create", "--name", "behind-a-line", "--driver", "remote", f"tcp://127.0.0.1:{port}"]
        environment = cloud.environment()
        buildx = shutil.which("buildx", path=environment["PATH"])
        subprocess.run(words, executable=buildx, env=environment, check=True, capture_output=True)
        for place, builder in (("here", cloud.builder_name), ("behind a line", "behind-a-line")):
            for files in sizes:
                root = workplace.folder / f"resending-{builder}-{files}"
                shutil.copytree(workplace.tree(files), root)
                sender = Sender(workplace, root, builder)
                sides = {
                    "whole": sender.side("whole", keeps_dates=False),
                    "difference": sender.side("difference", keeps_dates=True),
                }
                for side in sides.values():
                    side()  # the first time sends all
                found = in_turns(sides, rounds)
                sent = [number(sender.sent[name] / 1e6) for name in ("whole", "difference")]
                added = difference(found["whole"], found["difference"])
                times = [found["whole"].text(), found["difference"].text(), added.text()]
                rows.append([f"{place}, {files:,}", *sent, *times])
    return [
        Table(
            "one file of a context is edited: all is sent, against the difference alone",
            [
                "ours: staged, dated now, sent under its context digest; the difference: staged under one name, with",
                "the dates of unchanged files kept; both: buildx build of `FROM scratch`, `COPY . /app`, no push",
                f"here: a unix socket; the line: {_LINE_MEGABITS:.0f} Mbit/s, {_LINE_ROUND_TRIP_S * 1000:.0f} ms",
                f"round trip, the same BuildKit; {rounds} rounds in turns; median (smallest-largest)",
            ],
            ["builder, files", "MB ours", "MB difference", "s ours", "s difference", "s added"],
            rows,
        )
    ]
