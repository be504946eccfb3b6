"""FI011, FI012: bytecode that is written in the image, and that does not go by dates.

Decides where the step stands that compiles: after the last step of the image that may change a file, so that nothing
edits source that was compiled already. What is compiled are the directories that the code was copied to, and only code
that compiles here; a directory that is not known, or one that the step's user may not write, is left to people.
"""

from __future__ import annotations

import re
import warnings
from typing import Final

from fast_container.checks.dockerfile.bytecode_rules import compilations, is_hashed, optimises, uncompiled_code
from fast_container.checks.dockerfile.fixes.source_text import Edit, Edits, SourceText
from fast_container.checks.dockerfile.fixes.steps_at import directory_at, runs_as_root_at, step_at, variables_set
from fast_container.checks.dockerfile.fixes.words import insert_after_words, remove_words
from fast_container.checks.dockerfile.steps.installs import installs_of
from fast_container.checks.dockerfile.steps.known_images import is_lambda_base, official_name
from fast_container.checks.dockerfile.steps.stage_steps import Stage, Step
from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.checks.finding import Finding
from fast_container.core.dockerfile.instructions import Copy
from fast_container.core.go_path import clean

_COMPILEALL: Final = r"(?<![\w./-])compileall(?![\w./-])"
_UV_INSTALL: Final = r"(?<![\w./-])uv[ \t]+(?:sync|pip[ \t]+(?:install|sync))(?![\w-])"
_PYTHON: Final = re.compile(r"python3?(?:\.\d+)?")
_OLD: Final = re.compile(r"(?:.*:)?(?:2|3\.[0-6])(?:[.-].*)?")
_PLAIN: Final = re.compile(r"(?:\$\{?[A-Za-z_]\w*\}?|/?[\w.@+-]+)(?:/[\w.@+-]+)*/?")
_CHANGING: Final = frozenset(["RUN", "COPY", "ADD", "WORKDIR"])
_LARGEST: Final = 1 << 20


def fix_bytecode(image: LintedImage, finding: Finding, source: SourceText) -> Edits | str:
    """Return the edits for FI011, or why people have to do it."""
    at = step_at(image, finding.line)
    if at is None:
        return "the step is not in this file"
    step = at[1]
    if compilations(step):
        return _optimised(image, source, step)
    code = uncompiled_code(image, image.stages.target.chain())
    by_uv = [line for line, modules in code.items() if not modules]
    edits = [_told_to_compile(image, source, line) for line in by_uv]
    if not all(edits):
        return "the installation is written in an unusual way"
    flat = [edit for of_one in edits if of_one for edit in of_one]
    copied = {line: modules for line, modules in code.items() if modules}
    if copied:
        added = _compiling_step(image, source, copied)
        if isinstance(added, str):
            return added
        flat += added
    return tuple(flat)


def fix_dates(image: LintedImage, finding: Finding, source: SourceText) -> Edits | str:
    """Return the edits for FI012, or why people have to do it."""
    at = step_at(image, finding.line)
    if at is None:
        return "the step is not in this file"
    stage, step = at
    if _OLD.fullmatch(stage.root.image.rpartition("/")[2].partition("@")[0].rpartition(":")[2]):
        return "this Python's compileall has no --invalidation-mode"
    wanted = [not is_hashed(one, step) for one in compilations(step)]
    edits = insert_after_words(source, step.command.node, _COMPILEALL, " --invalidation-mode unchecked-hash", wanted)
    return tuple(edits) if edits else "the command is written in an unusual way"


def _optimised(image: LintedImage, source: SourceText, step: Step) -> Edits | str:
    level = image.stages.target.chain()[-1].env.get("PYTHONOPTIMIZE", "")
    wanted = [not optimises(one, step, level) for one in compilations(step)]
    edits = insert_after_words(source, step.command.node, _COMPILEALL, f" -o {level}", wanted)
    return tuple(edits) if edits else "the command is written in an unusual way"


