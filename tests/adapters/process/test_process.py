"""Nothing is left of a child process, however it, or we, end."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fast_container.adapters.process.child import Completed, capture, run
from fast_container.adapters.process.shared_guard import SharedGuard

COMPONENTS = Path(__file__).parents[3] / "components"
GUARD = COMPONENTS / "fast_container/adapters/process/process_guard.py"


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    with contextlib.suppress(OSError):
        return state.read_text().rpartition(")")[2].split()[0] != "Z"
    return not Path("/proc").exists()


def wait_until(condition: object, timeout_s: float = 30.0) -> None:
    assert callable(condition)
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "never came true"
        time.sleep(0.01)


def pids(path: Path, count: int) -> list[int]:
    wait_until(lambda: path.exists() and len(path.read_text().split()) >= count)
    return [int(pid) for pid in path.read_text().split()]


@pytest.fixture(params=["a guard of its own", "a shared guard"])
def guard(request: pytest.FixtureRequest) -> SharedGuard | None:
    return SharedGuard() if request.param == "a shared guard" else None


def test_output_and_exit_code_arrive(guard: SharedGuard | None) -> None:
    completed = asyncio.run(capture(["sh", "-c", "echo out; echo err >&2; exit 3"], env=os.environ, guard=guard))
    assert (completed.code, completed.stdout, completed.stderr) == (3, "out", "err")


def test_lines_of_any_length_arrive_whole(guard: SharedGuard | None) -> None:
    program = "import sys; sys.stderr.write('x' * 300_000 + '\\n\\nlast')"
    completed = asyncio.run(capture([sys.executable, "-c", program], env=os.environ, guard=guard))
    assert [len(line) for line in completed.stderr.split("\n")] == [300_000, 0, 4]


def test_a_command_that_is_not_there_ends_with_127(guard: SharedGuard | None) -> None:
    completed = asyncio.run(capture(["nosuch-command"], env=os.environ, guard=guard))
    assert completed.code == 127
    assert "nosuch-command" in completed.stderr


def test_a_command_ended_by_a_signal_ends_as_a_shell_would_say(guard: SharedGuard | None) -> None:
    assert asyncio.run(run(["sh", "-c", "kill -9 $$"], env=os.environ, guard=guard)) == 128 + 9


def test_the_command_gets_exactly_the_environment_and_no_open_pipe_of_ours(guard: SharedGuard | None) -> None:
    program = "import os; print(sorted(os.environ)); print(os.listdir('/dev/fd'))"
    completed = asyncio.run(capture([sys.executable, "-I", "-c", program], env={"A": "1"}, guard=guard))
    names, descriptors = completed.stdout.splitlines()
    assert "'A'" in names
    assert "PULUMI" not in names
    assert eval(descriptors) in (["0", "1", "2", "3"], ["0", "1", "2"])  # 3 is the listing itself


def test_a_command_in_another_directory(tmp_path: Path, guard: SharedGuard | None) -> None:
    assert asyncio.run(capture(["pwd"], env=os.environ, guard=guard, cwd=tmp_path)).stdout == str(tmp_path.resolve())


def test_what_takes_too_long_is_stopped_with_all_its_children(tmp_path: Path, guard: SharedGuard | None) -> None:
    script = f"sleep 60 & echo $! > {tmp_path}/pids; echo $$ >> {tmp_path}/pids; wait"
    with pytest.raises(TimeoutError):
        asyncio.run(run(["sh", "-c", script], env=os.environ, guard=guard, timeout_s=0.3))
    assert not any(alive(pid) for pid in pids(tmp_path / "pids", 2))


def test_what_ignores_sigterm_is_killed(tmp_path: Path, guard: SharedGuard | None) -> None:
    script = f"trap '' TERM; echo $$ > {tmp_path}/pids; while :; do sleep 0.05; done"
    with pytest.raises(TimeoutError):
        asyncio.run(run(["sh", "-c", script], env=os.environ, guard=guard, timeout_s=0.3, grace_s=0.2))
    assert not alive(pids(tmp_path / "pids", 1)[0])


def test_cancelling_waits_for_the_end_even_when_cancelled_twice(tmp_path: Path, guard: SharedGuard | None) -> None:
    script = (
        f"trap 'sleep 0.2; echo cleaned > {tmp_path}/cleaned; exit 1' TERM; echo $$ > {tmp_path}/pids; sleep 60 & wait"
    )

    async def scenario() -> None:
        task = asyncio.create_task(run(["sh", "-c", script], env=os.environ, guard=guard))
        started = asyncio.create_task(asyncio.to_thread(pids, tmp_path / "pids", 1))
        await started
        task.cancel()
        await asyncio.wait([task], timeout=0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scenario())
    assert (tmp_path / "cleaned").exists()
    assert not alive(pids(tmp_path / "pids", 1)[0])


def test_what_a_command_leaves_in_its_group_is_ended(tmp_path: Path, guard: SharedGuard | None) -> None:
    script = f"sleep 60 > /dev/null 2>&1 & echo $! > {tmp_path}/pids"
    assert asyncio.run(run(["sh", "-c", script], env=os.environ, guard=guard)) == 0
    left = pids(tmp_path / "pids", 1)[0]
    wait_until(lambda: not alive(left))


PARENT = """
import asyncio, os, sys
sys.path.insert(0, sys.argv[1])
from fast_container.adapters.process.child import run
from fast_container.adapters.process.shared_guard import SharedGuard
folder = sys.argv[2]
guard = SharedGuard() if sys.argv[3] == "shared" else None
script = f"sleep 60 & echo $! > {folder}/pids; echo $$ >> {folder}/pids; echo $PPID >> {folder}/pids; wait"
asyncio.run(run(["sh", "-c", script], env=os.environ, grace_s=0.5, remove_on_stop=folder + "/secrets", guard=guard))
"""


@pytest.mark.parametrize("guards", ["own", "shared"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_death_of_this_program_ends_the_command_and_removes_its_secrets(
    tmp_path: Path, number: signal.Signals, guards: str
) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "token").write_text("secret")
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(COMPONENTS), str(tmp_path), guards], stderr=subprocess.DEVNULL
    )
    started = pids(tmp_path / "pids", 3)
    assert all(alive(pid) for pid in started)
    parent.send_signal(number)
    parent.wait()
    wait_until(lambda: not any(alive(pid) for pid in started))
    wait_until(lambda: not (tmp_path / "secrets").exists())


def test_a_ctrl_c_in_the_terminal_does_not_reach_the_command(guard: SharedGuard | None) -> None:
    completed = asyncio.run(
        capture([sys.executable, "-c", "import os; print(os.getpgid(0), os.getsid(0))"], env=os.environ, guard=guard)
    )
    group, session = map(int, completed.stdout.split())
    assert group != os.getpgid(0)
    assert session != os.getsid(0)


def test_no_descriptor_is_left_open(guard: SharedGuard | None) -> None:
    asyncio.run(run(["true"], env=os.environ, guard=guard))
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(3):
        asyncio.run(run(["true"], env=os.environ, guard=guard))
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_the_guard_imports_nothing_that_takes_as_long_as_python_s_own_start() -> None:
    held, control = os.pipe()
    try:
        words = [sys.executable, "-I", "-S", "-X", "importtime", str(GUARD), str(held), "1", "0", "true"]
        done = subprocess.run(words, pass_fds=(held,), capture_output=True, text=True, check=True)
    finally:
        os.close(held)
        os.close(control)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert not imported & {"signal", "enum", "re", "typing", "contextlib", "subprocess", "shutil", "socket"}


def test_of_commands_under_one_guard_each_ends_for_itself(tmp_path: Path) -> None:
    async def story() -> tuple[BaseException | Completed, ...]:
        guard = SharedGuard()
        stopped = f"echo $PPID >> {tmp_path}/guards; sleep 60"
        until = f"while [ ! -e {tmp_path}/end ]; do sleep 0.02; done"
        running = f"echo $PPID >> {tmp_path}/guards; echo first; {until}; echo last; exit 4"

        async def stop() -> Completed:
            try:
                return await capture(["sh", "-c", stopped], env=os.environ, guard=guard, timeout_s=2)
            finally:
                (tmp_path / "end").touch()

        other = capture(["sh", "-c", running], env=os.environ, guard=guard)
        return tuple(await asyncio.gather(stop(), other, return_exceptions=True))

    stopped, running = asyncio.run(story())
    assert isinstance(stopped, TimeoutError)
    assert running == Completed(4, "first\nlast", "")
    assert len(set(pids(tmp_path / "guards", 2))) == 1


def test_a_guard_that_was_killed_ends_its_command_for_us_and_is_started_anew(tmp_path: Path) -> None:
    async def story() -> tuple[int, int]:
        guard = SharedGuard()
        script = f"echo $PPID > {tmp_path}/guard; kill -9 $PPID; exec sleep 0.1"
        return (
            await run(["sh", "-c", script], env=os.environ, guard=guard),
            await run(["sh", "-c", "exit 3"], env=os.environ, guard=guard),
        )

    assert asyncio.run(story()) == (128 + 9, 3)


def test_a_command_of_any_length_reaches_the_guard() -> None:
    words = ["x" * 100_000] * 8
    program = "import sys; print(sum(map(len, sys.argv[1:])))"
    completed = asyncio.run(capture([sys.executable, "-c", program, *words], env=os.environ, guard=SharedGuard()))
    assert completed.stdout == "800000"


def test_a_directory_that_is_not_there_is_said(tmp_path: Path) -> None:
    completed = asyncio.run(capture(["true"], env=os.environ, cwd=tmp_path / "gone", guard=SharedGuard()))
    assert completed.code == 127


def test_what_a_line_s_reader_raises_ends_the_command(tmp_path: Path, guard: SharedGuard | None) -> None:
    def refuse(line: str) -> None:
        raise ValueError(line)

    script = f"echo $$ > {tmp_path}/pids; echo no; sleep 60"
    with pytest.raises(ValueError, match="no"):
        asyncio.run(run(["sh", "-c", script], env=os.environ, on_stdout_line=refuse, guard=guard))
    assert not alive(pids(tmp_path / "pids", 1)[0])


def test_the_guard_of_a_collected_owner_ends() -> None:
    owner = SharedGuard()
    found = asyncio.run(capture(["sh", "-c", "echo $PPID"], env=os.environ, guard=owner))
    assert alive(int(found.stdout))
    del owner
    wait_until(lambda: not alive(int(found.stdout)))


def test_locks_are_held_until_the_command_has_ended(tmp_path: Path, guard: SharedGuard | None) -> None:
    async def story() -> bool:
        with (tmp_path / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            script = 'touch "$0/began"; while [ ! -e "$0/end" ]; do sleep 0.02; done'
            command = ["sh", "-c", script, str(tmp_path)]
            running = asyncio.create_task(run(command, env=os.environ, held=[file.fileno()], guard=guard))
            await asyncio.to_thread(wait_until, (tmp_path / "began").exists)
        is_free = _is_free(tmp_path / "lock")
        (tmp_path / "end").touch()
        await running
        return is_free

    assert not asyncio.run(story())
    assert _is_free(tmp_path / "lock")


def test_a_lock_is_free_as_soon_as_its_command_has_ended(tmp_path: Path, guard: SharedGuard | None) -> None:
    async def story() -> int:
        found = 0
        for _ in range(150 if guard else 5):
            with (tmp_path / "lock").open("w") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                running = asyncio.create_task(run(["true"], env=os.environ, held=[file.fileno()], guard=guard))
                await asyncio.sleep(0)
            await running
            found += _is_free(tmp_path / "lock")
        return found

    assert asyncio.run(story()) == (150 if guard else 5)


def _is_free(path: Path) -> bool:
    with path.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
