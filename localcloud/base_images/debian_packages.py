"""Debian packages without touching the host's package state.

Decides how packages are found (apt, with a private state and the host's own mirror), fetched once and unpacked. No
maintainer script runs, so foreign architectures work too.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from localcloud.state import LocalCloudError

_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_SCRIPT_ONLY = re.compile(
    r"debconf|cdebconf|dpkg|perl|perl-base|perl-modules.*|libperl.*|tar|install-info|openssl|openssl-provider-legacy"
    r"|libnewt.*|libslang.*|libtextwrap.*|libdebian-installer.*|readline-common|mawk|gawk"
    r"|media-types|mailcap|mime-support|libmd0|libpcre2.*|libselinux1|libacl1|coreutils|libattr1|debianutils"
    r"|libdebconfclient0|diffutils|sed|grep|gzip|findutils|util-linux.*|login.*|passwd|libpam.*|libaudit.*"
    r"|libcap-ng0|libsystemd.*|libudev1|libsmartcols1|libmount1|libblkid1|sysvinit-utils|init-system-helpers"
    r"|bsdutils|hostname|ncurses-b.*|bash"
)
"""Packages that only maintainer scripts need; without them an image is some 50 MB smaller."""

_OF_ACCOUNTS = re.compile(r"passwd|login\.defs|libmd0|libpcre2.*|libselinux1|libacl1|libattr1|libaudit.*|libcap-ng0")
"""Those of them that useradd and groupadd run with, where they are asked for."""
_NOTHING = re.compile(r"(?!)")

_LEFT_OUT = (
    "./usr/share/man/*",
    "./usr/share/locale/*",
    "./usr/share/info/*",
    "./usr/share/lintian/*",
    "./usr/share/doc/*/[!c]*",
    "./usr/share/gcc/*",
    "./usr/lib/python3*/test/*",
    "./usr/lib/python3*/idlelib/*",
)


class DebianPackages:
    """Packages of one suite and architecture; downloads are kept in ``cache``."""

    def __init__(self, suite: str, architecture: str, cache: Path) -> None:
        self._archives = cache / "archives"
        self._lists = cache / "lists"
        for folder in (self._archives / "partial", self._lists / "partial", cache / "etc"):
            folder.mkdir(parents=True, exist_ok=True)
        sources = cache / "etc" / "sources.list"
        sources.write_text(f"deb [signed-by={_KEYRING}] {_mirror()} {suite} main\n")
        (cache / "status").write_text("")
        settings = {
            "APT::Architecture": architecture,
            "APT::Architectures": architecture,
            "Dir::State": cache,
            "Dir::State::lists": self._lists,
            "Dir::State::status": cache / "status",
            "Dir::Cache": cache,
            "Dir::Cache::archives": self._archives,
            "Dir::Etc::sourcelist": sources,
            "Dir::Etc::sourceparts": "-",
            "APT::Install-Recommends": "0",
            "Acquire::Languages": "none",
            "Debug::NoLocking": "1",
            "APT::Sandbox::User": "root",
        }
        self._options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]

    def fetch(self, wanted: list[str]) -> list[Path]:
        """The package files of what is wanted and all that it depends on."""
        if not list(self._lists.glob("*Packages*")):
            self._apt("-qq", "update")
        simulated = self._apt("-s", "--no-install-recommends", "install", *wanted)
        names = [line.split()[1].partition(":")[0] for line in simulated.splitlines() if line.startswith("Inst ")]
        kept = _OF_ACCOUNTS if "passwd" in wanted else _NOTHING
        names = [name for name in names if kept.fullmatch(name) or not _SCRIPT_ONLY.fullmatch(name)]
        missing = [name for name in names if not self._archive(name)]
        if missing:
            self._apt("-qq", "download", *missing)
        files = [self._archive(name) for name in names]
        return [file for file in files if file]

    def _archive(self, name: str) -> Path | None:
        found = sorted(self._archives.glob(f"{name}_*.deb"), key=lambda path: path.stat().st_mtime)
        return found[-1] if found else None

    def _apt(self, *words: str) -> str:
        command = ["apt-get", *self._options, *words]
        result = subprocess.run(command, cwd=self._archives, capture_output=True, text=True, check=False)
        if result.returncode:
            raise LocalCloudError(f"apt-get {' '.join(words[:3])} … failed:\n{result.stderr.strip()}")
        return result.stdout


def unpack(package: Path, root: Path) -> None:
    """Unpacks a package's files below ``root`` and notes it in dpkg's status file."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as archive:
        left_out = [f"--exclude={pattern}" for pattern in _LEFT_OUT]
        subprocess.run(
            ["tar", "-x", "-C", root, "--keep-directory-symlink", "--no-same-owner", *left_out],
            stdin=archive.stdout,
            check=True,
        )
    if archive.returncode:
        raise LocalCloudError(f"{package} could not be unpacked")
    fields = subprocess.run(["dpkg-deb", "-f", package], capture_output=True, text=True, check=True).stdout
    with (root / "var/lib/dpkg/status").open("a") as status:
        first, _, rest = fields.partition("\n")
        status.write(f"{first}\nStatus: install ok installed\n{rest}\n")


def _mirror() -> str:
    result = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)"], capture_output=True, text=True, check=False
    )
    urls = [line for line in result.stdout.splitlines() if "security" not in line and "debian" in line]
    return urls[0] if urls else "http://deb.debian.org/debian/"
