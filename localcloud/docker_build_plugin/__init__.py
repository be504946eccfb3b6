"""A stand-in for ``pulumi-resource-docker-build``: ``docker-build:index:Image`` on this machine's BuildKit.

For showing how a stack that uses it is moved: it builds and pushes with buildx, gives ``digest``, ``ref`` and
``contextHash``, finds changes without any call, and, as the real one, deletes the image's manifest from the
registry when the resource goes. It is strict: a property or a kind that it does not have is an error. It refuses every
registry that is not on a loopback address. ``contextHash`` is simpler than the real one: it knows no ignore files.

How to find one's way::

    __main__    the process
    servicer    the provider protocol
    arguments   inputs: what there is, what is wrong, what differs
    image       building, pushing, deleting
"""

from __future__ import annotations

import shlex
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Final

_PROJECT: Final = Path(__file__).resolve().parents[2]


def install(pulumi_home: Path) -> None:
    """Put this stand-in where the engine looks for the plugin of the installed SDK's version.

    Args:
        pulumi_home: A ``PULUMI_HOME`` folder of one's own; never a user's, whose real plugin would be hidden.
    """
    sdk = version("pulumi-docker-build")
    folder = pulumi_home / "plugins" / f"resource-docker-build-v{sdk}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "PulumiPlugin.yaml").write_text("", encoding="utf-8")
    executable = folder / "pulumi-resource-docker-build"
    python, project = shlex.quote(sys.executable), shlex.quote(str(_PROJECT))
    executable.write_text(
        "#!/bin/sh\n"
        f"export FAST_CONTAINER_DOCKER_BUILD_PLUGIN_VERSION={shlex.quote(sdk)}\n"
        "export FAST_CONTAINER_DOCKER_BUILD_PLUGIN_PARENT=$PPID\n"
        f'PYTHONPATH={project} exec {python} -m localcloud.docker_build_plugin "$@"\n',
        encoding="utf-8",
    )
    executable.chmod(0o755)


__all__ = ["install"]
