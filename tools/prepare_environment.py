"""Leaves the project's environment in ``.venv/``, exactly as ``uv.lock`` says, with the ``fast-container`` command.

Decides which Python and which ``uv`` do it: the Python that runs this file, or the first one on PATH that is new
enough; the ``uv`` on PATH, or a pinned one from PyPI in the per-user cache. When nothing has changed since the last
time, this starts no process.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
STAMP = ENVIRONMENT / ".prepared"
UV_WHEEL = ("uv", "0.13.9")
UV_FLOOR = (0, 8, 0)  # reads the revision of uv.lock that newer ones write
PYTHON_FLOOR = (3, 11)
NEWER_PYTHONS = ("python3.11", "python3.12", "python3.13", "python3.14")


def use_new_python() -> None:
    """Go on in a Python that is new enough, or end with one line that says what is needed."""
    if sys.version_info >= PYTHON_FLOOR:
        return
    for name in NEWER_PYTHONS:
        found = shutil.which(name)
        if found:
            os.execv(found, [found, *sys.argv])
    has = ".".join(str(part) for part in sys.version_info[:3])
    sys.exit(f"setup: Python 3.11 or newer is needed; {sys.executable} is {has}. Install one and put it on PATH.")


def expected_stamp() -> str:
    """Compute a stamp that changes with everything that decides the content of the environment, and with its place."""
    hashed = hashlib.sha256(str(ROOT).encode())
    for name in ("uv.lock", "pyproject.toml"):
        hashed.update((ROOT / name).read_bytes())
    return hashed.hexdigest()


def is_prepared() -> bool:
    """Whether the environment is as the lock file says."""
    programs = (ENVIRONMENT / "bin" / "python", ENVIRONMENT / "bin" / "fast-container")
    try:
        return STAMP.read_text(encoding="utf-8") == expected_stamp() and all(os.access(p, os.X_OK) for p in programs)
    except OSError:
        return False


def find_uv() -> str:
    """Return the ``uv`` on PATH if it is new enough, else the pinned one from PyPI."""
    from tools.get_tools import cache_folder  # noqa: PLC0415 - needs the Python that use_new_python() finds
    from tools.pins import parse_version, show_version  # noqa: PLC0415
    from tools.pypi import install_wheel  # noqa: PLC0415

    on_path = shutil.which("uv")
    if on_path:
        asked = subprocess.run([on_path, "--version"], capture_output=True, text=True, check=False)
        version = parse_version(asked.stdout)
        if version and version >= UV_FLOOR:
            return on_path
        has = f"is {show_version(version)}" if version else "does not say its version"
        say(f"{on_path} {has}, {show_version(UV_FLOOR)} is needed: using {'=='.join(UV_WHEEL)} from PyPI")
    return str(install_wheel(*UV_WHEEL, cache_folder(os.environ), say) / "bin" / "uv")


def prepare() -> int:
    """Make the environment if it is missing or outdated; return the exit code."""
    if is_prepared():
        return 0
    from tools.progress import still  # noqa: PLC0415 - needs the Python that use_new_python() finds

    uv = find_uv()
    STAMP.unlink(missing_ok=True)
    command = [uv, "sync", "--quiet", "--locked", "--all-groups", "--python", sys.executable]
    settings = {"UV_PROJECT_ENVIRONMENT": str(ENVIRONMENT), "UV_PYTHON_DOWNLOADS": "never"}
    # uv trusts its own list of authorities, pip and Go the system's; a company's proxy is in the latter only.
    trust = {"UV_SYSTEM_CERTS": "true", "UV_NATIVE_TLS": "true"}
    inherited = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    environment = trust | inherited | settings
    with still(say, "making .venv as uv.lock says"):
        made = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, check=False)
    if made.returncode != 0:
        say("uv could not make the environment: see above; run the same command again when that is mended.")
        return 1
    STAMP.write_text(expected_stamp(), encoding="utf-8")
    return 0


def say(line: str) -> None:
    """One line on stderr."""
    print(f"setup: {line}", file=sys.stderr, flush=True)


def main() -> int:
    """The command line; returns the exit code."""
    from tools.pypi import PackageError  # noqa: PLC0415 - needs the Python that use_new_python() finds

    try:
        return prepare()
    except PackageError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("stopped.")
        return 130


if __name__ == "__main__":
    use_new_python()
    sys.path[0] = str(ROOT)
    sys.exit(main())
