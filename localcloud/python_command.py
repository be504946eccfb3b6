"""The interpreter that Pulumi is told to use on a local cloud.

Before each preview and update the language host asks ``python -m pip list`` which packages come with a plugin: half a
second of pip, a fifth of what a small update costs. Decides that this one question is answered from a list that is
made when the cloud starts, as the AWS plugin is installed then for the SDK of that moment; all else is the
interpreter's.
"""

from __future__ import annotations

import json
import shutil
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

_SCRIPT: Final = Path(__file__).with_suffix(".sh")


def write_python_command(folder: Path) -> Path:
    """Write the command and the files that it reads, replacing old ones; return the command."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "packages.json").write_text(json.dumps(installed_packages()), encoding="utf-8")
    (folder / "interpreter").write_text(f"{sys.executable}\n", encoding="utf-8")
    command = folder / "python"
    shutil.copyfile(_SCRIPT, command)
    command.chmod(0o755)
    return command


def installed_packages() -> list[dict[str, str]]:
    """Name, version and place of each package of this interpreter, in the form of ``pip list -v``."""
    found = {
        package.name.lower(): {
            "name": package.name,
            "version": package.version,
            "location": str(package.locate_file("")),
        }
        for package in distributions()
    }
    return [found[name] for name in sorted(found)]
