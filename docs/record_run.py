"""Records what a terminal shows of the README's first program: two ``up``, an edit, and a third.

Decides what is recorded: the program as it stands in README.md, on a local cloud of its own, in a pseudo-terminal. The
recording is data (``docs/pictures/second_up.json``): what was written to the terminal, when. It holds neither a path
nor an address of this machine. Leaves drawing to ``draw_run``, which this calls in the end.

    .venv/bin/python docs/record_run.py        as root on Linux, after `make setup`
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
if not __package__:
    sys.path[0] = str(PROJECT)

from docs.draw_run import PICTURE, RECORDING, draw  # noqa: E402
from localcloud import LocalCloud  # noqa: E402
from stacks.rehearsal.pulumi_cli import Stack  # noqa: E402

COLUMNS, ROWS = 112, 60
UP = "pulumi up --yes --skip-preview"
EDIT = "sed -i 's/hello/hello, world/' lambdas/api/handler.py"
SAYS = (
    "A terminal. The first pulumi up builds the image and creates nine resources. The second one leaves all nine"
    " unchanged. After an edit of the handler a third one says which file changed, builds the image and updates the"
    " function."
)
FILES = {
    "Pulumi.yaml": "name: shop\nruntime:\n  name: python\n  options:\n    virtualenv: .venv\n",
    "lambdas/api/Dockerfile": (
        'FROM public.ecr.aws/lambda/python:3.12\nCOPY api/handler.py ./\nCMD ["handler.handler"]\n'
    ),
    "lambdas/api/handler.py": 'def handler(event, context):\n    return "hello"\n',
}
# The CLI asks a terminal for its background and the cursor's place, and waits for the answers.
_ANSWERS = {"\x1b]11;?\x1b\\": b"\x1b]11;rgb:0000/0000/0000\x1b\\", "\x1b[6n": b"\x1b[1;1R"}


def first_program() -> str:
    """The README's first Python block."""
    found = re.search(r"^```python\n(.*?)^```", (PROJECT / "README.md").read_text(encoding="utf-8"), re.DOTALL | re.M)
    if found is None:
        raise SystemExit("README.md: there is no Python block")
    return found[1]


def in_terminal(command: str, folder: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """Run a command in a terminal of its own: what it wrote and when, and how long it took."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    begin = time.monotonic()
    chunks: list[tuple[float, str]] = []
    with subprocess.Popen(
        command.split(), cwd=folder, env=dict(environment), stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        while text := _read(ours):
            chunks.append((round(time.monotonic() - begin, 2), text))
            for question, answer in _ANSWERS.items():
                if question in text:
                    os.write(ours, answer)
    took_s = time.monotonic() - begin
    os.close(ours)
    if process.returncode:
        raise SystemExit(f"`{command}` ended with code {process.returncode}:\n{''.join(text for _, text in chunks)}")
    return {"command": command, "took_s": round(took_s, 2), "chunks": chunks}


def _read(terminal: int) -> str:
    try:
        return os.read(terminal, 1 << 16).decode("utf-8", "replace")
    except OSError:
        # Linux says so when the program has closed its end.
        return ""


def record(scratch: Path) -> dict[str, Any]:
    """Run the story; returns the recording.

    Raises:
        SystemExit: A command fails, or shows what only this machine has.
    """
    folder = scratch / "shop"
    for name, text in {**FILES, "__main__.py": first_program()}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / ".venv").symlink_to(PROJECT / ".venv")
    with LocalCloud.running(scratch / "cloud") as cloud:
        environment = {**cloud.environment(private_cache=True), "TERM": "xterm-256color"}
        Stack("dev", folder, environment).init(cloud.stack_config())
        first = in_terminal(UP, folder, environment)
        second = in_terminal(UP, folder, environment)
        subprocess.run(["bash", "-c", EDIT], cwd=folder, check=True)
        edit = {"command": EDIT, "took_s": 0.0, "chunks": []}
        runs = [first, second, edit, in_terminal(UP, folder, environment)]
        private = (str(scratch), str(PROJECT), cloud.registry_host, cloud.aws_endpoint, os.uname().nodename)
    recording = {"says": SAYS, "columns": COLUMNS, "runs": runs}
    for text in private:
        if text in json.dumps(recording):
            raise SystemExit(f"the terminal showed what only this machine has: {text}")
    return recording


def main() -> None:
    """Record, and draw what was recorded."""
    with tempfile.TemporaryDirectory(prefix="fast-container-recording-") as scratch:
        recording = record(Path(scratch))
    RECORDING.write_text(json.dumps(recording, ensure_ascii=True, indent=1) + "\n", encoding="utf-8")
    PICTURE.write_text(draw(recording), encoding="utf-8")
    print(f"recorded: {RECORDING.relative_to(PROJECT)}; drawn: {PICTURE.relative_to(PROJECT)}")


if __name__ == "__main__":
    main()
