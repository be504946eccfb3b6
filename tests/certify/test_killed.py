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
from typing import Any

import pytest

from fast_container.adapters.aws_session import AwsSession
from fast_container.certify.account import Account
from fast_container.certify.stack import CertifyError, CertifyStack, Operation
from fast_container.certify.story import Story
from fast_container.core.aws_access import AwsAccess

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


@pytest.mark.parametrize("broken", ["", '{"user.content_'])
def test_a_state_whose_writing_was_cut_off_is_mended(certification: Certification, broken: str) -> None:
    """With the CLI's backend a state is two files, and its copy too; each may be half of one."""
    whole = '{"version": 3}'
    before = certification.state.with_name("certify.json.bak")
    attributes = [file.with_name(f"{file.name}.attrs") for file in (certification.state, before)]
    certification.state.write_text(broken)
    before.write_text(whole)
    for file in attributes:
        file.write_text(broken)
    certification.stack().unlock()
    assert certification.state.read_text() == whole
    assert not [file for file in attributes if file.exists()]


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


class Blocked(CertifyStack):
    """A stack with a role that has a policy of which the state knows nothing, since its creation was interrupted."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, {})
        self.is_blocked = True

    def unlock(self) -> None:
        pass

    def outputs(self) -> dict[str, Any]:
        return {}

    def run(self, verb: str) -> Operation:
        return Operation(verb, int(self.is_blocked), 1.0, {}, ["DeleteConflict"] if self.is_blocked else [], [])


class Sandbox(Account):
    """The account of that role."""

    def __init__(self, stack: Blocked) -> None:
        super().__init__(AwsSession(AwsAccess(), {}), "fc-certify-123456")
        self.stack = stack

    def delete_images(self) -> int:
        return 0

    def delete_orphans(self) -> None:
        self.stack.is_blocked = False

    def left_over(self) -> list[str]:
        return ["role of the certification"] if self.stack.is_blocked else []


def test_a_resource_that_was_interrupted_and_is_in_the_way_of_others_is_removed_first(tmp_path: Path) -> None:
    stack = Blocked(tmp_path)
    result = Story(stack, Sandbox(stack), lambda _: None).clean_up(interrupted=True)
    assert result.ok, result.checks


def test_what_cannot_be_destroyed_after_a_whole_certification_is_told(tmp_path: Path) -> None:
    stack = Blocked(tmp_path)
    result = Story(stack, Sandbox(stack), lambda _: None).clean_up()
    assert not result.ok
    assert any("DeleteConflict" in check.found for check in result.checks)
