"""``fast-container lint --fix``: writes the change that mends a finding, where that is mechanical.

Decides which file each change goes to: the Dockerfile, or the ignore file that its images read. Leaves the changes to
``checks.dockerfile.fixes``, and asking and writing to ``cli.file_changes``.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from fast_container.build.lint_inputs import shown_path
from fast_container.checks.dockerfile.fixes.fix import FixableImage, Fixed, fix_dockerfile
from fast_container.checks.dockerfile.fixes.ignore_entries import folders_to_ignore, with_entries
from fast_container.checks.dockerfile.lint import lint_images
from fast_container.checks.dockerfile.waivers import Waiver
from fast_container.checks.finding import Finding, worst
from fast_container.cli.file_changes import FileChange, make_changes, read_for_change
from fast_container.cli.output import say
from fast_container.core.build_files import found_dockerfile, main_ignore_path
from fast_container.core.declared import InlineDockerfile
from fast_container.core.spelling import counted
from fast_container.errors import ArgsError

_IGNORE: Final = "FI009"
_NOT_WRITTEN: Final = 1


@dataclass(slots=True)
class _Plan:
    """What is to be written, and what is said of it.

    Attributes:
        changes: The files.
        rules: Rules of the findings that are gone then.
        left: Findings that stay although their rule has a fix, each with the reason.
        images: The images as they are then.
    """

    changes: list[FileChange] = field(default_factory=list[FileChange])
    rules: Counter[str] = field(default_factory=Counter[str])
    left: list[tuple[Finding, str]] = field(default_factory=list[tuple[Finding, str]])
    images: list[FixableImage] = field(default_factory=list[FixableImage])


def refuse_standard_input(dockerfiles: Sequence[str]) -> None:
    """Refuse a Dockerfile that is not a file.

    Raises:
        ArgsError: One of them is standard input.
    """
    for name in dockerfiles:
        if name in ("-", "/dev/stdin"):
            raise ArgsError(
                "A Dockerfile from standard input cannot be fixed.",
                property_path="--dockerfile",
                why="there is no file to write the change to",
                next_step="Give the file's path.",
            )


def run_fix(
    images: Sequence[FixableImage],
    waivers: Sequence[Waiver],
    today: date,
    notes: Sequence[str],
    *,
    yes: bool,
    fail_on: str,
) -> int:
    """Show and write the changes.

    Returns:
        1 for a change that was not written, or if a finding that is left is at least as bad as ``fail_on``.

    Raises:
        ArgsError: No Dockerfile is a file, or a file cannot be written.
    """
    inline = [one for one in images if isinstance(one.declared.dockerfile, InlineDockerfile)]
    files = [one for one in images if not isinstance(one.declared.dockerfile, InlineDockerfile)]
    if inline and not files:
        raise ArgsError(
            f"The Dockerfile of {inline[0].image.name} is text in the program and cannot be fixed.",
            property_path="--fix",
            why="there is no file to write the change to",
            next_step="Change the program, or look at the findings with `lint` alone.",
        )
    plan = _planned(files, waivers, today)
    is_written = make_changes(plan.changes, yes=yes) if plan.changes else True
    left = lint_images(
        [one.image for one in (*plan.images, *inline)] if is_written else [one.image for one in images],
        waivers=waivers,
        today=today,
    )
    say(_told(plan, notes, left, [one.image.name for one in inline], is_written=is_written))
    return _NOT_WRITTEN if not is_written or worst(left).reaches(fail_on) else 0


def _planned(images: Sequence[FixableImage], waivers: Sequence[Waiver], today: date) -> _Plan:
    plan = _Plan()
    known = _with_ignore_files(images, waivers, today, plan)
    by_file: dict[str, list[FixableImage]] = {}
    for one in known:
        by_file.setdefault(_dockerfile(one), []).append(one)
    for path, of_file in by_file.items():
        fixed = fix_dockerfile(of_file, waivers, today)
        plan.rules += fixed.rules
        plan.left += fixed.left
        plan.images += fixed.images
        if fixed.after != fixed.before:
            plan.changes.append(FileChange(path, _name(path, fixed), fixed.before, fixed.after))
    return plan


def _dockerfile(image: FixableImage) -> str:
    assert isinstance(image.declared.dockerfile, str)
    return os.path.realpath(found_dockerfile(image.declared.dockerfile))


def _name(path: str, fixed: Fixed) -> str:
    """The Dockerfile's name, or that of the file that a link names."""
    is_itself = os.path.realpath(fixed.file) == path and not Path(fixed.file).is_symlink()
    return fixed.file if is_itself else shown_path(path)


def _with_ignore_files(
    images: Sequence[FixableImage], waivers: Sequence[Waiver], today: date, plan: _Plan
) -> list[FixableImage]:
    """Plan the entries of ignore files, and return the images as they are with them."""
    found = lint_images([one.image for one in images], waivers=waivers, today=today)
    wanted = {(one.file, one.image): one for one in found if one.rule == _IGNORE}
    by_path: dict[str | None, list[FixableImage]] = {}
    for one in images:
        declared = one.declared
        path = main_ignore_path(declared.context, declared.dockerfile, declared.dockerignore)
        by_path.setdefault(path and os.path.realpath(path), []).append(one)
    result: dict[int, FixableImage] = {}
    for path, group in by_path.items():
        findings = [finding for one in group if (finding := wanted.get((one.image.file, one.image.name)))]
        if not findings:
            continue
        folders, refused = folders_to_ignore([one.image for one in group])
        plan.left += [(findings[0], f"{name}: {why}") for name, why in refused.items()]
        if path is None or not folders:
            continue
        name = shown_path(path)
        before = read_for_change(path, name)
        text = with_entries((before or b"").decode("utf-8", "surrogateescape"), folders)
        plan.changes.append(FileChange(path, name, before, text.encode("utf-8", "surrogateescape")))
        plan.rules[_IGNORE] += len(findings)
        result |= {id(one): one.without_folders(folders) for one in group}
    return [result.get(id(one), one) for one in images]


def _told(
    plan: _Plan, notes: Sequence[str], left: Sequence[Finding], inline: Sequence[str], *, is_written: bool
) -> Iterator[str]:
    for finding, why in plan.left:
        yield f"left: {finding.where}: {finding.rule}: {why}"
    for note in notes:
        yield f"note: {note}"
    for name in inline:
        yield f"note: the Dockerfile of {name} is text in the program, which is not changed"
    rules = ", ".join(f"{rule} {count}" for rule, count in sorted(plan.rules.items()))
    verb = "fixed" if is_written else "can be fixed"
    others = counted(len(left), "finding")
    yield f"{f'{verb}: {rules}' if rules else 'nothing to fix'}; {others} {'left' if is_written else 'now'}"
