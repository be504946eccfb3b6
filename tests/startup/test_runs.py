"""What the probe wrote down, read: runs, starts that failed, import times and files."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fast_container.startup.files_read import read_files, source_of
from fast_container.startup.import_times import by_package, parse_import_times, total_s
from fast_container.startup.runs import FailedStart, read_runs

IMPORT_LINES = [
    "import time: self [us] | cumulative | imported package",
    "import time:       100 |        100 |     encodings.aliases",
    "import time:       300 |        400 |   encodings",
    "import time:      1000 |       1400 | shop.web",
    "something that the program said",
]


def line(**fields: Any) -> str:
    return json.dumps({"subject": "a", "what": "time", "ready_ns": 144_000_000, "peak_bytes": 25_000_000, **fields})


def test_runs_are_read_in_their_order() -> None:
    runs = read_runs("\n".join([line(what="first"), line(ready_ns=1), line(subject="b")]))
    assert not isinstance(runs, FailedStart)
    assert [(run.subject, run.what, run.start_s) for run in runs] == [
        ("a", "first", 0.144),
        ("a", "time", 1e-9),
        ("b", "time", 0.144),
    ]


@pytest.mark.parametrize(
    ("fields", "what", "why"),
    [
        ({"failure": "exited", "why": "exit code 3"}, "ended before it had started (exit code 3)", ""),
        ({"failure": "timeout", "kind": "lambda"}, "had not started when its time was over", "ends an init"),
        ({"failure": "timeout", "kind": "service"}, "had not started", "listened on a port"),
        ({"failure": "init_error", "why": "no module app"}, "error of its initialisation", "no module app"),
        ({"failure": "not_started", "why": "Permission denied"}, "could not be run", "Permission denied"),
    ],
)
def test_a_start_that_failed_is_told_with_what_the_program_said(fields: dict[str, str], what: str, why: str) -> None:
    last = json.dumps({"subject": "b", "output": "one\ntwo", **fields})
    failed = read_runs(f"{line()}\n{last}")
    assert isinstance(failed, FailedStart)
    assert what in failed.what
    assert why in failed.why
    assert (failed.subject, failed.last_lines) == ("b", ("one", "two"))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"subject": "a"}', '{"subject": "a", "what": "files", "ready_ns": 1}']
)
def test_what_is_not_a_run_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_runs(text)


def test_import_times_are_read_and_summed_by_package() -> None:
    found = list(parse_import_times(IMPORT_LINES))
    assert [(one.module, one.depth) for one in found] == [("encodings.aliases", 2), ("encodings", 1), ("shop.web", 0)]
    assert total_s(found) == pytest.approx(0.0014)
    assert by_package(found) == pytest.approx({"encodings": 0.0004, "shop": 0.001})


def test_bytecode_counts_as_used_when_its_source_was_not_compiled() -> None:
    found = read_files(
        {
            "opened": [
                ["/app/__pycache__/good.cpython-313.pyc", 50],
                ["/app/__pycache__/stale.cpython-313.opt-1.pyc", 50],
                ["/app/stale.py", 100],
                ["/app/data.json", 1000],
            ],
            "compiled": ["/app/stale.py", "/app/none.py", "/app/template"],
            "mapped": [["/usr/lib/libx.so", 8000, 3000], ["/usr/lib/liby.so", 8000, 90_000]],
        }
    )
    assert found.bytecode_hits == 1
    assert found.compiled == ("/app/none.py", "/app/stale.py")
    assert (found.touched_files, found.touched_bytes) == (6, 17_200)
    assert (found.mapped_bytes, found.resident_bytes) == (16_000, 11_000)


@pytest.mark.parametrize(
    ("bytecode", "source"),
    [
        ("/app/__pycache__/x.cpython-313.pyc", "/app/x.py"),
        ("/app/__pycache__/x.cpython-313.opt-2.pyc", "/app/x.py"),
        ("/app/x.pyc", "/app/x.py"),
    ],
)
def test_the_source_of_bytecode(bytecode: str, source: str) -> None:
    assert source_of(bytecode) == source
