"""The plugin's process; how it serves and ends is decided in ``serving``."""

from __future__ import annotations

import os

from localcloud.aws_plugin.servicer import Servicer
from localcloud.aws_plugin.serving import serve


def main() -> None:
    """Serve until the engine ends the process."""
    # The instance metadata service is not on this machine, and this stand-in talks to nothing else.
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    parent = int(os.environ.get("FAST_CONTAINER_AWS_PLUGIN_PARENT") or os.getppid())
    serve(Servicer(_version(), os.environ), parent)


def _version() -> str:
    from_launcher = os.environ.get("FAST_CONTAINER_AWS_PLUGIN_VERSION")
    if from_launcher:
        return from_launcher
    from localcloud.aws_plugin.install import sdk_version  # noqa: PLC0415

    return sdk_version()


if __name__ == "__main__":
    main()
