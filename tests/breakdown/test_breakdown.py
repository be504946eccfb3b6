"""An image's bytes are divided so that nothing counts twice and everything counts."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_container.breakdown.directories import heavy_directories
from fast_container.breakdown.image import Breakdown, break_down
from fast_container.breakdown.instructions import UNKNOWN, instruction
from fast_container.breakdown.owners import ALPINE, DEBIAN
from tests.layer_images import Member, contents, file, folder, link

SITE = "usr/lib/python3/site-packages"
NUMPY = [
    file(f"{SITE}/numpy/core.py", 1000),
    file(f"{SITE}/numpy/__pycache__/core.cpython-311.opt-1.pyc", 500),
    file("usr/bin/f2py", 50),
    file(f"{SITE}/numpy-2.1.0.dist-info/METADATA", 10),
    file(
        f"{SITE}/numpy-2.1.0.dist-info/RECORD",
        b"numpy/core.py,,\nnumpy-2.1.0.dist-info/METADATA,,\n../../../bin/f2py,,\n",
    ),
]
DPKG = [
    link("lib", "usr/lib"),
    file("usr/lib/libc.so.6", 2000),
    file(
        "var/lib/dpkg/status", b"Package: libc6\nVersion: 2.36-9\nArchitecture: amd64\n\nPackage: other\nVersion: 1\n"
    ),
    file("var/lib/dpkg/info/libc6:amd64.list", b"/.\n/lib\n/lib/libc.so.6\n"),
]


def divided(*layers: Sequence[Member], **config: Any) -> Breakdown:
    image = contents(*layers, **config)
    assert image.files is not None
    return break_down(image, image.files)


def shares(found: Sequence[Any]) -> dict[str, int]:
    return {f"{one.package.name} {one.package.version}".strip(): one.bytes for one in found}


def test_files_of_a_distribution_are_those_of_its_record_and_their_bytecode() -> None:
    found = divided(NUMPY)
    assert shares(found.distributions)["numpy 2.1.0"] == 1000 + 500 + 50 + 10
    assert found.unowned_bytes == found.shown_bytes - 1560


def test_files_of_a_debian_package_are_found_where_lib_is_a_link() -> None:
    found = divided(DPKG)
    assert shares(found.packages) == {"libc6 2.36-9": 2000}
    assert found.packages[0].package.kind == DEBIAN


def test_packages_of_distroless_and_alpine_images_are_known() -> None:
    found = divided(
        [
            file("usr/bin/a", 7),
            file("var/lib/dpkg/status.d/base", b"Package: base-files\nVersion: 12\n"),
            file("var/lib/dpkg/status.d/base.md5sums", b"0123  usr/bin/a\n"),
            file("lib/ld-musl.so", 9),
            file("lib/apk/db/installed", b"P:musl\nV:1.2.5\nF:lib\nR:ld-musl.so\n\n"),
        ]
    )
    assert shares(found.packages) == {"musl 1.2.5": 9, "base-files 12": 7}
    assert found.packages[0].package.kind == ALPINE


def test_a_package_that_a_later_layer_removes_is_not_there() -> None:
    found = divided(NUMPY, [file(f"{SITE}/.wh.numpy"), file(f"{SITE}/.wh.numpy-2.1.0.dist-info")])
    assert found.distributions == ()
    assert found.waste.deleted_bytes == 1000 + 500 + 10 + len(NUMPY[4][1])


def test_waste_is_of_three_kinds_that_add_up() -> None:
    found = divided(
        [file("a", 100), file("b", 200), file("c", 400), file("d", 5)],
        [file("a", 100, mode=0o755), file("b", 10, mtime=9), file(".wh.c")],
    )
    waste = found.waste
    assert (waste.duplicated_bytes, waste.overwritten_bytes, waste.deleted_bytes) == (100, 200, 400)
    assert found.shown_bytes + waste.bytes == found.unpacked_bytes
    assert [layer.hidden_bytes for layer in found.layers] == [700, 0]
    assert [(one.path, one.how, one.by) for one in waste.largest] == [
        ("c", "deleted", 1),
        ("b", "overwritten", 1),
        ("a", "duplicated", 1),
    ]


def test_a_list_that_was_not_kept_is_counted() -> None:
    assert divided([file(f"{SITE}/x-1.dist-info/RECORD", 9_000_000)]).owners.unread == 1


@pytest.mark.parametrize(
    ("created_by", "said"),
    [
        ("RUN /bin/sh -c pip install  x # buildkit", "RUN pip install x"),
        ("RUN |2 A=1 B=/bin/sh -x /bin/sh -c make\n  all # buildkit", "RUN make all"),
        ("/bin/sh -c #(nop) ADD file:0123456789abcdef in / ", "ADD file:0123456789abcdef in /"),
        ("/bin/sh -c apt-get update", "RUN apt-get update"),
        ("RUN /bin/bash -o pipefail -c a | b # buildkit", "RUN a | b"),
        ("COPY app /app # buildkit", "COPY app /app"),
        ("", UNKNOWN),
    ],
)
def test_an_instruction_is_as_it_was_written(created_by: str, said: str) -> None:
    assert instruction(created_by) == said


def test_layers_have_the_instructions_of_the_history_and_empty_ones_none() -> None:
    assert [layer.instruction for layer in divided([file("a", 1)]).layers] == [UNKNOWN]


def test_directories_name_the_deepest_place_that_explains_the_bytes() -> None:
    sizes = {f"{SITE}/numpy/core/a.so": 600, f"{SITE}/b/x": 20, f"{SITE}/c/x": 20, "app/main.py": 300, "etc/x": 1}
    found = heavy_directories(sizes)
    assert [(one.path, one.bytes, one.is_rest) for one in found] == [
        (f"{SITE}/numpy/core", 600, False),
        ("app", 300, False),
        (SITE, 40, True),
        ("", 1, True),
    ]


PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join)
SIZES = st.dictionaries(PATHS, st.integers(0, 50), max_size=12)


@given(SIZES, SIZES)
def test_directories_add_up_to_the_whole_and_to_the_change(after: Mapping[str, int], before: Mapping[str, int]) -> None:
    one, both = heavy_directories(after), heavy_directories(after, before)
    assert sum(folder.bytes for folder in one) == sum(after.values())
    assert sum(folder.growth_bytes for folder in both) == sum(after.values()) - sum(before.values())
    assert len({folder.path for folder in both}) == len(both)
    assert all(posixpath.normpath(folder.path or ".") == (folder.path or ".") for folder in both)


def test_an_empty_image_has_nothing() -> None:
    found = divided([folder("a")])
    assert (found.directories, found.shown_bytes, found.efficiency) == ((), 0, 1.0)
