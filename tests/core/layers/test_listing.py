"""What is read of a layer is what tarfile reads; a hostile layer meets a limit that the error names."""

from __future__ import annotations

import contextlib
import gzip
import io
import tarfile
import tracemalloc
import zlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fast_container.core.layers import entry
from fast_container.core.layers.limits import LayerEndsError, LayerError, LayerLimitError, Limits
from fast_container.core.layers.listing import Listing, read_contents, read_listing
from fast_container.core.layers.listing_form import decode, encode
from tests.layer_images import file, folder, link, tar

MEMBERS = [
    folder("usr"),
    file("usr/a", b"some content"),
    file("usr/" + "long/" * 60 + "name", b"x" * 1000),
    file("usr/ü", b""),
    link("usr/b", "../" + "far/" * 50 + "away"),
    link("usr/c", "usr/a", hard=True),
    file("usr/d", b"y", mode=0o4755, uid=3_000_000, mtime=1_700_000_000),
]


def read(data: bytes, limits: Limits | None = None) -> Listing:
    return read_listing([data], len(data), limits=limits)


def as_tarfile_reads(data: bytes) -> list[tuple[str, int, int, int, str]]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return [(m.name, m.size if m.isreg() else 0, m.mode, m.uid, m.linkname) for m in archive]


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_format_is_read_as_tarfile_reads_it(format: int) -> None:
    members = [one for one in MEMBERS if format != tarfile.USTAR_FORMAT or len(one[0].name + one[0].linkname) < 100]
    members = [one for one in members if format != tarfile.USTAR_FORMAT or one[0].uid < 2_000_000]
    data = tar(members, format=format)
    found = read(data).entries
    assert [(e.path, e.size, e.mode, e.uid, e.link) for e in found] == as_tarfile_reads(data)


@pytest.mark.parametrize("pieces", [1, 7, 512, 100_000])
def test_the_size_of_pieces_does_not_matter(pieces: int) -> None:
    data = gzip.compress(tar(MEMBERS))
    cut = [data[at : at + pieces] for at in range(0, len(data), pieces)]
    assert read_listing(cut, len(data)) == read(tar(MEMBERS))


def test_a_gzip_layer_may_have_many_members_as_estargz_has() -> None:
    data = tar(MEMBERS)
    many = b"".join(gzip.compress(data[at : at + 700]) for at in range(0, len(data), 700))
    assert read(many) == read(data)


def test_paths_are_in_normal_form() -> None:
    data = tar([file("./a/b"), file("/c//d"), file("e/../f"), folder("./")])
    assert [one.path for one in read(data).entries] == ["a/b", "c/d", "f", ""]


@pytest.mark.parametrize("path", ["../etc/passwd", "a/../../b", "..", "/../x"])
def test_a_path_that_leaves_the_root_is_refused(path: str) -> None:
    with pytest.raises(LayerError, match="leaves the image's root"):
        read(tar([file(path)]))


def test_a_hard_link_that_leaves_the_root_is_refused() -> None:
    with pytest.raises(LayerError, match="leaves the image's root"):
        read(tar([link("a", "../../etc/shadow", hard=True)]))


def test_the_header_of_bytecode_is_kept_and_no_other_content() -> None:
    found = read(tar([file("a.pyc", b"0123456789abcdefghij"), file("a.py", b"secret")])).entries
    assert [one.head for one in found] == [b"0123456789abcdef", b""]


def test_a_secret_is_named_and_not_kept() -> None:
    token = "ghp_" + "a1" * 18
    listed = read(tar([file("app/.env", f"TOKEN={token}".encode())]))
    assert listed.entries[0].signs == ("GitHub token",)
    assert token not in repr(listed)
    assert token.encode() not in zlib.decompress(encode(listed))


def test_a_sparse_file_counts_with_what_is_stored() -> None:
    info = tarfile.TarInfo("disk.img")
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[156:157] = b"S"
    block[124:136] = b"%011o\0" % 512
    block[386:410] = b"%011o\0%011o\0" % (0, 512)
    block[482] = 1
    block[483:495] = b"%011o\0" % (1 << 32)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    further = bytearray(512)
    further[0:24] = b"%011o\0%011o\0" % (1 << 30, 0)
    data = bytes(block) + bytes(further) + b"s" * 512 + tar([file("after")])
    assert [(one.path, one.size) for one in read(data).entries] == [("disk.img", 512), ("after", 0)]


