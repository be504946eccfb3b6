"""Does the job every ``REPORT_EVERY_S`` seconds until it is told to end (SIGTERM)."""

import os
import signal
import threading
import time

from shop_worker import heartbeat
from shop_worker.report import write_report


def main() -> None:
    every_s = float(os.environ.get("REPORT_EVERY_S", "300"))
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopping.set())
    due = time.monotonic() + every_s
    while not stopping.is_set():
        heartbeat.beat()
        if time.monotonic() >= due:
            write_report()
            due += every_s
        stopping.wait(max(0.0, min(heartbeat.EVERY_S, due - time.monotonic())))


if __name__ == "__main__":
    main()
