"""ECS's health check: ends with an error when the worker's last heartbeat is too long ago."""

import sys
import time

from shop_worker.heartbeat import EVERY_S, FILE

if __name__ == "__main__":
    sys.exit(time.time() - FILE.stat().st_mtime > 3 * EVERY_S)
