"""The demo's own instruments: what they count is what happened."""

import json
import os
import signal
import subprocess
import sys

import pytest

from stacks.rehearsal.checkout import Checkout, DemoFailed
from stacks.rehearsal.facts import Build, at_once, read_build
from stacks.rehearsal.leftovers import find_processes, wait_for_none
from stacks.rehearsal.pulumi_cli import FUNCTION_TYPE, RECORD_TYPE, Operation, changes_of
from stacks.rehearsal.table import Row, draw


def _build(started: float, ended: float) -> Build:
    return Build("ref", started, ended, steps=3, steps_cached=1, failed=False)


@pytest.mark.parametrize(
    ("times", "most"),
    [([], 0), ([(0, 5)], 1), ([(0, 5), (5, 9)], 1), ([(0, 5), (4, 9)], 2), ([(0, 9), (1, 3), (2, 4), (8, 10)], 3)],
)
def test_builds_that_only_touch_did_not_run_at_once(times, most):
    assert at_once([_build(*pair) for pair in times]) == most


def test_a_record_of_buildkits_history_is_read():
    record = {
        "Ref": "abc",
        "CreatedAt": {"seconds": 100, "nanos": 500_000_000},
        "CompletedAt": {"seconds": 103},
        "numTotalSteps": 7,
        "numCachedSteps": 2,
    }
    assert read_build(record) == Build("abc", 100.5, 103.0, steps=7, steps_cached=2, failed=False)
    assert read_build({**record, "error": {"code": 2}}).failed


def test_only_what_was_done_is_counted_not_what_was_begun_or_logged(tmp_path):
    done = [(RECORD_TYPE, "create"), (RECORD_TYPE, "create"), (FUNCTION_TYPE, "update"), (FUNCTION_TYPE, "same")]
    events = [{"resourcePreEvent": {"metadata": {"type": RECORD_TYPE, "op": "create"}}}, {"diagnosticEvent": {}}]
    events += [{"resOutputsEvent": {"metadata": {"type": kind, "op": op}}} for kind, op in done]
    log = tmp_path / "events"
    log.write_text("".join(json.dumps(event) + "\n" for event in events))
    operation = Operation(1.0, changes_of(log))
    assert operation.count(RECORD_TYPE, "create", "update") == 2
    assert operation.not_same == {f"create {RECORD_TYPE}": 2, f"update {FUNCTION_TYPE}": 1}


def test_an_edit_that_does_not_fit_exactly_once_is_refused(tmp_path):
    source = tmp_path / "source"
    (source / "lambdas").mkdir(parents=True)
    (source / "stacks" / "lambda_fleet").mkdir(parents=True)
    (source / "Pulumi.yaml").write_text("name: x\n")
    (source / "lambdas" / "handler.py").write_text("one two two\n")
    (source / "stacks" / "lambda_fleet" / "Pulumi.dev.yaml").write_text("private: true\n")
    clone = Checkout(tmp_path / "clone", source, tmp_path / "venv")
    clone.edit("lambdas/handler.py", "one", "three")
    assert (clone.folder / "lambdas" / "handler.py").read_text() == "three two two\n"
    assert (source / "lambdas" / "handler.py").read_text() == "one two two\n"
    assert not (clone.folder / "stacks" / "lambda_fleet" / "Pulumi.dev.yaml").exists()
    for absent_or_twice in ("one", "two"):
        with pytest.raises(DemoFailed, match="once"):
            clone.edit("lambdas/handler.py", absent_or_twice, "x")


def test_a_process_that_was_left_behind_is_found_by_its_environment_and_killed(tmp_path):
    command = [sys.executable, "-c", "print(flush=True); import time; time.sleep(60)"]
    environment = {**os.environ, "SOME_FOLDER": str(tmp_path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert list(find_processes(tmp_path)) == [process.pid]
        assert list(wait_for_none(tmp_path, timeout_s=0)) == [process.pid]
        assert process.wait(timeout=10) == -signal.SIGKILL
    assert not find_processes(tmp_path)


def test_the_table_puts_numbers_to_the_right():
    rows = [Row("1 first", 40.42, 4, 0, 0, "4 created", "x"), Row("2 again", 3.9, 0, 0, 4, "none", "y")]
    head, rule, first, second = draw(rows).splitlines()
    assert first.index("40.4") + 4 == second.index("3.9") + 3 == head.index("wall s") + len("wall s")
    assert set(rule) == {"-", " "}
