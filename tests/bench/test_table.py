"""The tables as a page has them."""

from __future__ import annotations

from bench.table import Table, Target


def test_a_table_becomes_a_section_of_a_page() -> None:
    table = Table("of a|b", ["how"], ["side", "s"], [["a|b", "1.0"]], [Target("quick", 1.0, "most", 2.0)])
    assert table.markdown() == (
        "### of a|b\n\n- how\n\n| side | s |\n|---|---|\n| a\\|b | 1.0 |\n\n- met    quick: 1.00x (at most 2.00x)\n"
    )
