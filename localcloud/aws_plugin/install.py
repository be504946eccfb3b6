"""Where the engine finds the stand-in.

Decides the plugin folder's layout (``plugins/resource-aws-v<version>``, as ``pulumi plugin install`` makes it) and the
command in it. The version is the installed SDK's: the engine asks for exactly that one.
"""

from __future__ import annotations

import shlex
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Final

from localcloud.aws_plugin import COMMAND

_PROJECT: Final = Path(__file__).resolve().parents[2]
_EXECUTABLE: Final = "pulumi-resource-aws"


def sdk_version() -> str:
    """The version of the installed ``pulumi-aws``."""
    return version("pulumi-aws")


def install_plugin(pulumi_home: Path) -> Path:
    """Write the plugin folder; returns it. What is there already is written again."""
    folder = pulumi_home / "plugins" / f"resource-aws-v{sdk_version()}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "PulumiPlugin.yaml").write_text("", encoding="utf-8")
    executable = folder / _EXECUTABLE
    executable.write_text(_launcher(), encoding="utf-8")
    executable.chmod(0o755)
    return folder


def _launcher() -> str:
    python, project = shlex.quote(sys.executable), shlex.quote(str(_PROJECT))
    # The parent is noted before Python starts, which takes long enough for the engine to be killed meanwhile.
    return (
        "#!/bin/sh\n"
        f"export FAST_CONTAINER_AWS_PLUGIN_VERSION={shlex.quote(sdk_version())}\n"
        "export FAST_CONTAINER_AWS_PLUGIN_PARENT=$PPID\n"
        f"python={python}\n"
        f'PYTHONPATH={project} exec "${{{COMMAND}:-$python}}" -u -m localcloud.aws_plugin "$@"\n'
    )
