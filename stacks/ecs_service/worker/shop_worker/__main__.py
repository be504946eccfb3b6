"""Runs the job whenever ``SCHEDULE`` (a cron expression, UTC) says so, until it is told to end (SIGTERM)."""

import os
import signal
import threading
from datetime import UTC, datetime

from cronsim import CronSim

from shop_worker import heartbeat
from shop_worker.report import write_report


def main() -> None:
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopping.set())
    times = CronSim(os.environ.get("SCHEDULE", "*/5 * * * *"), datetime.now(UTC))
    due = next(times)
    while not stopping.is_set():
        heartbeat.beat()
        now = datetime.now(UTC)
        if now >= due:
            write_report(due)
            due = next(time for time in times if time > now)
        stopping.wait(min(heartbeat.EVERY_S, max(0.0, (due - now).total_seconds())))


if __name__ == "__main__":
    main()
