"""The demo's scratch folder: everything of it lies there, and nothing of it outlives a demo that succeeded."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stacks.rehearsal.checkout import DemoFailed
from stacks.rehearsal.leftovers import wait_for_none


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A private folder that goes when the demo succeeded or was stopped, and stays when a step failed."""
    folder = Path(tempfile.mkdtemp(prefix="fast-container-demo-"))
    failed = False
    try:
        yield folder
    except Exception:
        failed = True
        raise
    finally:
        # Cleaning up is not to be cut short.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        left = wait_for_none(folder)
        for process, command in left.items():
            print(f"demo: process {process} had not ended and was killed: {command[:100]}", file=sys.stderr)
        if failed:
            print(f"demo: logs and state are kept in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
        if left and not failed:
            raise DemoFailed("processes were left behind")
