"""FI011, FI012: bytecode that is missing, never read, or stale.

Decides whether Python code that the final stage gets is compiled after it came in. pip compiles what it installs, uv
does not unless it is told to. Whether the image's own bytecode fits is seen after the build only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from fast_container.checks.dockerfile.steps.installs import Install, installs_of
from fast_container.checks.dockerfile.steps.shell_commands import ShellCommand
from fast_container.checks.dockerfile.steps.stage_steps import Step
from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.checks.finding import Estimate, Finding
from fast_container.core.dockerfile.instructions import Copy
from fast_container.core.go_path import clean

_HASHED: Final = frozenset(["unchecked-hash", "checked-hash"])
_OPTIMISED: Final = frozenset(["1", "2"])


def bytecode_rules(image: LintedImage) -> Iterator[Finding]:
    """Yield findings about bytecode."""
    chain = image.stages.target.chain()
    yield from _missing(image, chain)
    yield from _never_read(image, chain)
    for _, step in image.stages.steps():
        for command in compilations(step):
            if not is_hashed(command, step):
                yield from image.finding(
                    "FI012",
                    step.line,
                    "compileall writes bytecode that holds the dates of the source.",
                    why="Where a later step changes the dates, Python compiles again at each start.",
                    fix="python -m compileall -q --invalidation-mode unchecked-hash DIR",
                )


def compilations(step: Step) -> list[ShellCommand]:
    """Commands of a step that write bytecode."""
    return [
        command
        for command in step.commands or ()
        if "compileall" in command.words and command.program.startswith(("python", "pypy"))
    ]


def is_hashed(command: ShellCommand, step: Step) -> bool:
    """Whether the bytecode that a command writes does not go by dates."""
    words = command.words
    named = any(word in _HASHED or word.partition("=")[2] in _HASHED for word in words)
    return named or "SOURCE_DATE_EPOCH" in step.env or "SOURCE_DATE_EPOCH" in command.env


def uncompiled_code(image: LintedImage, chain: Sequence[Step]) -> dict[int, list[str]]:
    """Lines that bring Python code in which nothing compiles after that → its modules, none where uv installs it."""
    code: dict[int, list[str]] = {}
    if any(step.commands is None for step in chain) or not _uses_python(chain):
        return code
    last = max((at for at, step in enumerate(chain) if compilations(step)), default=-1)
    installed = {clean(path) for step in chain for install in installs_of(step) for path in install.local}
    for step in chain[last + 1 :]:
        body = step.command.body
        if isinstance(body, Copy) and _is_for_an_installation(body.destination, installed):
            continue
        taken = [path for one in step.inputs if one.op in ("copy", "add") for path in image.files.taken(one)]
        modules = [path for path in taken if path.endswith(".py")]
        if modules and step.name != "RUN":
            code[step.line] = modules
        elif any(leaves_uncompiled(install, step) for install in installs_of(step)):
            code[step.line] = []
    return code


def _missing(image: LintedImage, chain: Sequence[Step]) -> Iterator[Finding]:
    code = uncompiled_code(image, chain)
    if not code:
        return
    line, modules = next(iter(code.items()))
    size = sum(image.files.sizes[path] for paths in code.values() for path in paths)
    files = len({path for paths in code.values() for path in paths})
    estimate = Estimate(size, basis=f"of source in {files} {'file' if files == 1 else 'files'}")
    yield from image.finding(
        "FI011",
        line,
        "Python code comes into the image and is not compiled after that." if modules else "uv does not compile here.",
        why="Where Python cannot write (Lambda, a user that is not root), it compiles at each start.",
        fix="RUN python -m compileall -q --invalidation-mode unchecked-hash DIR as the last step"
        + ("." if modules else ", or --compile-bytecode."),
        estimate=estimate if files else None,
    )


def _is_for_an_installation(destination: str, installed: set[str]) -> bool:
    """Whether what is copied there is installed from there, which compiles it, or goes to a folder for a while."""
    place = clean(destination)
    is_temporary = place.startswith("/tmp/")  # noqa: S108 - a folder of the image
    return is_temporary or any(path == place or path.startswith(f"{place}/") for path in installed)


def _uses_python(chain: Sequence[Step]) -> bool:
    """Whether the image starts Python: a Python program copied as a file for another use is left alone."""
    for step in chain:
        if any(install.is_python for install in installs_of(step)):
            return True
        if step.name in ("CMD", "ENTRYPOINT"):
            words = " ".join(step.command.node.args).split()
            handler = words[0].replace(".", "").replace("_", "").isalnum() and "." in words[0] if words else False
            if handler or any("python" in w or "gunicorn" in w or "uvicorn" in w or w.endswith(".py") for w in words):
                return True
    return False


def leaves_uncompiled(install: Install, step: Step) -> bool:
    """Whether an installation writes no bytecode."""
    if install.program == "pip":
        return "--no-compile" in install.switches
    if install.program != "uv":
        return False
    told = {"--compile-bytecode", "--compile"} & install.switches
    return not told and step.env.get("UV_COMPILE_BYTECODE", "0") in ("", "0", "false")


def _never_read(image: LintedImage, chain: Sequence[Step]) -> Iterator[Finding]:
    level = chain[-1].env.get("PYTHONOPTIMIZE", "") if chain else ""
    if level not in _OPTIMISED:
        return
    for step in chain:
        for command in compilations(step):
            if not optimises(command, step, level):
                yield from image.finding(
                    "FI011",
                    step.line,
                    f"PYTHONOPTIMIZE={level} is set, and compileall writes bytecode without it.",
                    why=f"Python then looks for .opt-{level}.pyc files only, finds none and compiles at each start.",
                    fix=f"Add -o {level} to compileall, or leave out PYTHONOPTIMIZE.",
                )


def optimises(command: ShellCommand, step: Step, level: str) -> bool:
    """Whether a command writes the bytecode that ``PYTHONOPTIMIZE=level`` asks for."""
    words = command.words
    by_option = any(
        word == f"-o{level}" or (word == "-o" and words[at + 1 : at + 2] == (level,)) for at, word in enumerate(words)
    )
    by_switch = ("-O" in words and level == "1") or ("-OO" in words and level == "2")
    by_env = step.env.get("PYTHONOPTIMIZE") == level or command.env.get("PYTHONOPTIMIZE") == level
    return by_option or by_switch or by_env
