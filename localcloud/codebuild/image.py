"""What CodeBuild's standard images have, and nothing else.

Decides which commands a build finds on its PATH and which modules its ``python3`` can import: AWS's images have
Docker with buildx, Git, Python with boto3 (aws/aws-codebuild-docker-images), and neither Pulumi nor this project. The
interpreter is the one that runs the cloud, as a virtual environment that holds links to boto3's own modules only,
and keeps its bytecode from one build to the next (:mod:`localcloud.codebuild.kept_bytecode`). The AWS command line is
not there.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
import shutil
import sys
from pathlib import Path

from localcloud.codebuild.docker_hub import DockerHub

_COMMANDS = (
    *("awk", "base64", "basename", "bash", "cat", "chmod", "chown", "cksum", "cmp", "comm", "cp", "cut", "date", "dd"),
    *("df", "diff", "dirname", "du", "echo", "env", "expr", "false", "find", "getent", "git", "grep", "gunzip", "gzip"),
    *("head", "hostname", "id", "install", "join", "kill", "ln", "ls", "md5sum", "mkdir", "mkfifo", "mktemp", "mv"),
    *("nice", "nl", "nohup", "nproc", "od", "paste", "perl", "printenv", "printf", "ps", "pwd", "readlink"),
    *("realpath", "rm", "rmdir", "sed", "seq", "sh", "sha1sum", "sha256sum", "sha512sum", "shuf", "sleep", "sort"),
    *("split", "stat", "stty", "sync", "tac", "tail", "tar", "tee", "test", "timeout", "touch", "tr", "true"),
    *("truncate", "tsort", "tty", "uname", "uniq", "unlink", "unzip", "wc", "which", "whoami", "xargs", "xz", "yes"),
    "zip",
)
_MODULES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")
_CURATED = "aws/codebuild/"


class BuildImage:
    """The imitation of an image, as folders.

    Args:
        folder: Where to make it.
        tools: The folder that holds ``buildx``.
        buildkit: The address of this cloud's BuildKit.

    Attributes:
        docker_hub: What builds may pull from Docker Hub without a login.
    """

    def __init__(self, folder: Path, tools: Path, buildkit: str) -> None:
        self._folder = folder
        self._tools = tools
        self._buildkit = buildkit
        self._hub = folder.with_name(f"{folder.name}-docker-hub")
        self.docker_hub = DockerHub(self._hub)

    def path(self, *, privileged: bool) -> str:
        """The PATH of a build; Docker's engine runs in privileged builds only."""
        docker = self._folder / ("docker-privileged" if privileged else "docker-plain")
        return f"{docker}:{self._folder / 'bin'}"

    def make(self) -> None:
        """Makes the folders."""
        binaries = self._folder / "bin"
        binaries.mkdir(parents=True)
        # The system's tools, not those of the user that runs the tests.
        for name in _COMMANDS:
            found = shutil.which(name, path="/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin")
            if found:
                (binaries / name).symlink_to(found)
        for privileged, name in ((True, "docker-privileged"), (False, "docker-plain")):
            self._make_docker(self._folder / name, privileged=privileged)
        self._make_python(binaries)

    def _make_python(self, binaries: Path) -> None:
        interpreter = Path(base_interpreter())
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        packages = self._folder / "lib" / version / "site-packages"
        packages.mkdir(parents=True)
        for name in _MODULES:
            spec = importlib.util.find_spec(name)
            if spec is None or spec.origin is None:
                continue
            origin = Path(spec.origin)
            place = origin.parent if origin.name == "__init__.py" else origin
            (packages / place.name).symlink_to(place)
        (packages / "sitecustomize.py").symlink_to(Path(__file__).with_name("kept_bytecode.py"))
        for name in ("python3", "python", version):
            (binaries / name).symlink_to(interpreter)
        settings = f"home = {interpreter.parent}\ninclude-system-site-packages = false\n"
        (self._folder / "pyvenv.cfg").write_text(settings)

    def _make_docker(self, folder: Path, *, privileged: bool) -> None:
        folder.mkdir()
        settings = self._folder / f"{folder.name}.json"
        known = {"privileged": privileged, "buildx": str(self._tools / "buildx"), "buildkit": self._buildkit}
        known["hub"] = str(self._hub)
        settings.write_text(json.dumps(known))
        words = [base_interpreter(), "-I", "-S", Path(__file__).with_name("docker.py"), settings]
        program = folder / "docker"
        program.write_text(f'#!/bin/sh\nexec {" ".join(shlex.quote(str(word)) for word in words)} "$@"\n')
        program.chmod(0o755)


def base_interpreter() -> str:
    """The interpreter below this process's virtual environment: it finds none of the project's modules."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


def why_not_pulled(environment: dict[str, object]) -> str:
    """Why an environment's image cannot run there, or "": AWS's own images have an architecture in their names."""
    image, kind = str(environment["image"]), str(environment["type"])
    if not image.startswith(_CURATED):
        return ""
    arm = "aarch64" in image
    if arm != kind.startswith("ARM_"):
        return f"The image {image} does not run in an environment of type {kind}"
    return ""
