"""How errors read: *what* is a sentence, *next* begins with a capital, the troubleshooting page knows each class."""

from __future__ import annotations

import ast
import inspect
import re
from functools import cache

import pytest

from fast_container import errors
from tests.laws import prose

PAGE = prose.REPOSITORY / "docs" / "troubleshooting.md"

CLASSES = {
    name
    for name, found in vars(errors).items()
    if inspect.isclass(found) and issubclass(found, errors.FastContainerError)
}


@cache
def error_calls(room: str) -> list[tuple[str, ast.Call]]:
    """Calls that make an error: of an error class, or of a function that passes on a next step."""
    return [
        (prose.place(module, node.lineno), node)
        for module in prose.modules(room)
        for node in prose.nodes(module)
        if isinstance(node, ast.Call) and (is_class(node.func) or any(k.arg == "next_step" for k in node.keywords))
    ]


def is_class(function: ast.expr) -> bool:
    """Whether a call makes one of our errors."""
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in CLASSES


def flaws(room: str) -> list[str]:
    """Wordings of a room that break a rule of messages."""
    found: list[str] = []
    for place, call in error_calls(room):
        if is_class(call.func) and call.args:
            found += [f"{place}: no full stop: {w}" for w in prose.wordings(call.args[0]) if not ends(w)]
        for keyword in call.keywords:
            if keyword.arg == "next_step":
                found += [f"{place}: no capital: {w}" for w in prose.wordings(keyword.value) if w[:1].islower()]
    return found


def ends(what: str) -> bool:
    """Whether a sentence ends; one that ends in what is filled in may."""
    return what.endswith((".", "…"))


@pytest.mark.parametrize("room", prose.rooms())
def test_an_error_says_what_in_a_sentence_and_next_with_a_capital(room: str) -> None:
    assert flaws(room) == []


def test_messages_are_found() -> None:
    assert sum(1 for room in prose.rooms() for _ in error_calls(room)) > 300


@pytest.mark.parametrize("name", sorted(CLASSES - {"FastContainerError"}))
def test_troubleshooting_has_a_section_for_each_class_of_error(name: str) -> None:
    headings = re.findall(r"^#+ (.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert any(f"`{name}`" in heading for heading in headings)


def quoted_messages() -> list[str]:
    """Messages that the page quotes: code in the first column of its tables that is a sentence."""
    rows = re.findall(r"^\| (.*?) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return [text for row in rows for text in re.findall(r"`([^`]+)`", row) if text.endswith(".")]


@pytest.mark.parametrize("message", quoted_messages())
def test_a_message_that_the_page_quotes_is_one_that_the_library_says(message: str) -> None:
    # Each side may have a gap: the page's example values, the code's fields.
    assert any(same(message, said) for said in said_messages()), message


@cache
def said_messages() -> set[str]:
    return {
        wording
        for room in prose.rooms()
        for _, call in error_calls(room)
        if is_class(call.func) and call.args
        for wording in prose.wordings(call.args[0])
    }


def same(quoted: str, said: str) -> bool:
    """Whether a quoted message may be what the code says, gaps of the code filled in with anything."""
    if said.count("…") and not re.search(r"[A-Za-z]{4}", said.replace("…", "")):
        return False
    parts = (".+?".join(map(re.escape, said.split("…")))).replace(re.escape("'x'"), ".+?")
    return re.fullmatch(parts, quoted) is not None
