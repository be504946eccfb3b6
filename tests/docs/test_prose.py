"""The pages use the words that the code uses: plain English, one word for one thing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.test_links import PAGES, ROOT
from tests.laws.test_style import DIALECT

QUOTED = re.compile(r"`[^`\n]*`")
"""Messages and code keep their own words."""


# The changelog keeps the words in which a change was made.
READ = [page for page in PAGES if page.name != "CHANGELOG.md"]


@pytest.mark.parametrize("page", READ, ids=[str(page.relative_to(ROOT)) for page in READ])
def test_no_word_of_the_dialect(page: Path) -> None:
    text = QUOTED.sub("``", page.read_text(encoding="utf-8"))
    found = [
        f"line {text.count(chr(10), 0, match.start()) + 1}: {match.group()!r}: {instead}"
        for pattern, instead in DIALECT.items()
        for match in re.finditer(pattern, text)
    ]
    assert found == []
