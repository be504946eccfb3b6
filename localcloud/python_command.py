"""The interpreter that Pulumi is told to use on a local cloud.

Before each preview and update the language host asks ``python -m pip list`` which packages come with a plugin: half a
second of pip, a fifth of what a small update costs. Decides that this one question is answered from a list that is
made when the cloud starts, as the AWS plugin is installed then for the SDK of that moment; all else is the
interpreter's.
"""

from __future__ import annotations

import json
import shlex
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

_QUESTION: Final = "-m pip list -v --format json"


def write_python_command(command: Path) -> None:
    """Write the command, and beside it the list that it answers from; both are written again if they are there."""
    answer = command.with_suffix(".packages.json")
    answer.write_text(json.dumps(installed_packages()), encoding="utf-8")
    command.write_text(
        "#!/bin/sh\n"
        f'[ "$*" = "{_QUESTION}" ] && exec cat {shlex.quote(str(answer))}\n'
        f'exec {shlex.quote(sys.executable)} "$@"\n',
        encoding="utf-8",
    )
    command.chmod(0o755)


def installed_packages() -> list[dict[str, str]]:
    """Name, version and place of each package of this interpreter, as ``pip list -v`` says them."""
    found = {
        package.name.lower(): {
            "name": package.name,
            "version": package.version,
            "location": str(package.locate_file("")),
        }
        for package in distributions()
    }
    return [found[name] for name in sorted(found)]
