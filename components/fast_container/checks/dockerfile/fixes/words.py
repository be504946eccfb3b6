"""Words of an instruction that are put in or taken out.

Decides that this is done only where the text shows the word exactly as often as the commands that were read have it:
else one of them is in a string, a comment or another program's arguments. Leaves which words to the fixes.
"""

from __future__ import annotations

import re

from fast_container.checks.dockerfile.fixes.source_text import Edit, SourceText
from fast_container.core.dockerfile.parsed_line import ParsedLine


def find_words(source: SourceText, node: ParsedLine, pattern: str) -> list[tuple[int, int]]:
    """Places of a pattern in an instruction, outside its comments."""
    wanted = re.compile(pattern)
    found: list[tuple[int, int]] = []
    for number in source.code_lines(node):
        place = source.place(number)
        found += [(place + one.start(), place + one.end()) for one in wanted.finditer(source.line(number))]
    return found


def whole_word(word: str) -> str:
    """The pattern of a word that stands by itself."""
    return rf"(?<![\w=./'\"-]){re.escape(word)}(?![\w=./'\"-])"


def insert_after_words(
    source: SourceText, node: ParsedLine, pattern: str, text: str, of: list[bool]
) -> list[Edit] | None:
    """Insert after some occurrences of a pattern.

    Args:
        source: The file.
        node: The instruction.
        pattern: Found once for each command that is meant.
        text: What is put after it.
        of: For each command in order, whether it gets the text.

    Returns:
        None if the pattern is not there as often as there are commands.
    """
    places = find_words(source, node, pattern)
    if node.json or len(places) != len(of):
        return None
    return [Edit(end, end, text) for (_, end), wanted in zip(places, of, strict=True) if wanted]


def remove_words(source: SourceText, node: ParsedLine, word: str, count: int) -> list[Edit] | None:
    """Take a word out, with the blanks before it and a line that it has for itself.

    Returns:
        None if the word is not there as often as it was read.
    """
    places = find_words(source, node, whole_word(word))
    if node.json or len(places) != count:
        return None
    edits = [_removal(source, node, start, end) for start, end in places]
    return None if None in edits else [edit for edit in edits if edit is not None]


def _removal(source: SourceText, node: ParsedLine, start: int, end: int) -> Edit | None:
    number = next(n for n in source.code_lines(node) if source.place(n) <= start < source.place(n + 1))
    line, offset = source.line(number), start - source.place(number)
    before, after = line[:offset], line[offset + (end - start) :]
    if before.strip():
        return Edit(start - (len(before) - len(before.rstrip(" \t"))), end, "")
    if after.strip() not in ("", source.escape):
        return Edit(start, end + len(after) - len(after.lstrip(" \t")), "")
    if after.strip():
        return Edit(source.place(number), source.place(number + 1), "")
    # The last line of the instruction: the continuation before it goes too.
    above = source.line(number - 1) if number > node.line else ""
    if not source.continues(number - 1) or above.lstrip().startswith("#"):
        return None
    kept = above.rstrip(" \t").removesuffix(source.escape).rstrip(" \t")
    return Edit(source.place(number - 1) + len(kept), end, "")
