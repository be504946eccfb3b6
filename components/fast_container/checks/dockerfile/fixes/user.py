"""FI014: a user with a number, at the end of the image.

Decides that ``USER 10001:10001`` is put after the last step that changes files, and only where nothing is seen that
such a user could not do: what lies below ``/root``, a port below 1024, a volume, a program or script that wants root.
What a program writes at run time cannot be seen here; the diff is shown first.
"""

from __future__ import annotations

import re
from typing import Final

from fast_container.checks.dockerfile.fixes.source_text import Edit, Edits, SourceText
from fast_container.checks.dockerfile.fixes.steps_at import step_at
from fast_container.checks.dockerfile.steps.installs import installs_of
from fast_container.checks.dockerfile.steps.stage_steps import Step
from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.checks.finding import Finding
from fast_container.core.dockerfile.instructions import Copy

_USER: Final = "USER 10001:10001"
_CHANGING: Final = frozenset(["RUN", "COPY", "ADD", "WORKDIR", "SHELL", "ENV", "ARG"])
_WANTING_ROOT: Final = frozenset(
    [
        *("nginx", "httpd", "apache2", "apachectl", "apache2ctl", "apache2-foreground", "sshd", "cron", "crond"),
        *("supervisord", "init", "systemd", "dockerd", "containerd", "dnsmasq", "haproxy", "postfix", "chown"),
        *("gosu", "su-exec", "su", "sudo", "mount", "iptables", "uv", "poetry", "npm", "yarn", "pnpm", "pipenv"),
    ]
)
_OWN_PYTHON: Final = frozenset(
    ["conda", "mamba", "micromamba", "nvm", "pipx", "poetry", "pyenv", "rustup", "uv", "uvx"]
)
_MODES: Final = frozenset(["chmod", "install", "mkdir"])
_CLOSED: Final = re.compile(r"(?:[0-7]?[0-7]{2}0|[ugo]*o-r\w*|go-\w+|u=\w+,go=)")


def fix_user(image: LintedImage, finding: Finding, source: SourceText) -> Edits | str:
    """Return the edits, or why people have to do it."""
    chain = image.stages.target.chain()
    at = step_at(image, finding.line)
    if at is not None and at[1].name == "USER":
        return _numbered(source, chain, at[1])
    why = _why_not(chain)
    if why:
        return why
    stage = image.stages.target
    last = next((step for step in reversed(stage.steps) if step.name in _CHANGING), None)
    if last is not None and (last.command.triggered or not source.has_end(last.command.node)):
        return "there is no place for the line"
    line = source.last_line(last.line if last is not None else stage.line)
    return (source.inserted_after(line, [_USER]),)


def _numbered(source: SourceText, chain: list[Step], step: Step) -> Edits | str:
    """Put the number of a user in place of its name, where a step of the image gives it one."""
    name, colon, group = step.words[0].partition(":")
    numbers = {number for one in chain for number in _numbers(one, name)}
    if name in ("root", "0") or len(numbers) != 1:
        return "who the image should run as instead is not known"
    found = re.fullmatch(rf"([ \t]*\w+[ \t]+){re.escape(name)}{re.escape(colon + group)}[ \t]*", source.line(step.line))
    if found is None or source.last_line(step.line) != step.line:
        return "the instruction is written in an unusual way"
    place = source.place(step.line) + found.end(1)
    return (Edit(place, place + len(name), numbers.pop()),)


def _numbers(step: Step, name: str) -> list[str]:
    found: list[str] = []
    for command in step.commands or ():
        if command.program in ("useradd", "adduser") and name in command.arguments:
            words = command.arguments
            found += [words[at + 1] for at, word in enumerate(words[:-1]) if word in ("-u", "--uid")]
            found += [word.partition("=")[2] for word in words if word.startswith("--uid=")]
    return [number for number in found if number.isdecimal() and int(number)]


def _why_not(chain: list[Step]) -> str:
    return next((f"line {step.line} {why}" for step in chain if (why := _wants_root(step))), "")


def _wants_root(step: Step) -> str:
    if step.commands is None:
        return "is not understood"
    if step.name == "EXPOSE" and any(_is_low(port) for port in step.words):
        return "has a port below 1024, which needs root in some places"
    if any(one.program in _MODES and any(map(_CLOSED.fullmatch, one.words)) for one in step.commands):
        return "takes permissions away"
    if step.name in ("CMD", "ENTRYPOINT") and (program := _program(step)):
        return f"starts {program}, which may need root"
    if step.name == "VOLUME":
        return "makes a volume, which belongs to root"
    return _below_root(step)


def _below_root(step: Step) -> str:
    if any(_is_own_python(one) for one in (step, *(step.origin.chain() if step.origin else ()))):
        return "may bring an interpreter that lies below /root"
    return "leaves files below /root, which only root may read" if _is_below_root(step) else ""


def _is_low(port: str) -> bool:
    number = port.partition("/")[0].partition("-")[0]
    return not number.isdecimal() or int(number) < 1024


def _is_below_root(step: Step) -> bool:
    body = step.command.body
    if isinstance(body, Copy):
        mode = body.flags.single.get("chmod", "")
        if _CLOSED.fullmatch(mode) or _is_root_home(body.destination):
            return True
        return any(_is_root_home(source) for source in body.sources) and _is_root_home(body.destination)
    if step.name == "WORKDIR":
        return any(map(_is_root_home, step.words))
    if any("--user" in install.switches for install in installs_of(step)):
        return True
    return step.name == "ENV" and any("/root" in word for word in step.command.node.args)


def _is_root_home(path: str) -> bool:
    return path.rstrip("/") in ("/root", "~") or path.startswith(("/root/", "~/", "$HOME", "${HOME}"))


def _is_own_python(step: Step) -> bool:
    """Whether a step may install a Python of its own, which uv and its like do below the home of root."""
    if step.env.get("UV_PYTHON_DOWNLOADS", "").lower() in ("0", "never", "false", "manual"):
        return False
    return any(
        one.program != "uv" or "python" in one.words or "venv" in one.words or "sync" in one.words or "run" in one.words
        for one in step.commands or ()
        if one.program in _OWN_PYTHON
    )


def _program(step: Step) -> str:
    """The program that the image starts, if it may want root: one of a list, or a script, which may do anything."""
    words = " ".join(step.command.node.args).split()
    names = [word.rpartition("/")[2].strip("\"'") for word in words if not word.startswith("-")]
    for name in names:
        if name in _WANTING_ROOT or name.endswith((".sh", ".bash")) or "entrypoint" in name:
            return name
    return ""
