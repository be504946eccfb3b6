"""The shop's worker: writes down each second that it lives, and would take orders from a queue."""

import time
from pathlib import Path

from pydantic import BaseModel

HEARTBEAT = Path("/tmp/heartbeat")


class Order(BaseModel):
    """One order of the queue."""

    product: str
    count: int = 1


if __name__ == "__main__":
    while True:
        HEARTBEAT.touch()
        time.sleep(1)
