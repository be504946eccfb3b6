"""Which sides there are: one that cannot be had is kept with the reason, never dropped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from bench.engine import BenchFailed
from bench.peers.peer import Found, Missing, Peer
from bench.peers.place import Place
from bench.peers.sides import PEERS, look
from bench.peers.tool_cache import cdk_folder, skaffold_program

PLACE = cast(Place, None)


def _found(_place: Place, asked: bool) -> Found:
    return Found("asked for" if asked else "found", cast(Callable[..., Any], None))


def _missing(_place: Place, _asked: bool) -> Found:
    raise Missing("there is no node")


TWO = (Peer("here", "", _found), Peer("away", "", _missing))


def test_a_side_that_cannot_be_had_is_kept_with_the_reason() -> None:
    looked = look(PLACE, None, TWO)
    assert looked.found["here"].version == "found"
    assert looked.missing == {"away": "there is no node"}


def test_a_side_that_was_not_asked_for_is_said_too() -> None:
    looked = look(PLACE, ("here",), TWO)
    assert looked.found["here"].version == "asked for"
    assert looked.missing == {"away": "left out by `--sides`"}


def test_a_side_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(BenchFailed, match="there is no side docker; there are: ours, docker-build, tuned, bake"):
        look(PLACE, ("docker",))


def test_every_side_says_its_setting() -> None:
    assert all(len(peer.setting) > 20 for peer in PEERS)


def test_skaffold_is_compiled_only_when_asked_for(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="name it in `--sides`"):
        skaffold_program(compile_it=False, environ={"FAST_CONTAINER_CACHE": str(tmp_path)})
    assert not list(tmp_path.iterdir())


def test_without_node_or_go_the_reason_says_so(tmp_path: Path) -> None:
    environ = {"FAST_CONTAINER_CACHE": str(tmp_path), "PATH": str(tmp_path)}
    with pytest.raises(Missing, match="`node` and `npm` not on PATH"):
        cdk_folder(environ)
    with pytest.raises(Missing, match="no `go` on PATH"):
        skaffold_program(compile_it=True, environ=environ)
