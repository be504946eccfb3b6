"""The plugin's process; how it serves and ends is decided in ``aws_plugin.serving``."""

from __future__ import annotations

import os

from localcloud.aws_plugin.serving import serve
from localcloud.docker_build_plugin.servicer import Servicer

if __name__ == "__main__":
    version = os.environ["FAST_CONTAINER_DOCKER_BUILD_PLUGIN_VERSION"]
    serve(Servicer(version, os.environ), int(os.environ["FAST_CONTAINER_DOCKER_BUILD_PLUGIN_PARENT"]))
