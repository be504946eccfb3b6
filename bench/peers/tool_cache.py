"""Peers that this machine can make itself, kept in the per-user tool cache: skaffold from its Go module, CDK from npm.

Decides the versions, and that each is complete or not there. Skaffold compiles for minutes, so it is made only when
asked for; CDK's packages (190 MB) are installed in seconds.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.peers.peer import Missing
from tools.get_tools import cache_folder
from tools.go_toolchain import go_environment
from tools.locking import exclusive
from tools.progress import still

SKAFFOLD_VERSION = "v2.16.1"
SKAFFOLD_MODULE = "github.com/GoogleContainerTools/skaffold/v2"
CDK_PACKAGES = ("aws-cdk-lib@2.276.0", "cdk-assets@4.7.3")
_CONSTRUCTS = "constructs@10"
_LAST_LINES = 5


def skaffold_program(*, compile_it: bool, environ: Mapping[str, str] = os.environ) -> Path:
    """The pinned skaffold of the cache.

    Raises:
        Missing: It is not in the cache and not to be compiled, or does not compile.
    """
    folder = cache_folder(environ) / "tools" / "built" / f"skaffold-{SKAFFOLD_VERSION}"
    program = folder / "skaffold"
    if program.exists():
        return program
    if not compile_it:
        raise Missing("not in the tool cache; name it in `--sides` to compile it (some ten minutes the first time)")
    if shutil.which("go", path=environ.get("PATH")) is None:
        raise Missing("not in the tool cache, and there is no `go` on PATH to compile it")
    environment = go_environment(environ, "auto")

    def compile_into(work: Path) -> None:
        with still(_say, f"downloading {SKAFFOLD_MODULE}@{SKAFFOLD_VERSION}"):
            told = _run(["go", "mod", "download", "-json", f"{SKAFFOLD_MODULE}@{SKAFFOLD_VERSION}"], work, environment)
        # The module's own folder, since only there do the replacements of its go.mod count.
        source = Path(json.loads(told)["Dir"])
        with still(_say, "compiling skaffold, some ten minutes the first time"):
            _run(["go", "build", "-o", str(work / "skaffold"), "./cmd/skaffold"], source, environment)

    _fill(folder, compile_into)
    return program


def cdk_folder(environ: Mapping[str, str]) -> Path:
    """The ``node_modules`` with CDK's packages.

    Raises:
        Missing: There is no node or npm, or npm fails.
    """
    name = "-".join(package.replace("@", "-") for package in CDK_PACKAGES)
    folder = cache_folder(environ) / "tools" / "built" / name
    if not folder.exists():
        missing = [program for program in ("node", "npm") if shutil.which(program, path=environ.get("PATH")) is None]
        if missing:
            raise Missing(f"`{'` and `'.join(missing)}` not on PATH")

        def install_into(work: Path) -> None:
            (work / "package.json").write_text('{"private": true}\n')
            with still(_say, f"npm installs {', '.join(CDK_PACKAGES)}"):
                _run(["npm", "install", "--no-audit", "--no-fund", *CDK_PACKAGES, _CONSTRUCTS], work, environ)

        _fill(folder, install_into)
    return folder / "node_modules"


def _fill(folder: Path, make: Callable[[Path], None]) -> None:
    """Make a folder of the cache; it appears when it is complete."""
    with exclusive(folder.with_name(f".lock-{folder.name}"), _say):
        if folder.exists():
            return
        work = Path(tempfile.mkdtemp(prefix=f".making-{folder.name}-", dir=folder.parent))
        try:
            make(work)
            work.chmod(0o755)
            work.rename(folder)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _run(command: list[str], folder: Path, environment: Mapping[str, str]) -> str:
    began = time.monotonic()
    done = subprocess.run(
        command,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = " ".join((done.stderr or done.stdout).split("\n")[-_LAST_LINES:]).strip()
        took = f"after {time.monotonic() - began:.0f} s"
        raise Missing(f"`{' '.join(command[:3])}` failed with exit code {done.returncode} {took}: {last}")
    return done.stdout


def _say(text: str) -> None:
    print(f"peers: {text}", file=sys.stderr, flush=True)
