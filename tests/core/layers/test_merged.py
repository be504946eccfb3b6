"""Layers over one another: what an image shows, and what it ships unseen."""

from __future__ import annotations

import time

from fast_container.core.layers.merged import Merged, merge
from tests.layer_images import Member, file, folder, link, listing


def merged(*layers: list[Member]) -> Merged:
    return merge([listing(*members) for members in layers])


def shown(found: Merged) -> dict[str, int]:
    return {path: placed.layer for path, placed in found.files.items()}


def hidden(found: Merged) -> set[tuple[str, int, int, bool]]:
    return {(one.placed.entry.path, one.placed.layer, one.by, one.is_removed) for one in found.hidden}


def test_a_later_file_replaces_an_earlier_one() -> None:
    found = merged([file("a", 3)], [file("a", 5)])
    assert shown(found) == {"a": 1}
    assert hidden(found) == {("a", 0, 1, False)}


def test_a_directory_that_is_there_twice_hides_nothing() -> None:
    found = merged([folder("d"), file("d/a")], [folder("d"), file("d/b")])
    assert shown(found) == {"d": 1, "d/a": 0, "d/b": 1}
    assert not found.hidden


def test_a_whiteout_removes_a_file_or_a_whole_directory() -> None:
    found = merged([folder("d"), file("d/a"), file("b")], [file(".wh.d"), file(".wh.b")])
    assert shown(found) == {}
    assert hidden(found) == {("d", 0, 1, True), ("d/a", 0, 1, True), ("b", 0, 1, True)}


def test_a_whiteout_concerns_lower_layers_only_whatever_the_order() -> None:
    found = merged([file("d/a", 1)], [file("d/a", 2), file("d/.wh.a")])
    assert shown(found) == {"d/a": 1}


def test_an_opaque_directory_hides_what_was_in_it() -> None:
    found = merged([folder("d"), file("d/a"), file("e")], [folder("d"), file("d/.wh..wh..opq"), file("d/b")])
    assert shown(found) == {"d": 1, "d/b": 1, "e": 0}
    assert hidden(found) == {("d/a", 0, 1, True)}


def test_an_opaque_root_hides_everything() -> None:
    assert shown(merged([file("a"), file("d/b")], [file(".wh..wh..opq"), file("c")])) == {"c": 1}


def test_a_file_in_place_of_a_directory_hides_what_was_in_it() -> None:
    found = merged([folder("d"), file("d/a")], [link("d", "elsewhere")])
    assert shown(found) == {"d": 1}
    assert hidden(found) == {("d", 0, 1, False), ("d/a", 0, 1, True)}


def test_whiteouts_of_what_is_not_there_and_other_marks_do_nothing() -> None:
    assert shown(merged([file("a")], [file(".wh.x"), file("no/where/.wh.y"), file(".wh..wh.plnk")])) == {"a": 0}


def test_many_layers_with_many_whiteouts_take_time_by_their_size() -> None:
    below = [file(f"d/{at}") for at in range(5000)]
    layers = [below, *[[file("d/.wh..wh..opq"), *below[:20]] for _ in range(100)]]
    made = [listing(*members) for members in layers]
    began_s = time.process_time()
    merge(made)
    assert time.process_time() - began_s < 2
