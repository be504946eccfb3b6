"""Of two images what changed is named, by instruction, directory and package; what did not is left out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from fast_container.breakdown.comparison import Comparison, compare
from fast_container.breakdown.documents import comparison_document
from fast_container.breakdown.image import Breakdown, LayerShare
from tests.breakdown.test_breakdown import NUMPY, SITE, divided
from tests.layer_images import Member, file


def distribution(name: str, version: str, size: int) -> list[Member]:
    record = f"{name}/a.py,,\n".encode()
    return [file(f"{SITE}/{name}/a.py", size), file(f"{SITE}/{name}-{version}.dist-info/RECORD", record)]


def with_layers(one: Breakdown, *layers: tuple[str, str, int]) -> Breakdown:
    made = tuple(LayerShare(digest, said, size // 2, size, 1, 0) for digest, said, size in layers)
    return replace(one, layers=made)


def compared(before: Sequence[Member], after: Sequence[Member]) -> Comparison:
    return compare(divided(before), divided(after))


def test_packages_are_new_gone_or_changed() -> None:
    found = compared(
        [*distribution("a", "1", 10), *distribution("b", "1", 20), *distribution("same", "1", 5)],
        [*distribution("a", "2", 300), *distribution("c", "1", 40), *distribution("same", "1", 5)],
    )
    changes = [(one.name, one.growth_bytes, bool(one.before), bool(one.after)) for one in found.distributions]
    assert changes == [("a", 290, True, True), ("c", 40, False, True), ("b", -20, True, False)]


def test_directories_are_those_of_the_change() -> None:
    found = compared([file("app/a", 10), file("base/x", 9000)], [file("app/a", 10), file("base/x", 9000), *NUMPY])
    assert found.directories[0].path == f"{SITE}/numpy"
    assert "base" not in {one.path for one in found.directories}
    assert sum(one.growth_bytes for one in found.directories) == found.after.shown_bytes - found.before.shown_bytes


def test_layers_are_paired_by_instruction_and_those_with_one_digest_are_left_out() -> None:
    one = divided([file("a", 1)])
    before = with_layers(
        one, ("1", "ADD file:0123456789ab in /", 100), ("2", "RUN x", 10), ("3", "RUN x", 10), ("4", "COPY old /", 7)
    )
    after = with_layers(
        one, ("9", "ADD file:ba9876543210 in /", 150), ("2", "RUN x", 10), ("8", "RUN x", 30), ("7", "COPY new /", 7)
    )
    found = compare(before, after)
    assert [(one.instruction, one.growth_bytes) for one in found.layers] == [
        ("ADD file:ba9876543210 in /", 50),
        ("RUN x", 20),
        ("COPY new /", 7),
        ("COPY old /", -7),
    ]
    assert found.shared_layers == 1


def test_equal_images_have_no_change() -> None:
    found = compared(NUMPY, NUMPY)
    assert (found.layers, found.directories, found.distributions, found.packages) == ((), (), (), ())


def test_the_document_is_json_and_holds_both() -> None:
    document = json.loads(json.dumps(comparison_document(compared([file("a", 1)], NUMPY))))
    assert document["against"]["shown_bytes"] == 1
    assert document["changes"]["distributions"][0]["after_version"] == "2.1.0"
    assert document["changes"]["distributions"][0]["before_version"] is None
