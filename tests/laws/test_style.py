"""The prose of the code is plain English: one word for one thing, a docstring that begins with a verb or a noun."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.laws import prose

DIALECT: dict[str, str] = {
    r"\boutside images?\b": "external image",
    r"\bcircles?\b": "cycle",
    r"\bta(?:ke|kes|ken|king|ook) (?:it |them )?up\b": "adopt",
    r"(?<!\bleft )\bbehind(?![-\w]| (?:an?|the|this|its) (?:\w+ )?(?:proxy|gateway|registry|mirror|emulator|line))": (
        "after; 'behind' is for places"
    ),
    r"\b[Nn]obody\b": "say who, or 'not … by anyone'",
    r"\b[Ww]ho(?:m)?ever\b": "say who: the caller, the reader, the process",
    r"\bframes?\b(?! of the stack)": "encoded entry, encoded value",
    r"(?<!\b[Tt]here )\b(?:is|are|was|were) no (?!longer\b|more\b|such\b)": "is not a …; 'there is no …' is fine",
    r"\b(?:is|are|was|were) none\b(?! of)": "there is no …; is not a …",
    r"\btexts\b": "strings",
    r"\ba text\b": "a string",
    r"\b1 (?:files|images|builds|lines|entries|stages|seconds|bytes|packages|repositories)\b": "1 file",
    r"\bfor itself to say\b": "say who decides",
    r"\b[Ll]ook-ups?\b": "lookup",
}
"""What is not written, as a regular expression, and what stands in its place."""

BAD_BEGINNING = re.compile(
    r"(?:What|Whether surely|Whom|Whose|Who|Those that|Those which|That which|To what|Of what)\b"
)

_CORE_NAME = re.compile(r"``((?:core|build|adapters|state|remote|checks|cli|python_base)\.[a-z_.]+[a-z_])(?:\(\))?``")
_SECTION = re.compile(r"^(Args|Attributes):$")
_ENTRY = re.compile(r"^\*{0,2}[A-Za-z_][\w.]*(?: \([^)]*\))?:(?: |$)")


def passages(room: str) -> list[prose.Passage]:
    readers = (prose.docstrings, prose.comments, prose.messages)
    return [passage for module in prose.modules(room) for reader in readers for passage in reader(module)]


@pytest.mark.parametrize("room", prose.rooms())
def test_no_word_of_the_dialect(room: str) -> None:
    assert dialect_of(room) == []


def dialect_of(room: str) -> list[str]:
    return [
        f"{passage.place}: {match.group()!r}: {instead}"
        for passage in passages(room)
        for pattern, instead in DIALECT.items()
        if (match := re.search(pattern, passage.text))
    ]


@pytest.mark.parametrize("room", prose.rooms())
def test_a_functions_docstring_begins_with_a_verb_or_a_noun(room: str) -> None:
    assert bad_beginnings(room) == []


def bad_beginnings(room: str) -> list[str]:
    of_functions = (passage for module in prose.modules(room) for passage in prose.function_docstrings(module))
    return [f"{p.place}: {p.text.splitlines()[0]}" for p in of_functions if BAD_BEGINNING.match(p.text)]


@pytest.mark.parametrize("room", prose.rooms())
def test_modules_named_in_a_docstring_are_there(room: str) -> None:
    of_room = [passage for module in prose.modules(room) for passage in prose.docstrings(module)]
    missing = [f"{p.place}: {n}" for p in of_room for n in _CORE_NAME.findall(p.text) if not is_there(n)]
    assert missing == []


def is_there(name: str) -> bool:
    """Whether a dotted name is a room, a module, or a name in a module."""
    *above, last = name.split(".")
    whole = prose.LIBRARY.joinpath(*above, last)
    if whole.is_dir() or whole.with_suffix(".py").is_file():
        return True
    home = prose.LIBRARY.joinpath(*above)
    for module in (home.with_suffix(".py"), home / "__init__.py"):
        if module.is_file() and re.search(rf"\b{last}\b", module.read_text(encoding="utf-8")):
            return True
    return False


@pytest.mark.parametrize("room", prose.rooms())
def test_an_entry_of_a_section_starts_a_line(room: str) -> None:
    of_room = [passage for module in prose.modules(room) for passage in prose.docstrings(module)]
    assert [f"{p.place}: {line}" for p in of_room for line in bad_entries(p.text)] == []


def bad_entries(docstring: str) -> list[str]:
    """Lines of ``Args:`` and ``Attributes:`` that are neither an entry nor the continuation of one."""
    bad: list[str] = []
    section, depth = -1, -1
    for line in docstring.splitlines():
        indent = len(line) - len(line.lstrip())
        if _SECTION.match(line.strip()):
            section, depth = indent, -1
            continue
        if section < 0 or not line.strip():
            continue
        if indent <= section:
            section = -1
            continue
        depth = indent if depth < 0 else depth
        if indent == depth and not _ENTRY.match(line.strip()):
            bad.append(line.strip())
    return bad


def test_the_reader_of_sections_sees_a_run_on_entry() -> None:
    assert bad_entries("Do.\n\n    Args:\n        a: One.\n        b and c, both: Two.\n") == ["b and c, both: Two."]


def test_the_repository_is_found() -> None:
    assert Path(__file__).is_relative_to(prose.REPOSITORY)
