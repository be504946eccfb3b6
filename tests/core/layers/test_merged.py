"""Layers over one another: what an image shows, and what it ships unseen."""

from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st

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


NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
ENTRIES = st.dictionaries(PATHS, st.sampled_from(["file", "folder", "deleted", "opaque"]), max_size=7)


def members_of(entries: dict[str, str]) -> list[Member]:
    """A layer in which nothing is below what is not a directory, as in every real one."""
    found: list[Member] = []
    for path, kind in entries.items():
        if any(entries.get(above) in ("file", "deleted") for above in above_of(path)):
            continue
        folder_of, slash, name = path.rpartition("/")
        made = {
            "file": file(path, 1),
            "folder": folder(path),
            "deleted": file(f"{folder_of}{slash}.wh.{name}"),
            "opaque": file(f"{path}/.wh..wh..opq"),
        }
        found.append(made[kind])
    return found


def above_of(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:at]) for at in range(1, len(parts))]


def put_one_by_one(layers: list[dict[str, str]]) -> tuple[dict[str, int], set[tuple[str, int, int, bool]]]:
    """The same by the plainest means: each deletion looks at all paths."""
    shown: dict[str, tuple[int, str]] = {}
    gone: set[tuple[str, int, int, bool]] = set()
    for at, layer in enumerate(layers):
        names = [member[0].name for member in members_of(layer)]
        for path, kind in layer.items():
            folder_of, slash, name = path.rpartition("/")
            mark = f"{folder_of}{slash}.wh.{name}" if kind == "deleted" else f"{path}/.wh..wh..opq"
            if kind in ("deleted", "opaque") and mark in names:
                lost = [p for p in shown if p.startswith(f"{path}/") or (p == path and kind == "deleted")]
                gone |= {(p, shown.pop(p)[0], at, True) for p in lost}
        for path in sorted(name for name in names if ".wh." not in name):
            kind = layer[path]
            if path in shown and (shown[path][1] != "folder" or kind != "folder"):
                gone.add((path, shown.pop(path)[0], at, False))
            if kind != "folder":
                gone |= {(p, shown.pop(p)[0], at, True) for p in list(shown) if p.startswith(f"{path}/")}
            shown[path] = at, kind
    return {path: layer for path, (layer, _) in shown.items()}, gone


@settings(deadline=None, max_examples=60)
@given(st.lists(ENTRIES, min_size=1, max_size=4))
def test_layers_are_merged_as_one_by_one(layers: list[dict[str, str]]) -> None:
    found = merged(*map(members_of, layers))
    assert (shown(found), hidden(found)) == put_one_by_one(layers)
    assert found.hidden_bytes == sum(one.placed.entry.size for one in found.hidden)