def _told_to_compile(image: LintedImage, source: SourceText, line: int) -> list[Edit] | None:
    at = step_at(image, line)
    if at is None:
        return None
    node, installs = at[1].command.node, installs_of(at[1])
    pip = sum(one.command.words.count("--no-compile") for one in installs if one.program == "pip")
    if pip:
        return remove_words(source, node, "--no-compile", pip)
    uv = [one for one in installs if one.program == "uv"]
    wanted = [not {"--compile-bytecode", "--compile"} & one.switches for one in uv]
    return insert_after_words(source, node, _UV_INSTALL, " --compile-bytecode", wanted)


def _compiling_step(image: LintedImage, source: SourceText, copied: dict[int, list[str]]) -> list[Edit] | str:
    stage = image.stages.target
    python = _python_of(stage)
    if not python:
        return "which Python the image starts is not known"
    places = [_place(image, stage, line) for line in copied]
    if not all(places):
        return "the directory of the code is not known"
    if not _compile_here(image, sorted({path for modules in copied.values() for path in modules})):
        return "some of the modules do not compile here, and compileall would fail"
    line = _last_line(stage, source)
    return line if isinstance(line, str) else [_inserted(source, line, python, places)]


def _last_line(stage: Stage, source: SourceText) -> int | str:
    """The line after which the compiling step stands, or why it stands nowhere."""
    steps = stage.steps
    if not runs_as_root_at(stage, None):
        user = max((at for at, step in enumerate(steps) if step.name == "USER"), default=0)
        if not steps or not runs_as_root_at(stage, steps[user]):
            return "the user at the end is not known to be root, and may not write beside the code"
        if any(step.name in ("RUN", "COPY", "ADD") for step in steps[user:]):
            return "steps of another user than root may change the code after that"
        steps = steps[:user]
    last = next((step for step in reversed(steps) if step.name in _CHANGING), None)
    if last is not None and (last.command.triggered or not source.has_end(last.command.node)):
        return "there is no place for the step"
    return source.last_line(last.line if last is not None else stage.line)


def _inserted(source: SourceText, line: int, python: str, places: list[str]) -> Edit:
    directories = " ".join(f'"{place}"' if "$" in place else place for place in dict.fromkeys(places))
    command = f"RUN {python} -m compileall -q --invalidation-mode unchecked-hash {directories}"
    return source.inserted_after(line, [command])


def _python_of(stage: Stage) -> str:
    root = stage.root.image
    tag = root.rpartition("/")[2].partition("@")[0].rpartition(":")[2]
    if (official_name(root) == "python" or is_lambda_base(root)) and _OLD.fullmatch(tag):
        return ""
    if official_name(root) == "python" or (is_lambda_base(root) and "/python" in root):
        return "python"
    for step in stage.chain():
        words = [word for one in step.commands or () for word in one.words[:1]]
        if step.name in ("CMD", "ENTRYPOINT"):
            words = step.command.node.args[0].split()[:1] if step.command.node.args else []
        found = next((word for word in words if _PYTHON.fullmatch(word)), "")
        if found:
            return found
    return ""


def _place(image: LintedImage, stage: Stage, line: int) -> str:
    """The directory, or the file, that a ``COPY`` puts code in, as a later step names it; ``""`` if unknown."""
    at = step_at(image, line)
    body = at[1].command.body if at else None
    if at is None or not isinstance(body, Copy) or not _PLAIN.fullmatch(body.destination.removeprefix("./") or "."):
        return ""
    destination = body.destination
    if not destination.startswith(("/", "$")):
        here = directory_at(at[0], at[1])
        destination = f"{here}/{destination}" if here else ""
    elif "$" in destination:
        name = re.findall(r"\w+", destination)[0]
        known = variables_set(stage, None) | frozenset(["LAMBDA_TASK_ROOT"] if is_lambda_base(stage.root.image) else [])
        return destination if name in known else ""
    place = clean(destination) if destination else ""
    return "" if place == "/" else place


def _compile_here(image: LintedImage, modules: list[str]) -> bool:
    for path in modules:
        text = image.files.text(path) if image.files.sizes[path] <= _LARGEST else None
        if text is None:
            return False
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compile(text, path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True
