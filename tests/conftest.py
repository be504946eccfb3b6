"""Fixtures that every folder of tests may use.

``cloud`` is one local cloud for each test process, started by the first test that asks for it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pulumi
import pytest

from localcloud import LocalCloud
from localcloud.base_images import BaseImageKind
from localcloud.python_command import write_python_command
from tests.warm_python.command import warm_python

_TESTS = Path(__file__).parent
_SECONDS: dict[str, float] = json.loads((_TESTS / "seconds.json").read_text())
_YOUNG_ENGINE_TEST_S = 10.0
_IN_MEMORY = Path("/dev/shm")
_PREFIX = "localcloud-tests-"
_NEEDED_BYTES = 6 * 1024**3


def pytest_configure() -> None:
    """Let Ctrl-C be heard, and look for garbage seldom.

    What a shell runs in the background ignores Ctrl-C, and so would all that the tests start. Most of what a test
    process holds are modules and tests, which stay: looking through them took a seventh of its time.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.set_threshold(100_000, 50, 50)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put modules first that take long, so that no worker begins with one when the others have ended."""
    items.sort(key=lambda item: (-_seconds(item.path), item.path))


def pytest_collection_finish() -> None:
    """Keep the collector from looking at all modules and tests again and again."""
    gc.freeze()


def _seconds(module: Path) -> float:
    """How long a module takes, as ``tools/run_tests.py --measure`` has found; a guess for what it has not seen."""
    guess = _YOUNG_ENGINE_TEST_S if module.parent.name == "engine" else 0.0
    return _SECONDS.get(module.relative_to(_TESTS.parent).as_posix(), guess)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A local cloud; ends with the test process, and leaves no process, mount or folder of sockets, but its logs."""
    kept = tmp_path_factory.mktemp("cloud")
    with _state_dir(kept) as state:
        with LocalCloud.running(state) as running:
            _without_automatic_logs(Path(running.environment()["PULUMI_HOME"]))
            _with_bytecode(running)
            yield running
        if state != kept:
            shutil.copytree(state / "logs", kept / "logs")
        assert leftovers(state, running.sockets_dir) == []
        assert not running.sockets_dir.exists()


def _with_bytecode(cloud: LocalCloud) -> None:
    """Exchange the stand-ins of Python images by some with bytecode; a tag ``…-as-official`` names one without."""
    kinds: tuple[BaseImageKind, ...] = ("runtime", "lambda")
    for kind in kinds:
        names = cloud.serve_base_image(kind, compiled=True)
        cloud.serve_base_image(kind, names=[f"{name}-as-official" for name in names])


@pytest.fixture(scope="session")
def warm_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Settings with which the engine's Python processes begin with the SDKs imported; see ``warm_python``."""
    with warm_python(str(write_python_command(tmp_path_factory.mktemp("python")))) as settings:
        yield settings


def _without_automatic_logs(pulumi_home: Path) -> None:
    """Keep the CLI from logging each property that it handles, encrypted, for ``pulumi logs``: nobody reads these."""
    (pulumi_home / "logs").write_text("a file, so that the CLI has no folder for its logs\n")


@pytest.fixture
def mock_loops(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Event loops for Pulumi's mocks, which want one in each thread that they run in, and close none."""
    made: list[asyncio.AbstractEventLoop] = []
    known = threading.local()

    def ensure() -> asyncio.AbstractEventLoop:
        if not hasattr(known, "loop"):
            known.loop = asyncio.new_event_loop()
            asyncio.set_event_loop(known.loop)
            made.append(known.loop)
        return known.loop

    monkeypatch.setattr(pulumi.runtime.mocks, "_ensure_event_loop", ensure)
    ensure()
    # What there is by now is not what the collection afterwards has to look at.
    gc.freeze()
    yield
    asyncio.set_event_loop(None)
    for loop in made:
        _end(loop)
    gc.collect()


def _end(loop: asyncio.AbstractEventLoop) -> None:
    """Close a loop; Outputs that the mocked program did not wait for are cancelled first."""
    # What is cancelled may start more.
    while pending := asyncio.all_tasks(loop):
        for task in pending:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
    loop.close()


@contextmanager
def _state_dir(fallback: Path) -> Iterator[Path]:
    """A folder for a cloud's state: in memory where there is room, since BuildKit's files are many and short-lived."""
    if not _IN_MEMORY.is_dir() or shutil.disk_usage(_IN_MEMORY).free < _NEEDED_BYTES:
        yield fallback
        return
    for folder in _IN_MEMORY.glob(f"{_PREFIX}*"):  # of test processes that were killed
        if not Path(f"/proc/{folder.name.removeprefix(_PREFIX).partition('-')[0]}").exists():
            shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-", dir=_IN_MEMORY) as folder:
        yield Path(folder)


def leftovers(*places: Path) -> list[str]:
    """Mounts below some folders, and processes other than this one whose command line names them."""
    names = [str(place) for place in places]
    found = [line for line in Path("/proc/self/mounts").read_text().splitlines() if any(name in line for name in names)]
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if any(name in command for name in names) and int(folder.name) != os.getpid():
            found.append(f"process {folder.name}: {command}")
    return found
