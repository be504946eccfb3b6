"""Says that something is still going on, for work that says nothing itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tools.locking import Say


@contextmanager
def still(say: Say, what: str, *, every_s: float = 10.0) -> Iterator[None]:
    """Says ``what`` now, and again with the seconds so far every ``every_s`` until the block ends."""
    begin = time.monotonic()
    ended = threading.Event()

    def tell() -> None:
        while not ended.wait(every_s):
            say(f"{what}: {time.monotonic() - begin:.0f} s")

    say(what)
    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()
