"""FI001: the source is copied after the installation, the files that declare dependencies before it.

Decides when a ``COPY`` may move down past a ``RUN``: nothing between them reads what it copies, writes there, or
changes what its paths mean; other installations between them get their files too. The comments around it stay where
they are. Leaves which files an installation reads to ``declaring_files``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from posixpath import dirname
from typing import Final

from fast_container.checks.dockerfile.fixes.copied_paths import copied_paths
from fast_container.checks.dockerfile.fixes.declaring_files import declaring_files
from fast_container.checks.dockerfile.fixes.source_text import Edit, Edits, SourceText
from fast_container.checks.dockerfile.fixes.steps_at import directory_at, runs_as_root_at, step_at
from fast_container.checks.dockerfile.steps.installs import SYSTEM_MANAGERS, installs_of
from fast_container.checks.dockerfile.steps.shell_commands import ShellCommand
from fast_container.checks.dockerfile.steps.stage_steps import Stage, Step
from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.checks.finding import Finding

_SAFE_BETWEEN: Final = frozenset(
    ["ARG", "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "STOPSIGNAL", "USER", "WORKDIR"]
)
_SYSTEM_PROGRAMS: Final = frozenset(["apt-get", "apt", "apk", "dnf", "yum", "microdnf", "echo", "true", "set"])
_PLAIN_FILE: Final = re.compile(r"[\w./@+-]+")
_COPY: Final = re.compile(r"[ \t]*(copy)((?:[ \t]+--(?:chown|chmod|link)(?:=[^ \t]+)?)*)[ \t]+(?!-)", re.IGNORECASE)
_WAIVER: Final = re.compile(r"#\s*fast-container:")


def fix_order(image: LintedImage, finding: Finding, source: SourceText) -> Edits | str:
    """Return the edits, or why people have to do it."""
    at = step_at(image, finding.line)
    if at is None or at[1].name != "RUN" or not source.has_end(at[1].command.node):
        return "the step is not in this file"
    stage, step = at
    if any(_has_source(image, one) for one in (step, *(stage.base.chain() if stage.base else ()))):
        return "the source comes from a mount, or from a stage below"
    above = stage.steps[: stage.steps.index(step)]
    moving = [one for one in above if _has_source(image, one)]
    if not moving:
        return "what copies the source was not found"
    between = above[above.index(moving[0]) :]
    if why := _why_not_moved(image, stage, step, moving, between, source):
        return why
    placed = _placed(image, stage, above)
    needed: list[str] = []
    for one in (*between, step):
        files = _needed(image, stage, one, placed) if one is step or not _is_harmless(one) else []
        if isinstance(files, str):
            return files if one is step else f"line {one.line} may read the source"
        needed += files
    return _edits(image, stage, step, moving, needed, source)


def _has_source(image: LintedImage, step: Step) -> bool:
    return any(image.files.taken_source(selector) for selector in step.inputs)


def _why_not_moved(
    image: LintedImage, stage: Stage, step: Step, moving: Sequence[Step], between: Sequence[Step], source: SourceText
) -> str:
    for one in moving:
        if one.name != "COPY" or one.command.triggered or _COPY.match(source.line(one.line)) is None:
            return f"line {one.line} is not a plain COPY"
        comment = source.line(one.line - 1) if one.line > 1 else ""
        if _WAIVER.search(comment) or _WAIVER.search(source.raw(one.command.node)):
            return f"a waiver speaks of line {one.line}"
        if len(list(source.code_lines(one.command.node))) <= one.command.node.last_line - one.line:
            return f"there are comments inside of line {one.line}"
        if "$" in source.raw(one.command.node) and any(other.name in ("ENV", "ARG") for other in between):
            return f"line {one.line} depends on variables"
    return _why_paths_meet(image, stage, step, moving, between)


def _is_harmless(step: Step) -> bool:
    """Whether a step neither reads nor writes what was copied before; a ``COPY`` is looked at by its paths."""
    if step.name in _SAFE_BETWEEN or step.name == "COPY":
        return True
    has_others = any(mount.type != "cache" for mount in step.mounts)
    return (
        step.name == "RUN" and step.commands is not None and not has_others and all(map(_reads_nothing, step.commands))
    )


def _reads_nothing(command: ShellCommand) -> bool:
    if command.program in _SYSTEM_PROGRAMS:
        return not any(word.startswith((".", "/")) or ".deb" in word for word in command.arguments)
    if command.program == "rm":
        return all(word.startswith(("-", "/var/", "/tmp/")) for word in command.arguments)  # noqa: S108 - in the image
    words = command.words
    return bool(re.fullmatch(r"(?:pip3?|python3? -m pip) install (?:-\S+ )*(?:[a-z]+ ?)+", " ".join(words)))


def _why_paths_meet(
    image: LintedImage, stage: Stage, step: Step, moving: Sequence[Step], between: Sequence[Step]
) -> str:
    taken: dict[int, set[str]] = {}
    for one in between:
        if one.name != "COPY":
            continue
        directory = directory_at(stage, one)
        paths = copied_paths(image, one, directory)
        if paths is None:
            return f"where line {one.line} copies to is not known"
        if one in moving and directory != directory_at(stage, step) and not _is_absolute(one):
            return f"the working directory changes after line {one.line}"
        taken[one.line] = set(paths.values())
    for one in moving:
        for other in between:
            if other.line > one.line and other not in moving and taken.get(other.line, set()) & taken[one.line]:
                return f"lines {one.line} and {other.line} write the same files"
    return ""


def _is_absolute(step: Step) -> bool:
    return step.command.node.args[-1].startswith("/")


def _placed(image: LintedImage, stage: Stage, steps: Sequence[Step]) -> dict[str, str]:
    placed: dict[str, str] = {}
    for one in steps:
        if one.name == "COPY":
            placed |= copied_paths(image, one, directory_at(stage, one)) or {}
    return placed


def _needed(image: LintedImage, stage: Stage, step: Step, placed: dict[str, str]) -> list[str] | str:
    installs = installs_of(step)
    has_others = any(mount.type != "cache" for mount in step.mounts)
    if step.name != "RUN" or has_others or step.commands is None or len(installs) != len(step.commands):
        return "the step does more than installing"
    needed: list[str] = []
    for install in installs:
        if install.manager in SYSTEM_MANAGERS:
            continue
        if not install.is_python and not runs_as_root_at(stage, step):
            return "the user of this step is not known to be root"
        files = declaring_files(image, stage, step, install, placed, directory_at(stage, step))
        if isinstance(files, str):
            return files
        needed += files
    if not all(_PLAIN_FILE.fullmatch(path) for path in needed):
        return "a file's name is unusual"
    return needed


def _edits(
    image: LintedImage, stage: Stage, step: Step, moving: Sequence[Step], needed: Sequence[str], source: SourceText
) -> Edits | str:
    edits: list[Edit] = []
    moved: list[str] = []
    for one in moving:
        node = one.command.node
        places = copied_paths(image, one, "" if not _is_absolute(one) else directory_at(stage, one)) or {}
        lines = _copies(source.line(one.line), [path for path in needed if path in places], places)
        start, end = source.place(one.line), source.place(node.last_line + 1)
        ending = source.ending(one.line)
        edits.append(Edit(start, end, "".join(f"{line}{ending}" for line in lines)))
        moved += source.raw(node).removesuffix("\n").removesuffix("\r").split("\n")
    after = source.inserted_after(step.command.node.last_line, [line.removesuffix("\r") for line in moved])
    return (*edits, after)


def _copies(line: str, needed: Sequence[str], places: Mapping[str, str]) -> list[str]:
    """The lines that copy only the files that declare dependencies, with the flags of the line that copied all."""
    found = _COPY.match(line)
    assert found is not None
    by_directory: dict[str, list[str]] = {}
    for path in dict.fromkeys(needed):
        by_directory.setdefault(dirname(places[path]), []).append(path)
    head = f"{found[1]}{found[2]}"
    return [
        f"{head} {' '.join(paths)} {_shown(directory)}"
        for directory, paths in by_directory.items()
        if all(places[path].rpartition("/")[2] == path.rpartition("/")[2] for path in paths)
    ]


def _shown(directory: str) -> str:
    if directory in ("", "."):
        return "./"
    return directory if directory.endswith("/") else f"{directory}/"
