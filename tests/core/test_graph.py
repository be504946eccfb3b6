"""The order of images: bases before consumers, cycles spelled out."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_container.core.graph import closure, order
from fast_container.errors import ArgsError

CHAIN = {"api": ["packages"], "packages": ["deps"], "deps": ["os"], "os": ["python:3.12"], "worker": ["deps"]}
NAMES = st.sampled_from("abcdefg")
GRAPHS = st.dictionaries(NAMES, st.sets(NAMES, max_size=3), max_size=7)


def test_bases_come_before_their_consumers_and_names_settle_the_rest() -> None:
    assert order(CHAIN) == ("os", "deps", "packages", "worker", "api")
    assert order(dict(reversed(CHAIN.items()))) == order(CHAIN)


def test_a_closure_holds_what_an_image_needs_and_nothing_else() -> None:
    assert closure(CHAIN, ["worker"]) == ("os", "deps", "worker")
    assert closure(CHAIN, ["python:3.12"]) == ()


def test_a_cycle_is_spelled_out() -> None:
    with pytest.raises(ArgsError, match="cycle") as caught:
        order({"z": [], "a": ["b"], "b": ["c"], "c": ["d"], "d": ["b"]})
    assert caught.value.why in ("b → c → d → b", "c → d → b → c", "d → b → c → d")
    with pytest.raises(ArgsError) as caught:
        closure({"a": ["a"]}, ["a"])
    assert caught.value.why == "a → a"


@given(GRAPHS)
def test_there_is_an_order_or_a_cycle(graph: dict[str, set[str]]) -> None:
    try:
        found = order(graph)
    except ArgsError as error:
        cycle = (error.why or "").split(" → ")
        assert cycle[0] == cycle[-1]
        assert all(base in graph[name] for name, base in pairwise(cycle))
        return
    assert sorted(found) == sorted(graph)
    inner = {name: bases & graph.keys() for name, bases in graph.items()}
    assert all(found.index(base) < found.index(name) for name, bases in inner.items() for base in bases)
