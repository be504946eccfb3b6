"""``python -m localcloud start | stop | status [--state DIR]``.

Decides what the command line prints; the work is :class:`localcloud.cloud.LocalCloud`'s.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from localcloud.cloud import LocalCloud
from localcloud.launching import clear_remains
from localcloud.state import CloudPaths, CloudRecord, LocalCloudError, default_state_dir


def main() -> int:
    """Runs one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m localcloud", description=__doc__)
    parser.add_argument("command", choices=("start", "stop", "status"))
    parser.add_argument("--state", type=Path, default=default_state_dir(), help="state directory (%(default)s)")
    parser.add_argument("--tools", type=Path, help="folder of the tools, instead of the pinned ones")
    arguments = parser.parse_args()
    try:
        return {"start": _start, "stop": _stop, "status": _status}[arguments.command](arguments.state, arguments.tools)
    except LocalCloudError as error:
        print(f"localcloud: {error}", file=sys.stderr)
        return 1


def _start(state: Path, tools: Path | None) -> int:
    began = time.monotonic()
    running = CloudRecord.read(CloudPaths(state.absolute()).record)
    cloud = LocalCloud.start(state, tools_dir=tools)
    if running:
        print("the local cloud runs already")
    else:
        print(f"the local cloud runs ({time.monotonic() - began:.1f} s)")
    _print_parts(cloud)
    return 0


def _stop(state: Path, tools: Path | None) -> int:
    cloud = LocalCloud.find(state, tools_dir=tools)
    if cloud is None:
        clear_remains(CloudPaths(state.absolute()))
        print("no local cloud runs")
        return 0
    cloud.stop()
    print("the local cloud is stopped")
    return 0


def _status(state: Path, tools: Path | None) -> int:
    cloud = LocalCloud.find(state, tools_dir=tools)
    if cloud is None:
        print("no local cloud runs")
        crash = CloudPaths(state.absolute()).state / "crash.txt"
        if crash.exists():
            print(f"the last one ended by itself: {crash.read_text().strip()}")
        return 3
    _print_parts(cloud)
    return 0


def _print_parts(cloud: LocalCloud) -> None:
    buildkit_pid = cloud.status()["buildkit_pid"]
    for part, address in (
        ("AWS APIs", cloud.aws_endpoint),
        ("registry (ECR)", cloud.registry_host),
        ("base images", cloud.mirror_host),
        ("BuildKit", f"{cloud.buildkit_address}{'' if buildkit_pid else '  (does not run)'}"),
        ("buildx builder", cloud.builder_name),
        ("state", str(cloud.state_dir)),
    ):
        print(f"  {part:<16}{address}")


if __name__ == "__main__":
    sys.exit(main())
