"""Gets the programs that the demo and the tests run: Pulumi's CLI, BuildKit, buildx, a registry, runc.

Decides where each program comes from: the user's own on PATH where it is new enough, else built from the pinned Go
modules beside this file, once for each user and set of pins. The result is one folder::

    ${FAST_CONTAINER_CACHE:-${XDG_CACHE_HOME:-~/.cache}/fast-container}/tools/
        <digest of the pins>/bin/            the programs (bin-<digest>/ when some are the user's own)
        built/<module>-<digest>/             what was built, complete or not there
        lock                                 held while something is built

Run as a program (``python3 tools/get_tools.py``) it needs nothing but Python 3.11.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from tools.debian_runc import folder_of_runc, get_runc
from tools.go_build import ToolsError, build_modules, folder_of
from tools.go_toolchain import find_go
from tools.locking import Say, exclusive
from tools.path_tools import PLUGIN_FOLDERS, OnPath, look
from tools.pins import GoModule, pinned_modules, pins_digest
from tools.pypi import PackageError

__all__ = ["Tools", "ToolsError", "cache_folder", "check_host", "ensure_tools", "prepare"]

_STAMP = ".complete"


@dataclass(frozen=True)
class Tools:
    """The programs that are ready.

    Args:
        bin_dir: The folder that holds them under their names: ``pulumi``, ``pulumi-language-python``,
            ``pulumi-language-python-exec``, ``pulumi-resource-pulumi-python``, ``buildkitd``, ``buildctl``,
            ``buildx`` (and ``docker-buildx``), ``registry``, ``runc``. Put it first on PATH.
        passed_over: One line for each program on PATH that was not used, with the reason.
    """

    bin_dir: Path
    passed_over: tuple[str, ...] = ()


def ensure_tools(*, quiet: bool = False) -> Tools:
    """Return the tools, after getting those that are missing. If all are there, this starts no process.

    Args:
        quiet: Say nothing while working.

    Raises:
        ToolsError: A tool cannot be had; the message says why and what to do next.
    """
    return prepare(pinned_modules(), cache_folder(os.environ), os.environ, _nothing if quiet else _Progress())


def cache_folder(environ: Mapping[str, str]) -> Path:
    """The per-user cache of the project."""
    own = environ.get("FAST_CONTAINER_CACHE")
    if own:
        return Path(own).expanduser().absolute()
    return Path(environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser().absolute() / "fast-container"


def check_host(platform: str, user_id: int) -> str | None:
    """Return why this machine cannot run the demo and the tests, in one line; None if it can."""
    if not platform.startswith("linux"):
        return f"The demo and the tests need Linux as root (this is {platform}); the library itself does not."
    if user_id != 0:
        return "The demo and the tests need root, for BuildKit and runc (try sudo); the library itself does not."
    return None


def prepare(
    modules: Sequence[GoModule],
    cache: Path,
    environ: Mapping[str, str],
    say: Say,
    plugin_folders: Sequence[str] = PLUGIN_FOLDERS,
) -> Tools:
    """Like ``ensure_tools``, with everything that it depends on as arguments."""
    home = cache / "tools"
    built = home / "built"
    pins = home / pins_digest(modules)
    on_path = look(environ, home, home / "versions.json", plugin_folders)
    links = _links(modules, built, on_path)
    bin_dir = pins / _bin_name(on_path)
    if _is_ready(bin_dir, links):
        return Tools(bin_dir, on_path.passed_over)
    for line in on_path.passed_over:
        say(line)
    with exclusive(home / "lock", say):
        needed = [module for module in modules if _is_needed(module, built, links)]
        try:
            if needed:
                go = find_go(max(module.go_version() for module in needed), cache, environ, say)
                say(f"building {', '.join(module.name for module in needed)}; minutes the first time, seconds later")
                build_modules(needed, built, go, say)
            if links["runc"] == folder_of_runc(built) / "runc" and not links["runc"].exists():
                get_runc(built, say)
        except (ToolsError, PackageError) as error:
            raise ToolsError("\n".join([*on_path.passed_over, str(error)])) from error
        _link(bin_dir, links, built)
    return Tools(bin_dir, on_path.passed_over)


def _links(modules: Sequence[GoModule], built: Path, on_path: OnPath) -> dict[str, Path]:
    """Program name -> the file that it stands for."""
    links = {"runc": folder_of_runc(built) / "runc"}
    for module in modules:
        names = [*module.programs(), *(path.name for path in module.beside)]
        links |= {name: folder_of(module, built) / name for name in names}
    links |= on_path.programs
    if "buildx" in links:
        links["docker-buildx"] = links["buildx"]
    return links


def _bin_name(on_path: OnPath) -> str:
    # Two shells with different PATHs must not change each other's links.
    programs = {name: str(path) for name, path in on_path.programs.items()}
    if not programs:
        return "bin"
    return "bin-" + hashlib.sha256(json.dumps(programs, sort_keys=True).encode()).hexdigest()[:8]


def _is_needed(module: GoModule, built: Path, links: Mapping[str, Path]) -> bool:
    folder = folder_of(module, built)
    return any(path.parent == folder and not path.exists() for path in links.values())


def _is_ready(bin_dir: Path, links: Mapping[str, Path]) -> bool:
    return all(os.access(bin_dir / name, os.X_OK) for name in [_STAMP, *links])


def _link(bin_dir: Path, links: Mapping[str, Path], built: Path) -> None:
    bin_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".links-", dir=bin_dir) as work:
        for name, path in links.items():
            new = Path(work) / name
            if built in path.parents:
                # No symbolic link: the CLI warns about plugins that are not in the folder of its own executable.
                _same_file(path, new)
            else:
                new.symlink_to(path)
            new.replace(bin_dir / name)
        stamp = Path(work) / _STAMP
        stamp.touch(mode=0o755)
        stamp.replace(bin_dir / _STAMP)


def _same_file(path: Path, new: Path) -> None:
    try:
        new.hardlink_to(path)
    except OSError:  # a file system without hard links
        shutil.copy(path, new)


class _Progress:
    """Says a line on stderr, with the seconds since the start."""

    def __init__(self) -> None:
        self._begin = time.monotonic()

    def __call__(self, line: str) -> None:
        print(f"tools: [{time.monotonic() - self._begin:3.0f} s] {line}", file=sys.stderr, flush=True)


def _nothing(_line: str) -> None:
    pass


def stop(number: int, _frame: object) -> None:
    """End this process by an exception, so that its children end with it; a handler of signals."""
    raise SystemExit(128 + number)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="get_tools.py", description="Get the programs of the demo and the tests.")
    parser.add_argument("--check-host", action="store_true", help="only say whether this machine can run them")
    parser.add_argument("--print-bin-dir", action="store_true", help="print the folder of the programs, nothing else")
    parser.add_argument("--quiet", action="store_true", help="say nothing while working")
    options = parser.parse_args(argv)
    if options.check_host:
        problem = check_host(sys.platform, os.geteuid())
        if problem:
            print(problem, file=sys.stderr)
        return 1 if problem else 0
    signal.signal(signal.SIGTERM, stop)
    begin = time.monotonic()
    try:
        tools = ensure_tools(quiet=options.quiet)
    except ToolsError as error:
        print(f"tools: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("tools: stopped; what was complete is kept.", file=sys.stderr)
        return 130
    if options.print_bin_dir:
        print(tools.bin_dir)
    elif not options.quiet:
        print(f"tools: ready in {time.monotonic() - begin:.2f} s: {tools.bin_dir}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
