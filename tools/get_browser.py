"""Gets a headless browser for the tests of pages: Debian's ``chromium-headless-shell``, without installing it.

Decides that a Chromium on PATH is used instead if there is one. What Debian's package needs and this machine does not
have is unpacked beside it; so it needs no root, and changes nothing outside the per-user cache (some 300 MB there).

Run as a program (``python3 tools/get_browser.py``) it prints the browser's place; with ``--quiet`` only what takes
long.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from tools.debian_packages import has_apt, missing_packages, run, unpack_packages
from tools.get_tools import cache_folder
from tools.go_build import WORK_PREFIX, ToolsError
from tools.locking import Say, exclusive
from tools.progress import still

ON_PATH = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_PACKAGES = ("chromium-headless-shell", "fonts-dejavu-core", "fontconfig-config")
_PROGRAM = Path("usr/lib/chromium/chromium-headless-shell")
_INSTALL = "install chromium with the system's package manager, then run the same command again."


@dataclass(frozen=True)
class Browser:
    """A Chromium that is ready.

    Args:
        program: Its executable.
        environment: Variables that it needs.
    """

    program: Path
    environment: Mapping[str, str]


def ensure_browser(environ: Mapping[str, str] | None = None, *, quiet: bool = False) -> Browser:
    """Return a browser, after getting one if necessary. If it is there, this starts no process.

    Raises:
        ToolsError: It cannot be had; the message says why and what to do next.
    """
    environ = os.environ if environ is None else environ
    for name in ON_PATH:
        found = shutil.which(name, path=environ.get("PATH"))
        if found:
            return Browser(Path(found), {})
    home = cache_folder(environ) / "tools"
    folder = home / "built" / "chromium-debian"
    if not folder.exists():
        with exclusive(home / "lock", _nothing if quiet else _say):
            if not folder.exists():
                _get(folder, _nothing if quiet else _say)
    return _in(folder)


def _get(folder: Path, say: Say) -> None:
    if not has_apt():
        raise ToolsError(f"chromium is not on PATH, and there is no apt-get to get it with.\n  next: {_INSTALL}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (
        still(say, "getting chromium-headless-shell from Debian's packages (100 MB)"),
        tempfile.TemporaryDirectory(prefix=WORK_PREFIX, dir=folder.parent) as work,
    ):
        try:
            unpacked = unpack_packages(missing_packages(_PACKAGES, Path(work)), Path(work))
        except ToolsError as error:
            raise ToolsError(f"chromium is not on PATH, and {error}\n  next: {_INSTALL}") from None
        browser = _in(unpacked)
        started = run(
            ["env", *(f"{k}={v}" for k, v in browser.environment.items()), str(browser.program), "--version"],
            Path(work),
        )
        if started.returncode != 0:
            raise ToolsError(f"the chromium of Debian's package does not start: {started.stderr}\n  next: {_INSTALL}")
        unpacked.rename(folder)


def _in(folder: Path) -> Browser:
    libraries = sorted({str(path.parent) for path in folder.glob("**/lib/*-linux-*/**/*.so*")})
    environment = {"LD_LIBRARY_PATH": ":".join(libraries)}
    if (folder / "usr/share/fonts").is_dir():
        environment["XDG_DATA_HOME"] = str(folder / "usr/share")
    if (folder / "etc/fonts/fonts.conf").is_file():
        environment["FONTCONFIG_PATH"] = str(folder / "etc/fonts")
    return Browser(folder / _PROGRAM, environment)


def _say(line: str) -> None:
    print(f"tools: {line}", file=sys.stderr, flush=True)


def _nothing(_line: str) -> None:
    pass


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="get_browser.py", description="Get a headless browser for tests.")
    parser.add_argument("--quiet", action="store_true", help="say only what takes long")
    options = parser.parse_args(argv)
    try:
        browser = ensure_browser()
        if not options.quiet:
            print(browser.program)
    except ToolsError as error:
        print(f"tools: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("tools: stopped; what was complete is kept.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
