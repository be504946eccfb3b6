"""Of a list of installed packages names, versions and paths are kept, within a limit; of no other file anything."""

from __future__ import annotations

import pytest

from fast_container.core.layers.limits import Limits
from fast_container.core.layers.listing import read_listing
from fast_container.core.layers.listing_form import decode, encode
from fast_container.core.layers.package_lists import MOST_BYTES, is_package_list
from tests.layer_images import file, listing, tar

SITE = "usr/lib/python3/site-packages"
RECORD = (
    b"click/__init__.py,sha256=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA,100\n"
    b'"click/a, b.txt",,\n'
    b"../../../bin/click,sha256=BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB,5\n"
)


@pytest.mark.parametrize(
    ("path", "content", "kept"),
    [
        (f"{SITE}/click-8.1.dist-info/RECORD", RECORD, b"click/__init__.py\nclick/a, b.txt\n../../../bin/click"),
        (
            "var/lib/dpkg/status",
            b"Package: libc6\nStatus: install ok installed\nVersion: 2.36\nDescription: long\n more\n\nPackage: b\n",
            b"Package: libc6\nStatus: install ok installed\nVersion: 2.36\n\nPackage: b",
        ),
        ("var/lib/dpkg/status.d/base", b"Package: base\nVersion: 1\nEssential: yes\n", b"Package: base\nVersion: 1"),
        ("var/lib/dpkg/status.d/base.md5sums", b"0123  usr/bin/a\n4567  usr/b c\n", b"usr/bin/a\nusr/b c"),
        ("var/lib/dpkg/info/libc6:amd64.list", b"/.\n/usr\n/usr/lib/libc.so\n", b"/.\n/usr\n/usr/lib/libc.so\n"),
        (
            "lib/apk/db/installed",
            b"C:Q1=\nP:musl\nV:1.2\nF:lib\nR:ld.so\nZ:Q1=\n\n",
            b"P:musl\nV:1.2\nF:lib\nR:ld.so\n",
        ),
        ("srv/RECORD", b"a,b,c\n", b""),
        ("etc/status", b"Package: x\n", b""),
        ("etc/apt/sources.list", b"deb https://example.com\n", b""),
    ],
)
def test_paths_and_names_are_kept_and_hashes_and_descriptions_are_not(path: str, content: bytes, kept: bytes) -> None:
    found = listing(file(path, content))
    assert found.entries[0].head == kept
    assert decode(encode(found)) == found


def test_names_that_are_not_utf8_are_kept_as_they_are() -> None:
    found = listing(file(f"{SITE}/x-1.dist-info/RECORD", b"x/\xff.py,,\n"))
    assert found.entries[0].head == b"x/\xff.py"


def test_a_list_that_is_too_large_is_not_kept() -> None:
    found = listing(file(f"{SITE}/x-1.dist-info/RECORD", MOST_BYTES + 1))
    assert found.entries[0].head == b""


def test_the_lists_of_a_layer_have_a_limit_together() -> None:
    data = tar([file(f"{SITE}/{name}-1.dist-info/RECORD", b"1234,,") for name in "ab"])
    found = read_listing([data], len(data), limits=Limits(package_list_bytes=6))
    assert [one.head for one in found.entries] == [b"1234", b""]


def test_most_files_are_not_lists() -> None:
    assert not any(is_package_list(path) for path in ("RECORD", "a/RECORD", "var/lib/dpkg/info/a.md5sums", "x.list"))
