"""Ignore patterns and paths for tests that go through many of them."""

from hypothesis import strategies as st

WORDS = st.sampled_from(["a", "b", "ab", "*", "**", "?", "a*", "*b", "**b", "a**", ".a"])
PATTERN = st.builds(
    lambda mark, words: mark + "/".join(words),
    st.sampled_from(["", "", "!"]),
    st.lists(WORDS, min_size=1, max_size=3),
)
PATH = st.lists(st.sampled_from(["a", "b", "ab", ".a", "xb"]), min_size=1, max_size=4).map("/".join)
LEAKY = st.text(alphabet="ab*?[]^-\\/{061}|dxQ.!", max_size=8)
"""Patterns of which characters reach Go's regular expressions that moby does not escape."""
