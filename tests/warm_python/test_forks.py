"""A forked process is, to its parent and to what it runs, the plain interpreter that was asked for."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.warm_python.command import warm_python

# Named as the language host's companion: this and two modules are all that is forked.
NAME = "pulumi-language-python-exec"
PROBE = """
import json, os, stat, sys, signal
import pulumi
print(json.dumps({
    "argv": sys.argv, "orig_argv": sys.orig_argv, "path": sys.path, "executable": sys.executable,
    "folder": os.getcwd(), "environment": dict(os.environ), "umask": os.umask(0), "pulumi": pulumi.__file__,
    "main": sys.modules["__main__"].__file__, "name": __name__, "customized": getattr(sys, "customized", False),
    "encodings": [(s.encoding, s.errors, s.line_buffering) for s in (sys.stdin, sys.stdout, sys.stderr)],
    "read": sys.stdin.read(), "interrupt": str(signal.getsignal(signal.SIGINT)),
    "ours": sorted(name for name in sys.modules if name.startswith(("tests", "localcloud", "tools"))),
}))
sys.stderr.write("told")
sys.exit(7)
"""
WAITING = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))
print(os.getpid(), "pulumi" in sys.modules, flush=True)
time.sleep(60)
"""
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@pytest.fixture(scope="module")
def command() -> Iterator[Path]:
    with warm_python(sys.executable) as settings:
        yield Path(settings["PULUMI_PYTHON_CMD"])


class Script:
    """A script, run by a fork or a plain interpreter."""

    def __init__(self, folder: Path, text: str) -> None:
        self.folder = folder
        self.place = folder / NAME
        self.place.write_text(text)
        self.environment = {**ENVIRONMENT, "WORD": "a\nb", "PYTHONPATH": str(folder / "path")}
        (folder / "path").mkdir()
        (folder / "path" / "sitecustomize.py").write_text("import sys; sys.customized = True")

    def run(self, command: Path | str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [command, self.place, "--monitor", "a b"],
            cwd=self.folder / "path",
            env=self.environment,
            input="said",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            umask=0o027,
        )

    def start(self, command: Path) -> tuple[subprocess.Popen[str], int]:
        process = subprocess.Popen(
            [command, self.place, "--monitor"], env=self.environment, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        fork, is_warm = process.stdout.readline().split()
        assert is_warm == "True"
        assert int(fork) != process.pid
        return process, int(fork)


def is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def has_ended(process: int) -> bool:
    deadline = time.monotonic() + 10
    while is_alive(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_what_a_script_sees_and_how_it_ends_is_as_with_a_plain_interpreter(command: Path, tmp_path: Path) -> None:
    script = Script(tmp_path, PROBE)
    shell = tmp_path / "plain"  # sets variables of its own
    shell.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    shell.chmod(0o755)
    fork, plain = script.run(command), script.run(shell)
    assert plain.returncode == 7, plain.stderr
    assert json.loads(fork.stdout) == json.loads(plain.stdout)
    assert (fork.returncode, fork.stderr) == (7, "told")


def test_signals_reach_the_fork_and_its_end_is_the_starters(command: Path, tmp_path: Path) -> None:
    script = Script(tmp_path, WAITING)
    for number, code in ((signal.SIGTERM, 5), (signal.SIGHUP, -signal.SIGHUP)):
        process, fork = script.start(command)
        process.send_signal(number)
        assert process.wait(10) == code
        assert not is_alive(fork)
        process.communicate()


def test_a_fork_that_is_killed_ends_its_starter_alike(command: Path, tmp_path: Path) -> None:
    process, fork = Script(tmp_path, WAITING).start(command)
    os.kill(fork, signal.SIGKILL)
    assert process.wait(10) == -signal.SIGKILL
    process.communicate()


def test_nothing_is_left_of_a_starter_or_server_that_is_killed(tmp_path: Path) -> None:
    script = Script(tmp_path, WAITING)
    with pytest.raises(AssertionError), warm_python(sys.executable) as settings:
        command = Path(settings["PULUMI_PYTHON_CMD"])
        process, fork = script.start(command)
        process.kill()
        process.communicate()
        assert has_ended(fork)
        process, fork = script.start(command)
        server = int(Path(f"/proc/{fork}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(server, signal.SIGKILL)
        assert process.wait(10) == -signal.SIGKILL
        process.communicate()
        assert has_ended(fork)


@pytest.mark.parametrize("setting", ["PYTHONHASHSEED", "LANGUAGE"])
def test_settings_that_python_reads_at_its_start_are_a_plain_interpreters(
    command: Path, tmp_path: Path, setting: str
) -> None:
    script = Script(tmp_path, 'import sys; print("pulumi" in sys.modules)')
    assert script.run(command).stdout == "True\n"
    script.environment[setting] = "1"
    assert script.run(command).stdout == "False\n"


def test_another_sdk_on_the_path_is_imported_by_a_plain_interpreter(command: Path, tmp_path: Path) -> None:
    script = Script(tmp_path, "import pulumi; print(pulumi.word)")
    (tmp_path / "path" / "pulumi").mkdir()
    (tmp_path / "path" / "pulumi" / "__init__.py").write_text("word = 'another'")
    assert script.run(command).stdout == "another\n"
