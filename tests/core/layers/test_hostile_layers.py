"""A hostile layer is refused with the limit that it met, or read in bounded memory: never extracted, never held."""

from __future__ import annotations

import gzip
import io
import tarfile
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import zstandard

from fast_container.adapters.layers.codecs import load_module, zstd_reader
from fast_container.core.layers import entry
from fast_container.core.layers.limits import LayerError, LayerLimitError, Limits
from fast_container.core.layers.listing import Listing, read_contents, read_listing
from fast_container.core.layers.listing_form import decode, encode
from fast_container.core.layers.merged import merge
from tests.layer_images import file, folder, link, listing, tar

MB = 1 << 20
END = bytes(1024)


def read(data: bytes, limits: Limits | None = None) -> Listing:
    return read_listing([data], len(data), limits=limits)


def peak_of(action: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def header(name: bytes, kind: bytes = b"0", size: bytes = b"0" * 11) -> bytes:
    block = bytearray(512)
    block[:100] = name.ljust(100, b"\0")
    block[100:136] = b"0000644\0" + b"0000000\0" * 2 + size.ljust(12, b"\0")
    block[136:148] = b"0" * 11 + b"\0"
    block[156:157] = kind
    block[257:265] = b"ustar\00000"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def pax(records: dict[str, bytes], kind: bytes = b"x") -> bytes:
    content = b""
    for key, value in records.items():
        length = len(key) + len(value) + 3
        length += len(str(length + len(str(length))))
        content += f"{length} {key}=".encode() + value + b"\n"
    return header(b"pax", kind, b"%011o" % len(content)) + content + bytes(-len(content) % 512)


def test_many_entries_take_little_memory_each_and_meet_a_limit() -> None:
    blocks = b"".join(header(b"usr/share/some/folder/with/a/long/name/%07d" % at) for at in range(6_000))
    peak = peak_of(lambda: read(blocks + END))
    assert peak - len(blocks) < 6_000 * 450
    member = gzip.compress(header(b"a") * 2_000)
    many = member * 6
    with pytest.raises(LayerLimitError, match="more than 10000 entries"):
        read(many, replace(Limits(), entries=10_000))


def test_a_zstd_bomb_meets_a_limit() -> None:
    unzstd = zstd_reader(load_module)
    bomb = zstandard.compress(bytes(8 * MB)) * 20
    start = zstandard.compress(header(b"zeros", size=b"%011o" % (1 << 32)))

    def act() -> None:
        with pytest.raises(LayerLimitError, match="unpacks to more than 67108864 bytes"):
            read_listing([start + bomb], len(bomb), unzstd=unzstd, limits=replace(Limits(), free_bytes=64 * MB))

    assert peak_of(act) < 20 * MB


def test_a_zstd_window_that_would_fill_memory_is_refused() -> None:
    frame = b"\x28\xb5\x2f\xfd" + bytes([0, 21 << 3]) + (1 | 512 << 3).to_bytes(3, "little") + bytes(512)
    with pytest.raises(LayerError, match="zstd data is damaged"):
        read_listing([frame], len(frame), unzstd=zstd_reader(load_module))


def test_extended_headers_that_pile_up_take_no_memory() -> None:
    pieces = [pax({f"key{at}.{number}": b"v" * 1000 for number in range(200)}, b"g") for at in range(30)]
    data = b"".join(pieces) + header(b"a") + END
    assert [one.path for one in read(data).entries] == ["a"]
    assert peak_of(lambda: read(data)) < 2 * MB


def test_extended_headers_without_end_meet_a_limit() -> None:
    repeated = pax({"path": b"a"}) * 50 + header(b"b") + END
    assert read(repeated).paths == ["a"]
    with pytest.raises(LayerLimitError, match="more than 49 extended headers"):
        read(repeated, replace(Limits(), extended_headers=49))
    # Each entry of a usual archive has its own.
    with pytest.raises(LayerLimitError, match="extended headers"):
        read((pax({"path": b"a"}) + header(b"b")) * 50 + END, replace(Limits(), extended_headers=49))


def test_files_that_are_searched_for_secrets_meet_a_limit_and_are_never_passed_over() -> None:
    data = tar([file(f"{at}.json", b"{}" * 50) for at in range(10)] + [file("other", b"x" * 5000)])
    assert len(read(data, replace(Limits(), searched_bytes=1000))) == 11
    with pytest.raises(LayerLimitError, match="searched for secrets have more than 999 bytes"):
        read(data, replace(Limits(), searched_bytes=999))


def test_an_extended_header_that_is_too_large_is_refused_before_it_is_read() -> None:
    data = header(b"pax", b"x", b"%011o" % (1 << 32)) + bytes(5000)
    with pytest.raises(LayerLimitError, match="an extended header is larger than 1048576 bytes"):
        read(data)


@pytest.mark.parametrize("size", [b"-1", b"1e3", b"9" * 30, b"0x10", b"\xff"])
def test_a_size_in_an_extended_header_that_is_none_is_refused(size: bytes) -> None:
    with pytest.raises(LayerError, match=r"negative size|not a number"):
        read(pax({"size": size}) + header(b"a") + END)


@pytest.mark.parametrize("size", [b"\xff" * 12, b"\x80" + b"\xff" * 11, b"-0000000001"])
def test_a_size_in_a_header_that_cannot_be_is_refused(size: bytes) -> None:
    with pytest.raises(LayerError, match=r"number that cannot be|not a number"):
        read(header(b"a", size=size) + END)


def test_names_that_are_not_utf8_are_kept_and_cached() -> None:
    found = read(header(b"caf\xe9/\xff\xfe") + header(b"b") + END)
    assert found.entries[0].path.encode("utf-8", "surrogateescape") == b"caf\xe9/\xff\xfe"
    assert decode(encode(found)) == found


def test_a_name_with_a_zero_is_refused() -> None:
    with pytest.raises(LayerError, match="byte that is zero"):
        read(pax({"path": b"a\0b"}) + header(b"a") + END)


def test_devices_pipes_and_links_to_nothing_are_listed_and_never_made() -> None:
    special = [header(b"null", b"3"), header(b"sda", b"4"), header(b"pipe", b"6")]
    data = b"".join(special) + tar([link("hard", "nowhere", hard=True), link("soft", "/../../etc/shadow")])
    found = read(data)
    kinds = [entry.DEVICE, entry.DEVICE, entry.FIFO, entry.HARDLINK, entry.SYMLINK]
    assert [one.kind for one in found.entries] == kinds
    assert set(merge([found]).files) == {"null", "sda", "pipe", "hard", "soft"}


def test_deletions_over_deletions_meet_a_limit() -> None:
    below = listing(*(file(f"d/{at}") for at in range(100)))
    above = listing(*(file("d/.wh..wh..opq") for _ in range(100)))
    with pytest.raises(LayerLimitError, match="delete files in more than 20000 steps"):
        merge([below, above, above, above], most_steps=20_000)


def test_what_a_layer_has_twice_and_in_conflict_is_merged() -> None:
    found = merge([listing(file("a", 1), folder("a"), file("a/b", 2), file("a", 3), link("c", "c"), file("c/d", 1))])
    assert found.files["a"].entry.size == 3
    assert found.hidden_bytes == 1


def test_content_that_is_asked_for_is_bounded_whatever_its_size_says() -> None:
    large = [header(b"f%d" % at, size=b"%011o" % (4 * MB)) + bytes(4 * MB) for at in range(6)]
    data = gzip.compress(b"".join(large) + END)
    del large

    def act() -> None:
        found = read_contents([data], len(data), frozenset(f"f{at}" for at in range(6)))
        assert sorted(found) == ["f0", "f1", "f2", "f3"]

    assert peak_of(act) < 40 * MB


def test_a_stream_that_never_ends_is_given_up() -> None:
    def endless() -> Iterator[bytes]:
        yield tar([file("a")])[:512]
        while True:
            yield header(b"b")

    with pytest.raises(LayerLimitError, match="more than 1000 entries"):
        read_listing(endless(), 1000, limits=replace(Limits(), entries=1000))


def test_what_tarfile_would_extract_outside_is_refused_or_stays_inside() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name in ("/etc/cron.d/x", "././a", "b/./c"):
            archive.addfile(tarfile.TarInfo(name))
    assert [one.path for one in read(out.getvalue()).entries] == ["etc/cron.d/x", "a", "b/c"]
