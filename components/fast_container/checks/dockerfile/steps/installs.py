"""Installations: which commands of a ``RUN`` install packages, from what, and whether they download.

Decides how the command lines of pip, uv, poetry, npm, apt and their like are read. An option that is not known is
taken for a switch. Leaves what is wrong with an installation to the rules.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fast_container.checks.dockerfile.steps.shell_commands import ShellCommand
from fast_container.checks.dockerfile.steps.stage_steps import Step

_PIP: Final = re.compile(r"pip(?:[23](?:\.\d+)?)?")
_PYTHON: Final = re.compile(r"(?:python|pypy)(?:[23](?:\.\d+)?)?")
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_ARCHIVE: Final = re.compile(r".*\.(?:whl|zip|tar\.gz|tgz|tar\.bz2)")
_SPECIFIER: Final = re.compile(r"\s*(?:\[[^\]]*\])?\s*(?:[=<>!~;@].*)?", re.DOTALL)
_SHORT: Final = {
    "-r": "--requirement",
    "-c": "--constraint",
    "-t": "--target",
    "-i": "--index-url",
    "-f": "--find-links",
    "-e": "--editable",
    "-w": "--wheel-dir",
    "-d": "--dest",
    "-C": "--config-settings",
    "-p": "--python",
    "-n": "--name",
}
_VALUED: Final = frozenset(_SHORT.values()) | frozenset(
    [
        *("--requirements", "--constraints", "--extra-index-url", "--prefix", "--root", "--cache-dir", "--only-binary"),
        *("--no-binary", "--platform", "--python-version", "--implementation", "--abi", "--upgrade-strategy", "--src"),
        *("--progress-bar", "--timeout", "--retries", "--trusted-host", "--proxy", "--cert", "--client-cert", "--log"),
        *("--report", "--config-setting", "--global-option", "--build-option", "--group", "--use-feature"),
        *("--root-user-action", "--exists-action", "--extra", "--only-group", "--no-group", "--package", "--project"),
        *("--directory", "--default-index", "--index", "--torch-backend", "--python-platform", "--link-mode"),
        *("--allow-insecure-host", "--keyring-provider", "--index-strategy", "--with", "--without", "--only"),
        *("--no-install-package", "--virtual", "--repository", "--registry", "--omit", "--include", "--file"),
        *("--environment-file", "--mode", "--loglevel", "--features"),
    ]
)
_SYSTEM: Final = {
    "apt-get": "apt",
    "apt": "apt",
    "aptitude": "apt",
    "apk": "apk",
    "dnf": "dnf",
    "dnf5": "dnf",
    "microdnf": "dnf",
    "yum": "dnf",
    "tdnf": "dnf",
}
_SYSTEM_VALUED: Final = {
    "apt": frozenset(["-o", "-t", "--option", "--target-release", "-c"]),
    "apk": frozenset(["-t", "--virtual", "-X", "--repository", "--repositories-file", "-p", "--root", "--arch"]),
    "dnf": frozenset(["-x", "--exclude", "-c", "--setopt", "--enablerepo", "--disablerepo", "--releasever"]),
}
_NODE: Final = {
    "npm": ("ci", "install", "i", "install-ci"),
    "pnpm": ("install", "i", "add"),
    "yarn": ("install", "add"),
}
_NODE_NONE: Final = frozenset(["--version", "-v", "--help"])
SYSTEM_MANAGERS: Final = frozenset(["apt", "apk", "dnf"])


@dataclass(frozen=True, slots=True)
class Install:
    """One command that installs.

    Attributes:
        manager: ``pip``, ``uv`` (``uv sync``), ``poetry``, ``npm``, ``apt``, …; ``uv pip`` counts as ``pip``.
        program: ``pip`` or ``uv``: whose cache and switches count.
        action: ``install``, ``sync``, ``wheel``, …
        files: Requirements files.
        names: Requirements as written, or packages of the system.
        local: Directories and archives.
        switches: Options without a value.
        values: Option → its values.
        command: The command.
    """

    manager: str
    program: str
    action: str
    files: tuple[str, ...]
    names: tuple[str, ...]
    local: tuple[str, ...]
    switches: frozenset[str]
    values: Mapping[str, tuple[str, ...]]
    command: ShellCommand

    @property
    def is_python(self) -> bool:
        """Whether it installs Python distributions."""
        return self.manager in ("pip", "uv", "poetry", "pdm", "pipenv")

    @property
    def resolves(self) -> bool:
        """Whether it installs third-party distributions: all but local packages without their dependencies."""
        if "--no-deps" in self.switches and not (self.files or self.names):
            return False
        if self.manager != "pip":
            return True
        return bool(self.files or self.names or self.local or "--group" in self.values)

    @property
    def distributions(self) -> tuple[str, ...]:
        """Names of what is asked for by name, without versions, normalised."""
        found = (_NAME.match(name) for name in self.names)
        return tuple(re.sub(r"[-_.]+", "-", match.group()).lower() for match in found if match)


def downloads(install: Install, env: Mapping[str, str]) -> bool:
    """Whether a command certainly asks an index or a mirror."""
    if "--no-index" in install.switches or "--offline" in install.switches or install.action == "uninstall":
        return False
    if install.program == "pip" and env.get("PIP_NO_INDEX", "") not in ("", "0"):
        return False
    if install.program == "uv" and env.get("UV_OFFLINE", "") not in ("", "0"):
        return False
    return install.resolves


def installs_of(step: Step) -> list[Install]:
    """List the installations of a step, in order; none of a ``RUN`` that is not understood."""
    return [found for command in step.commands or () if (found := read_install(command)) is not None]


def read_install(command: ShellCommand) -> Install | None:
    """Read a command as an installation; None if it is not one."""
    words = list(command.words)
    program = command.program
    if _PYTHON.fullmatch(program):
        at = next((i for i, word in enumerate(words) if word == "-m"), 0)
        if not at or len(words) < at + 2 or words[at + 1] not in ("pip", "uv"):
            return None
        words = words[at + 1 :]
        program = words[0]
    rest = words[1:]
    if _PIP.fullmatch(program):
        return _pip("pip", rest, command)
    if program == "uv":
        return _uv(rest, command)
    if program in _SYSTEM:
        return _system(_SYSTEM[program], rest, command)
    if program in _NODE:
        return _node(program, rest, command)
    return _python_project(program, rest, command)


def _pip(program: str, words: Sequence[str], command: ShellCommand) -> Install | None:
    action, rest = _verb(words)
    if action not in ("install", "wheel", "download", "sync"):
        return None
    switches, values, others = _options(rest, _VALUED)
    files = [*values.get("--requirement", ()), *values.get("--requirements", ())]
    names: list[str] = []
    local: list[str] = [*values.get("--editable", ())]
    for word in others:
        if action == "sync":
            files.append(word)
        elif _is_local(word):
            local.append(word)
        else:
            names.append(word)
    return Install(
        "pip", program, action, tuple(files), tuple(names), tuple(local), frozenset(switches), values, command
    )


def _is_local(word: str) -> bool:
    path = re.sub(r"\[[^\]]*\]\Z", "", word)
    if "://" in path or " @ " in word:
        return path.startswith("file://")
    if path.startswith((".", "/", "$", "~")) or "/" in path or _ARCHIVE.fullmatch(path) or "*" in path.split("==")[0]:
        return True
    name = _NAME.match(word)
    return name is None or _SPECIFIER.fullmatch(word, name.end()) is None


def _uv(words: Sequence[str], command: ShellCommand) -> Install | None:
    action, rest = _verb(words)
    if action == "pip":
        return _pip("uv", rest, command)
    if action not in ("sync",):
        return None
    switches, values, _ = _options(rest, _VALUED)
    return Install("uv", "uv", action, (), (), (), frozenset(switches), values, command)


def _python_project(program: str, words: Sequence[str], command: ShellCommand) -> Install | None:
    action, rest = _verb(words)
    known = {"poetry": ("install", "sync"), "pdm": ("install", "sync"), "pipenv": ("install", "sync")}
    if action not in known.get(program, ()):
        return None
    switches, values, others = _options(rest, _VALUED)
    return Install(program, program, action, (), tuple(others), (), frozenset(switches), values, command)


def _node(program: str, words: Sequence[str], command: ShellCommand) -> Install | None:
    if program == "yarn" and (not words or words[0].startswith("--")) and not _NODE_NONE.intersection(words):
        words = ["install", *words]
    action, rest = _verb(words)
    if action not in _NODE[program]:
        return None
    switches, values, others = _options(rest, _VALUED)
    return Install(program, program, action, (), tuple(others), (), frozenset(switches), values, command)


def _system(manager: str, words: Sequence[str], command: ShellCommand) -> Install | None:
    valued = _SYSTEM_VALUED[manager]
    switches, values, others = _options(words, valued)
    action = others[0] if others else ""
    if action not in ("install", "add", "localinstall", "groupinstall", "build-dep", "reinstall"):
        return None
    names = tuple(name for name in others[1:] if not name.startswith("<"))
    return Install(manager, manager, action, (), names, (), frozenset(switches), values, command)


def _verb(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The first word that is not an option, and the words without it."""
    skip = False
    for at, word in enumerate(words):
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = "=" not in word and _SHORT.get(word, word) in _VALUED
        else:
            return word, [*words[:at], *words[at + 1 :]]
    return "", words


def _options(words: Sequence[str], valued: frozenset[str]) -> tuple[set[str], dict[str, tuple[str, ...]], list[str]]:
    switches: set[str] = set()
    values: dict[str, tuple[str, ...]] = {}
    others: list[str] = []
    pending = ""
    for word in words:
        option, equals, value = word.partition("=")
        full = _SHORT.get(option, option) if valued is _VALUED else option
        if pending:
            values[pending] = (*values.get(pending, ()), word)
            pending = ""
        elif not word.startswith("-") or word == "-":
            others.append(word)
        elif equals:
            values[full] = (*values.get(full, ()), value)
        elif full in valued:
            pending = full
        elif word[:2] in _SHORT and valued is _VALUED and not word.startswith("--") and word[:2] in ("-r", "-c", "-t"):
            name = _SHORT[word[:2]]
            values[name] = (*values.get(name, ()), word[2:])
        else:
            switches.add(word)
    return switches, values, others
