"""The files of a stand-in base image.

Decides what stands in the root file system beside the unpacked packages: what their maintainer scripts would have
done and no more, pip, the host's certificates and package index, and for the lambda kind AWS's own runtime client.
"""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from localcloud.base_images.catalogue import STANDS_FOR, Architecture, StandIn
from localcloud.base_images.package_managers import add_package_managers

HOST_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_FOLDERS = (
    *("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "usr/local/bin", "etc/ssl/certs", "tmp", "var/lib/dpkg"),
    *("var/tmp", "root", "proc", "sys", "dev", "run", "opt"),
)
_APPLETS = (
    *(
        [
            "sh",
            "ls",
            "cat",
            "mkdir",
            "rm",
            "cp",
            "mv",
            "ln",
            "chmod",
            "chown",
            "find",
            "grep",
            "sed",
            "awk",
            "tar",
            "gzip",
            "gunzip",
            "id",
            "env",
            "echo",
            "test",
            "true",
            "false",
        ]
    ),
    *(
        [
            "sleep",
            "wget",
            "head",
            "tail",
            "wc",
            "sort",
            "xargs",
            "du",
            "touch",
            "date",
            "tr",
            "cut",
            "dirname",
            "basename",
            "adduser",
            "addgroup",
            "which",
        ]
    ),
    *(
        [
            "mktemp",
            "readlink",
            "realpath",
            "stat",
            "uname",
            "seq",
            "tee",
            "unzip",
            "uniq",
            "ps",
            "kill",
            "hostname",
            "expr",
            "printf",
            "pwd",
            "rmdir",
        ]
    ),
)
_PIP = """\
#!/usr/bin/python3
import sys
from pip._internal.cli.main import main
sys.exit(main())
"""
_LAMBDA_ENTRY = """\
#!/bin/sh
# The part of the entry script of AWS's images that matters: hand over to the runtime client.
: "${AWS_LAMBDA_RUNTIME_API:?no Lambda runtime API: start one beside this container}"
export PYTHONPATH=/var/runtime:${PYTHONPATH:-}
export _HANDLER="$1"
exec /usr/bin/python3 -m awslambdaric "$1"
"""
_PLATFORM = {"amd64": "x86_64", "arm64": "aarch64"}


def prepare(root: Path) -> None:
    """Makes the skeleton that packages are unpacked into: merged /usr, and the folders that scripts would make."""
    for folder in _FOLDERS:
        (root / folder).mkdir(parents=True, exist_ok=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    for name in ("tmp", "var/tmp"):
        (root / name).chmod(0o1777)


def finish(root: Path, image: StandIn, architecture: Architecture, downloads: Path) -> None:
    """Completes an unpacked root file system."""
    shutil.copyfile(root / "usr/share/base-passwd/passwd.master", root / "etc/passwd")
    shutil.copyfile(root / "usr/share/base-passwd/group.master", root / "etc/group")
    (root / "etc/nsswitch.conf").write_text("hosts: files dns\n")
    for applet in _applets(root):
        if not any((root / place / applet).exists() for place in ("usr/bin", "usr/sbin")):
            (root / "usr/bin" / applet).symlink_to("busybox")
    if image.kind != "busybox":
        _add_certificates(root)
        _add_python(root, image, downloads)
    if image.kind == "lambda":
        _add_lambda_runtime(root, image.python, architecture)
    add_package_managers(root, image.kind)
    for folder in list(root.rglob("__pycache__")):
        shutil.rmtree(folder)


def _applets(root: Path) -> list[str]:
    """List the commands of the image's busybox; a foreign architecture's cannot be asked."""
    try:
        listed = subprocess.run([root / "usr/bin/busybox", "--list"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return list(_APPLETS)
    return listed.stdout.split()


def _add_certificates(root: Path) -> None:
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    if HOST_CERTIFICATES.exists():
        shutil.copyfile(HOST_CERTIFICATES, bundle)
        return
    parts = sorted((root / "usr/share/ca-certificates/mozilla").glob("*.crt"))
    bundle.write_bytes(b"".join(part.read_bytes() for part in parts))


def _add_python(root: Path, image: StandIn, downloads: Path) -> None:
    python = image.python
    for name in ("python3", "python", f"python{python}"):
        if not (root / "usr/bin" / name).exists():
            (root / "usr/bin" / name).symlink_to(f"python{python}")
    packages = root / f"usr/local/lib/python{python}/dist-packages"
    packages.mkdir(parents=True)
    (packages.parent / "site-packages").symlink_to("dist-packages")
    for version in STANDS_FOR[image.suite]:
        packages.parent.with_name(f"python{version}").symlink_to(f"python{python}")
    for name in ("python", "python3"):
        (root / "usr/local/bin" / name).symlink_to("/usr/bin/python3")
    wheels = sorted(downloads.glob("pip-*.whl"))
    if not wheels:
        downloads.mkdir(parents=True, exist_ok=True)
        _pip("download", "--no-deps", "--dest", str(downloads), "pip")
        wheels = sorted(downloads.glob("pip-*.whl"))
    with zipfile.ZipFile(wheels[-1]) as wheel:
        wheel.extractall(packages)
    script = root / "usr/local/bin/pip"
    script.write_text(_PIP)
    script.chmod(0o755)
    (root / "usr/local/bin/pip3").symlink_to("pip")
    (root / "etc/pip.conf").write_text(pip_settings())
    # This is a container image, as python:slim is: there is no system package manager to protect.
    (root / f"usr/lib/python{python}/EXTERNALLY-MANAGED").unlink(missing_ok=True)
    for module in ("nis", "ossaudiodev", "_tkinter"):
        for path in (root / f"usr/lib/python{python}/lib-dynload").glob(f"{module}*.so"):
            path.unlink()
    subprocess.run(["ldconfig", "-r", root], stderr=subprocess.DEVNULL, check=False)
    (root / "var/cache/ldconfig/aux-cache").unlink(missing_ok=True)


def pip_settings() -> str:
    """The image's ``pip.conf``: the system's certificates, and the package index that the host's pip is told to use."""
    lines = ["[global]", f"cert = {HOST_CERTIFICATES}", "disable-pip-version-check = true", "root-user-action = ignore"]
    for name in ("index-url", "extra-index-url", "trusted-host"):
        value = _host_pip_setting(name)
        if value:
            lines.append(f"{name} = {value}")
    return "\n".join(lines) + "\n"


def _host_pip_setting(name: str) -> str:
    """Read a setting from the environment or a configuration file of the host's pip, without starting pip."""
    from_environment = os.environ.get("PIP_" + name.upper().replace("-", "_"))
    if from_environment:
        return from_environment
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    files = [Path("/etc/pip.conf"), home / "pip" / "pip.conf", Path.home() / ".pip" / "pip.conf"]
    if os.environ.get("PIP_CONFIG_FILE"):
        files.append(Path(os.environ["PIP_CONFIG_FILE"]))
    settings = configparser.ConfigParser(interpolation=None, strict=False)
    settings.read(files)
    return settings.get("global", name, fallback="").strip()


def _add_lambda_runtime(root: Path, python: str, architecture: Architecture) -> None:
    (root / "var/task").mkdir()
    (root / "var/runtime").mkdir()
    machine = _PLATFORM[architecture]
    platforms = [f"--platform={prefix}_{machine}" for prefix in ("manylinux2014", "manylinux_2_17", "manylinux_2_28")]
    _pip(
        *("install", "--no-compile", "--target", str(root / "var/runtime"), "--only-binary=:all:"),
        *(f"--python-version={python}", "--implementation=cp", *platforms, "awslambdaric"),
    )
    entry = root / "lambda-entrypoint.sh"
    entry.write_text(_LAMBDA_ENTRY)
    entry.chmod(0o755)


def _pip(*words: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *words]
    subprocess.run(command, check=True, env=_pip_environment())


def _pip_environment() -> dict[str, str]:
    return {**os.environ, "PIP_ROOT_USER_ACTION": "ignore"}