def test_a_sparse_map_without_end_meets_a_limit() -> None:
    info = tarfile.TarInfo("disk.img")
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[156:157], block[482] = b"S", 1
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    further = bytearray(512)
    further[504] = 1
    with pytest.raises(LayerLimitError, match="sparse file's map"):
        read(bytes(block) + bytes(further) * 5000)


def test_a_gzip_bomb_meets_a_limit_before_it_is_unpacked() -> None:
    info = tarfile.TarInfo("zeros")
    info.size = 1 << 36
    packer = zlib.compressobj(1, wbits=31)
    bomb = packer.compress(info.tobuf(tarfile.PAX_FORMAT)) + packer.compress(bytes(64 << 20)) + packer.flush()
    tracemalloc.start()
    with pytest.raises(LayerLimitError, match="unpacks to more than 1073741824 bytes"):
        read(bomb)
    with pytest.raises(LayerLimitError, match="unpacks to more than"):
        read(gzip.compress(tar([file("zeros", bytes(8 << 20))])), replace(Limits(), free_bytes=1 << 20))
    assert tracemalloc.get_traced_memory()[1] < 40 << 20
    tracemalloc.stop()


def test_a_million_entries_meet_a_limit() -> None:
    with pytest.raises(LayerLimitError, match="more than 100 entries"):
        read(tar([file(str(at)) for at in range(101)]), replace(Limits(), entries=100))


def test_long_paths_meet_a_limit() -> None:
    with pytest.raises(LayerLimitError, match="more than 5000 bytes"):
        read(tar([file("a/" * 100 + str(at)) for at in range(100)]), replace(Limits(), name_bytes=5000))
    with pytest.raises(LayerLimitError, match="more than 255 components"):
        read(tar([file("a/" * 300)]))


def test_an_extended_header_meets_a_limit() -> None:
    with pytest.raises(LayerLimitError, match="extended header"):
        read(tar([file("a" * 3000)]), replace(Limits(), header_bytes=1000))


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_truncated_layer_is_refused(kept: float) -> None:
    data = gzip.compress(tar(MEMBERS))
    with pytest.raises(LayerEndsError):
        read(data[: int(len(data) * kept)])


def test_a_damaged_header_is_refused() -> None:
    data = bytearray(tar(MEMBERS))
    data[5] ^= 1
    with pytest.raises(LayerError, match="checksum"):
        read(bytes(data))


def test_a_layer_that_zstd_compressed_is_refused_where_nothing_reads_it() -> None:
    with pytest.raises(LayerError, match="zstd"):
        read(b"\x28\xb5\x2f\xfd" + bytes(100))


@settings(deadline=None)
@given(st.binary(max_size=3000))
def test_no_bytes_end_in_another_error(data: bytes) -> None:
    whole = tar(MEMBERS)
    for hostile in (data, whole[:512] + data, gzip.compress(data), whole[: 512 + len(data) % 2000] + data):
        with contextlib.suppress(LayerError):
            read(hostile)


def test_the_cached_form_gives_the_same_listing() -> None:
    listed = read(tar([*MEMBERS, file("x.pyc", bytes(20)), file("y.env", b"AKIA" + b"A2" * 8)]))
    assert decode(encode(listed)) == listed
    assert decode(encode(read(tar([])))) == read(tar([]))


@settings(deadline=None)
@given(st.binary(max_size=200), st.integers(0, 400))
def test_a_damaged_cached_form_is_nothing(noise: bytes, at: int) -> None:
    data = encode(read(tar(MEMBERS)))
    found = decode(data[:at] + noise)
    assert found is None or found == read(tar(MEMBERS))


def test_kinds() -> None:
    found = read(tar([folder("d"), file("f"), link("l", "f"), link("h", "f", hard=True)])).entries
    assert [one.kind for one in found] == [entry.DIRECTORY, entry.FILE, entry.SYMLINK, entry.HARDLINK]


def test_the_content_of_files_is_read_up_to_a_limit() -> None:
    data = gzip.compress(tar([file("a", b"one"), file("b", b"other"), file("c", bytes(50)), file("d", b"last")]))
    paths = frozenset({"a", "c", "d", "none"})
    assert read_contents([data], len(data), paths) == {"a": b"one", "c": bytes(50), "d": b"last"}
    limits = replace(Limits(), content_bytes=10)
    assert read_contents([data], len(data), paths, limits=limits) == {"a": b"one", "d": b"last"}
