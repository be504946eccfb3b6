"""What ``PULUMI_PYTHON_CMD`` names in the engine's tests: a server, and the command that has it fork.

Decides which processes are forked: programs, dynamic providers and the local cloud's AWS plugin. All others, and the
language host's question for packages, are the local cloud's own command's. The server ends with this process, however
that ends.
"""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from localcloud.aws_plugin import COMMAND
from tests.warm_python import child, starter

_ROOT: Final = Path(__file__).parents[2]
_BACKLOG: Final = 64
_SCRIPT: Final = """\
#!/bin/sh
case "$1 $2 $3" in
"-u -m pulumi.dynamic" | "-u -m localcloud.aws_plugin" | *"/pulumi-language-python-exec --monitor "*)
    exec {starter} "$@" ;;
esac
exec {plain} "$@"
"""


@contextmanager
def warm_python(plain: str) -> Iterator[dict[str, str]]:
    """Settings of an engine that has its Python processes forked.

    Args:
        plain: The command that runs all other Python.
    """
    with tempfile.TemporaryDirectory(prefix="warm-python-") as folder:
        place, command = Path(folder) / "socket", Path(folder) / "python"
        words = [sys.executable, "-I", "-S", starter.__file__, str(place), sys.executable]
        command.write_text(_SCRIPT.format(starter=shlex.join(words), plain=shlex.quote(plain)))
        command.chmod(0o755)
        # Listens before the server has imported anything, so that starters wait for it.
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(place))
            listener.listen(_BACKLOG)
            server = subprocess.Popen(
                [sys.executable, "-m", "tests.warm_python.server", str(listener.fileno())],
                cwd=_ROOT,
                env=_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                pass_fds=[listener.fileno()],
                start_new_session=True,
            )
        with server:
            kept = {name: value for name, value in _environment().items() if name.startswith(child.READ_AT_START)}
            yield {**kept, "PULUMI_PYTHON_CMD": str(command), COMMAND: str(command)}
            assert server.stdin is not None
            server.stdin.close()
            assert server.wait(20) == 0


def _environment() -> dict[str, str]:
    """As the local cloud's processes have it; the search path is each fork's own."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")}
