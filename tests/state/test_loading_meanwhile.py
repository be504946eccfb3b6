"""AWS's SDK is loaded while the hook builds, not while the engine waits for the record; and never for nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fast_container.state.image_build import ImageBuildProvider

COMPONENTS = Path(__file__).parents[2] / "components"
RECORD: dict[str, Any] = {
    "build_key": "a" * 64,
    "repository_url": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/images",
    "aws": {"region": "eu-west-1"},
}
CHANGED = {**RECORD, "build_key": "b" * 64}
ELSEWHERE = {**CHANGED, "repository_url": "ghcr.io/shop/images"}
# A process of its own, as the engine has it: what it has loaded is what can be seen.
PROVIDER = """
import json, sys, threading
from pulumi.dynamic import ConfigureRequest
from pulumi.dynamic.config import Config
from fast_container.state.image_build import ImageBuildProvider

verb, old, new = json.loads(sys.argv[1])
provider = ImageBuildProvider()
provider.configure(ConfigureRequest(Config({}, "shop")))
others = set(threading.enumerate())
provider.check(old, new) if verb == "check" else provider.diff("", old, new)
for thread in set(threading.enumerate()) - others:
    thread.join(30)
print("botocore.session" in sys.modules)
"""


@pytest.mark.parametrize(
    ("verb", "old", "new", "is_loaded"),
    [
        ("check", {}, RECORD, True),
        ("diff", RECORD, CHANGED, True),
        ("check", RECORD, RECORD, False),
        ("diff", RECORD, RECORD, False),
        ("diff", RECORD, ELSEWHERE, False),
    ],
)
def test_for_records_that_need_ecr_later_awss_sdk_is_loaded_at_once(
    verb: str, old: dict[str, Any], new: dict[str, Any], is_loaded: bool
) -> None:
    words = [sys.executable, "-c", PROVIDER, json.dumps([verb, old, new])]
    environment = {"PYTHONPATH": str(COMPONENTS), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == str(is_loaded)


def test_a_record_whose_inputs_are_unknown_yet_is_accepted() -> None:
    assert ImageBuildProvider().check({}, {"repository_url": object(), "aws": None}).failures == []


def test_importing_the_library_starts_no_process_and_asks_no_address() -> None:
    program = (
        "import sys\n"
        "seen = []\n"
        "events = {'socket.connect', 'subprocess.Popen', 'os.posix_spawn', 'os.exec', 'os.system', 'os.fork'}\n"
        "sys.addaudithook(lambda event, args: event in events and seen.append((event, args)))\n"
        "import fast_container\n"
        "for name in fast_container.__all__:\n"
        "    getattr(fast_container, name)\n"
        "import fast_container.state.image_build, fast_container.state.program, botocore.session\n"
        "assert not seen, seen\n"
    )
    environment = {"PYTHONPATH": str(COMPONENTS), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# Everything that a program whose images are unchanged runs; asked of a process of its own.
PROGRAM = """
import gc, sys
from fast_container import FastContainerImage, LocalBuilder
import fast_container.state.hook
print(gc.isenabled())
print([name for name in sys.modules if name.startswith(tuple(sys.argv[1:]))])
"""


def test_a_program_with_nothing_to_build_loads_neither_rules_nor_what_builds() -> None:
    needed_to_build = [
        "checks.dockerfile",
        "checks.image",
        "adapters.buildx.",
        "adapters.layers.",
        "report.markdown",
        "report.run_lines",
    ]
    modules = [f"fast_container.{part}" for part in needed_to_build]
    command = [sys.executable, "-c", PROGRAM, *modules]
    done = subprocess.run(command, env={"PYTHONPATH": str(COMPONENTS)}, check=True, capture_output=True, text=True)
    assert done.stdout.split("\n")[:2] == ["True", "[]"]
