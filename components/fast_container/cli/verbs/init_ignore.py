"""``fast-container init-ignore``: proposes a ``.dockerignore`` from what is really there.

Decides that every stage of every given Dockerfile counts, and that a line is proposed only if all of them read the same
with it, but for folders of tools that a copy takes along (the same ones as ``lint --fix``). Leaves the form of the
lines to ``checks.dockerfile.fixes.ignore_proposal``, and asking and writing to ``cli.file_changes``.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fast_container.adapters.digests.walks import open_walks
from fast_container.build.lint_inputs import files_of, shown_path
from fast_container.checks.dockerfile.fixes.ignore_entries import folders_to_ignore
from fast_container.checks.dockerfile.fixes.ignore_proposal import proposed_lines
from fast_container.checks.dockerfile.lint import linted_image
from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.cli.file_changes import FileChange, make_changes, read_for_change
from fast_container.cli.output import say
from fast_container.cli.sent_files import sent_files
from fast_container.cli.verbs.inspect import declared
from fast_container.core.build_files import IGNORE_FILE, main_ignore_path
from fast_container.core.cache_folder import cache_folder
from fast_container.core.context.view import SharedWalks
from fast_container.core.declared import MAIN_CONTEXT, DeclaredImage, ignore_rules, read_declared
from fast_container.core.entry import Entry
from fast_container.core.ignore.rules import IgnoreRules
from fast_container.core.select import select_image
from fast_container.core.spelling import counted, megabytes
from fast_container.errors import ArgsError, ContextError, DockerfileError

_NOT_WRITTEN: Final = 1


@dataclass(frozen=True, slots=True)
class _Read:
    """What one target reads.

    Attributes:
        declared: The image.
        entries: The entries of its build context, by their paths.
        linted: As the rules get it; None if its Dockerfile is not understood.
    """

    declared: DeclaredImage
    entries: dict[str, Entry]
    linted: LintedImage | None


def run(arguments: argparse.Namespace) -> int:
    """Propose lines, show them and write them if that is wanted.

    Returns:
        1 for a proposal that was not written.

    Raises:
        FastContainerError: Bad input, or a Dockerfile that reads what is not there.
    """
    images = [
        declared(argparse.Namespace(**{**vars(arguments), "dockerfile": one})) for one in arguments.dockerfile or [None]
    ]
    path = _ignore_file(images)
    walks = open_walks(cache_folder(os.environ))
    reads = [_read(one, walks) for image in images for one in _targets(image)]
    rules = ignore_rules(images[0], MAIN_CONTEXT).rules
    sizes = sent_files(images[0].context, rules)
    linted = [one.linted for one in reads if one.linted is not None]
    folders, kept = folders_to_ignore(linted) if len(linted) == len(reads) else ([], {})
    lines = _sound_lines(reads, sizes, folders, rules, walks)
    walks.save()
    after = sent_files(images[0].context, IgnoreRules.from_patterns((*rules.patterns, *lines)))
    if after.keys() == sizes.keys():
        lines = []  # An exception above them keeps what they name.
    name = shown_path(path)
    before = read_for_change(path, name)
    text = _with_lines((before or b"").decode("utf-8", "surrogateescape"), lines)
    is_written = not lines or make_changes(
        [FileChange(path, name, before, text.encode("utf-8", "surrogateescape"))], yes=arguments.yes
    )
    say([f"left: {folder}: {why}" for folder, why in kept.items()])
    changed = [f"before: {_counted(sizes)}", f"after:  {_counted(after)}"]
    say(changed if lines else [f"nothing to add: {_counted(sizes)}"])
    return 0 if is_written else _NOT_WRITTEN


def _ignore_file(images: Sequence[DeclaredImage]) -> str:
    """Return the one ignore file that all images read.

    Raises:
        ArgsError: They read several.
    """
    found = {main_ignore_path(one.context, one.dockerfile, one.dockerignore): one.dockerfile_name for one in images}
    if len(found) > 1:
        raise ArgsError(
            "These Dockerfiles have several ignore files.",
            property_path="--dockerfile",
            why=", ".join(f"{name}: {shown_path(path or '')}" for path, name in found.items()),
            next_step="Give the Dockerfiles of one ignore file at a time.",
        )
    path = next(iter(found))
    assert path is not None
    return path


def _targets(image: DeclaredImage) -> list[DeclaredImage]:
    """The image for each stage that could be built: another build of the file may want another one."""
    reads = read_declared(image)[1]
    names = [stage.name for stage in reads.named_stages]
    return [image, *(replace(image, recipe=replace(image.recipe, target=name)) for name in names)]


def _read(image: DeclaredImage, walks: SharedWalks) -> _Read:
    selected = select_image(image, walks)
    context = selected.selected.get(MAIN_CONTEXT)
    entries = {entry.path: entry for entry in context.selection.entries} if context else {}
    linted = linted_image(image, selected.dockerfile_text, selected.reads, files=files_of(selected))
    return _Read(image, entries, linted)


def _sound_lines(
    reads: Sequence[_Read], sizes: dict[str, int], folders: Sequence[str], rules: IgnoreRules, walks: SharedWalks
) -> list[str]:
    """The proposed lines, without those that would hide what an image reads."""
    read = {path for one in reads for path in one.entries if not _is_inside(path, folders)}
    lines = proposed_lines(sizes, read | _own_files(reads), folders)
    while lines and not _reads_the_same(reads, lines, folders, walks):
        tried = IgnoreRules.from_patterns((*rules.patterns, *lines))
        wrong = {rule[0] for path in read if tried.ignores(path) and (rule := tried.rule_for(path))}
        kept = [line for line in lines if line not in wrong]
        lines = kept if len(kept) < len(lines) else []
    return lines


def _own_files(reads: Sequence[_Read]) -> set[str]:
    """The Dockerfiles and ignore files in the context, with the folders above: BuildKit gets them anyway."""
    found: set[str] = set()
    for one in reads:
        root, dockerfile = one.declared.context, one.declared.dockerfile
        assert isinstance(dockerfile, str)
        for path in (dockerfile, f"{dockerfile}{IGNORE_FILE}", f"{root}/{IGNORE_FILE}"):
            inside = os.path.relpath(path, root).replace(os.sep, "/")
            parts = inside.split("/")
            found.update("/".join(parts[: at + 1]) for at in range(len(parts)) if parts[0] != "..")
    return found


def _reads_the_same(reads: Sequence[_Read], lines: Sequence[str], folders: Sequence[str], walks: SharedWalks) -> bool:
    for one in reads:
        try:
            after = _read(replace(one.declared, ignore=(*one.declared.ignore, *lines)), walks).entries
        except (ContextError, DockerfileError):
            return False
        before = {path: entry for path, entry in one.entries.items() if not _is_inside(path, folders)}
        if before != {path: entry for path, entry in after.items() if not _is_inside(path, folders)}:
            return False
    return True


def _is_inside(path: str, folders: Iterable[str]) -> bool:
    return not set(folders).isdisjoint(path.split("/"))


def _with_lines(text: str, lines: Sequence[str]) -> str:
    ending = "\r\n" if "\r\n" in text else "\n"
    start = text if not text or text.endswith("\n") else text + ending
    return start + "".join(f"{line}{ending}" for line in lines)


def _counted(sizes: dict[str, int]) -> str:
    return f"{counted(len(sizes), 'file')}, {megabytes(sum(sizes.values()))}"
