"""FI004, FI005: a cache mount for what a ``RUN`` downloads.

Decides where the mount is: where the program's cache is for root. Another user's is not known, and a step that removes
the cache itself would fail on a mount. A system's package manager needs more than a mount, so that is left to people.
"""

from __future__ import annotations

import re
from typing import Final

from fast_container.checks.dockerfile.cache_rules import CACHE_PLACES
from fast_container.checks.dockerfile.fixes.source_text import Edit, Edits, SourceText
from fast_container.checks.dockerfile.fixes.steps_at import runs_as_root_at, step_at, variables_set
from fast_container.checks.dockerfile.fixes.words import insert_after_words, remove_words
from fast_container.checks.dockerfile.steps.installs import SYSTEM_MANAGERS, Install, downloads, installs_of
from fast_container.checks.dockerfile.steps.stage_steps import Stage, Step
from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.checks.finding import Finding

_WITHOUT_MOUNTS: Final = re.compile(r"[^ ]*docker/dockerfile:1\.[01](?:\.\d+)?(?:@.*)?")
_OWN_PLACES: Final = frozenset(
    [
        *("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "PIP_CACHE_DIR", "UV_CACHE_DIR", "POETRY_CACHE_DIR"),
        *("npm_config_cache", "NPM_CONFIG_CACHE", "YARN_CACHE_FOLDER", "PNPM_HOME", "npm_config_store_dir"),
    ]
)
_SWITCHES: Final = {"pip": ("--no-cache-dir",), "uv": ("--no-cache", "-n")}
_VARIABLES: Final = {"pip": "PIP_NO_CACHE_DIR", "uv": "UV_NO_CACHE"}
_KEYWORD: Final = re.compile(r"[ \t]*run(?=[ \t])", re.IGNORECASE)
_PIP_INSTALL: Final = r"(?<![\w./-])(?:uv[ \t]+)?pip[23]?(?:\.\d+)?[ \t]+install(?![\w-])"


def fix_cache(image: LintedImage, finding: Finding, source: SourceText) -> Edits | str:
    """Return the edits, or why people have to do it."""
    at = step_at(image, finding.line)
    if at is None or at[1].commands is None:
        return "the step is not in this file"
    stage, step = at
    if step.cache_targets:
        return _use_mount(source, step)
    return _mount(stage, step, source)


def fix_left_cache(image: LintedImage, finding: Finding, source: SourceText) -> Edits | str:
    """Fix FI005 where there can be no cache mount: pip is told to keep nothing."""
    at = step_at(image, finding.line)
    edits = _without_cache(source, at[1]) if at else None
    return edits or "the step is not plain enough"


def _use_mount(source: SourceText, step: Step) -> Edits | str:
    """Take out the switches that keep a program from its cache mount."""
    installs = installs_of(step)
    if any(_is_on(step.env.get(_VARIABLES[one.program])) for one in installs if one.program in _VARIABLES):
        return "a variable tells the program not to use its cache"
    return _without_switches(source, step, installs)


def _mount(stage: Stage, step: Step, source: SourceText) -> Edits | str:
    installs = [one for one in installs_of(step) if downloads(one, step.env)]
    programs = list(dict.fromkeys(one.program for one in installs if one.program not in SYSTEM_MANAGERS))
    keyword = _KEYWORD.match(source.line(step.line))
    if not programs or any(program not in CACHE_PLACES for program in programs):
        return "a package manager of the system needs more than a cache mount"
    if why := _why_not(stage, step, programs):
        return why
    if _WITHOUT_MOUNTS.fullmatch(source.syntax):
        return "the file's syntax is older than cache mounts"
    if keyword is None:
        return "the instruction is written in an unusual way"
    removed = _without_switches(source, step, installs)
    if isinstance(removed, str):
        return removed
    mounts = "".join(f" --mount=type=cache,target={CACHE_PLACES[program]}" for program in programs)
    place = source.place(step.line) + keyword.end()
    return (Edit(place, place, mounts), *removed)


def _why_not(stage: Stage, step: Step, programs: list[str]) -> str:
    if not runs_as_root_at(stage, step):
        return "the user of this step is not known to be root, so neither is the place of the cache"
    if _OWN_PLACES & (variables_set(stage, step) | {name for one in step.commands or () for name in one.env}):
        return "a variable moves the cache"
    told = next((one for one in programs if _is_on(step.env.get(_VARIABLES.get(one, "")))), "")
    if told:
        return f"{_VARIABLES[told]} tells {told} not to use its cache"
    if any(_links_to_cache(step, program) for program in programs):
        return "what is installed would be links into the cache"
    if any(_touches_a_cache(one.words) for one in step.commands or ()):
        return "the step does something with a cache itself"
    return ""


def _touches_a_cache(words: tuple[str, ...]) -> bool:
    """Whether a command names a cache, or a directory above one: removing a mount fails."""
    program, arguments = words[0].rpartition("/")[2], words[1:]
    if program in ("pip", "pip3", "uv", "npm", "yarn", "pnpm", "poetry"):
        return "cache" in arguments or "--cache-dir" in arguments or any(w.startswith("--cache") for w in arguments)
    homes = ("/root", "~", "$HOME", "${HOME}")
    return program not in SYSTEM_MANAGERS and any(
        ".cache" in w or ".npm" in w or (program in ("rm", "mv") and w.rstrip("/*") in (*homes, "/usr/local/share", ""))
        for w in arguments
    )


def _links_to_cache(step: Step, program: str) -> bool:
    """Whether uv is told to leave links into its cache, which a mount takes away after the step."""
    modes = [value for one in installs_of(step) for value in one.values.get("--link-mode", ())]
    return program == "uv" and "symlink" in (*modes, step.env.get("UV_LINK_MODE", ""))


def _without_switches(source: SourceText, step: Step, installs: list[Install]) -> Edits | str:
    edits: list[Edit] = []
    for program, switches in _SWITCHES.items():
        for switch in switches:
            count = sum(one.command.words.count(switch) for one in _of(installs, program))
            if not count:
                continue
            removed = remove_words(source, step.command.node, switch, count)
            if removed is None:
                return f"{switch} cannot be taken out safely"
            edits += removed
    return tuple(edits)


def _of(installs: list[Install], program: str) -> list[Install]:
    return [one for one in installs if one.program == program]


def _without_cache(source: SourceText, step: Step) -> Edits | None:
    pip = [one for one in installs_of(step) if one.manager == "pip" and one.action == "install"]
    wanted = [one.program == "pip" and "--no-cache-dir" not in one.switches for one in pip]
    edits = insert_after_words(source, step.command.node, _PIP_INSTALL, " --no-cache-dir", wanted)
    return tuple(edits) if edits else None


def _is_on(value: str | None) -> bool:
    return value is not None and value.lower() not in ("", "false", "no")
