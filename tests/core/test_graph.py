"""The graph of images: bases before consumers, circles spelled out."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_container.core.graph import closure, consumers, find_circle, levels, order, ready, refuse_circles
from fast_container.errors import ArgsError

CHAIN = {"api": ["packages"], "packages": ["deps"], "deps": ["os"], "os": ["python:3.12"], "worker": ["deps"]}
NAMES = st.sampled_from("abcdefg")
GRAPHS = st.dictionaries(NAMES, st.sets(NAMES, max_size=3), max_size=7)


def test_bases_come_before_their_consumers() -> None:
    assert levels(CHAIN) == (("os",), ("deps",), ("packages", "worker"), ("api",))
    assert order(CHAIN) == ("os", "deps", "packages", "worker", "api")


def test_what_is_ready_follows_what_is_done() -> None:
    assert ready(CHAIN, ()) == ("os",)
    assert ready(CHAIN, {"os", "deps"}, started={"worker"}) == ("packages",)


def test_consumers_are_found_through_others() -> None:
    assert consumers(CHAIN, "deps") == ("api", "packages", "worker")
    assert consumers(CHAIN, "api") == ()
    assert closure(CHAIN, ["worker"]) == ("os", "deps", "worker")


def test_a_circle_is_spelled_out() -> None:
    with pytest.raises(ArgsError, match="circle") as caught:
        order({"z": [], "a": ["b"], "b": ["c"], "c": ["b"]})
    assert caught.value.why == "b → c → b"
    with pytest.raises(ArgsError) as caught:
        refuse_circles({"a": ["a"]})
    assert caught.value.why == "a → a"


@given(GRAPHS)
def test_order_and_circles_agree_with_the_standard_library(graph: dict[str, set[str]]) -> None:
    inner = {name: bases & graph.keys() for name, bases in graph.items()}
    try:
        list(TopologicalSorter(inner).static_order())
    except CycleError:
        circle = find_circle(graph)
        assert circle[0] == circle[-1]
        assert all(base in graph[name] for name, base in pairwise(circle))
        with pytest.raises(ArgsError):
            order(graph)
        return
    assert find_circle(graph) == ()
    found = order(graph)
    assert sorted(found) == sorted(graph)
    assert all(found.index(base) < found.index(name) for name, bases in inner.items() for base in bases)


@given(GRAPHS)
def test_finishing_whatever_is_ready_finishes_everything(graph: dict[str, set[str]]) -> None:
    done: set[str] = set()
    while found := ready(graph, done):
        done.add(found[-1])
    rest = {name: bases for name, bases in graph.items() if name not in done}
    assert bool(rest) == bool(find_circle(graph))
