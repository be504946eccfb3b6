"""What a killed certification has left is looked at when it can no longer change: the Pulumi CLI outlives it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fast_container.certify.stack import CertifyError, CertifyStack

COMPONENTS = Path(__file__).parents[2] / "components"
PULUMI = """\
#!{python}
import signal, sys, time
from pathlib import Path

state = Path({state!r})
if sys.argv[1:3] == ["stack", "output"]:
    print(state.read_text())
if sys.argv[1] == "up":
    # As the CLI does: asked to stop, it first writes how far it came.
    signal.signal(signal.SIGTERM, lambda *_: None)
    state.write_text("")
    time.sleep(1)
    state.write_text('{{"whole": true}}')
"""
CERTIFICATION = """\
import os, sys
from pathlib import Path
from fast_container.certify.stack import CertifyStack

stack = CertifyStack(Path(sys.argv[1]), os.environ)
with stack.held():
    stack.run("up")
"""


class Certification:
    """A certification in a process of its own; its CLI takes a second to write a stack's state."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "certification"
        self.state = self.folder / "state" / ".pulumi" / "stacks" / "fast-container-certify" / "certify.json"
        self.state.parent.mkdir(parents=True)
        (self.folder / "program").mkdir()
        self.environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": str(COMPONENTS)}
        pulumi = folder / "pulumi"
        pulumi.write_text(PULUMI.format(python=sys.executable, state=str(self.state)))
        pulumi.chmod(0o755)

    def start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-c", CERTIFICATION, self.folder], env=self.environment)
        deadline = time.monotonic() + 20
        while not self.state.exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return process

    def stack(self) -> CertifyStack:
        return CertifyStack(self.folder, self.environment)


@pytest.fixture
def certification(tmp_path: Path) -> Iterator[Certification]:
    made = Certification(tmp_path)
    yield made
    with made.stack().held():
        pass


def test_its_state_is_read_when_its_cli_has_written_it(certification: Certification) -> None:
    process = certification.start()
    process.send_signal(signal.SIGKILL)
    process.wait()
    cleaning = certification.stack()
    with cleaning.held():
        assert cleaning.outputs() == {"whole": True}


def test_one_that_runs_is_not_cleaned_up(certification: Certification) -> None:
    process = certification.start()
    with (
        pytest.raises(CertifyError, match="The certification still runs") as refusal,
        certification.stack().held(wait_s=0.1),
    ):
        raise AssertionError("it was taken from the one that runs")
    assert refusal.value.where == str(certification.folder)
    assert process.wait(20) == 0


def test_one_that_ended_by_itself_is_over_at_once(certification: Certification) -> None:
    assert certification.start().wait(20) == 0
    with certification.stack().held(wait_s=0):
        assert json.loads(certification.state.read_text()) == {"whole": True}
