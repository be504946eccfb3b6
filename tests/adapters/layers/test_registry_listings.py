"""Layers from a registry: each is streamed once, checked, and remembered where that can be believed."""

from __future__ import annotations

import asyncio
import gzip
import os
import re
from pathlib import Path

import pytest
import zstandard

from fast_container.adapters.layers import codecs
from fast_container.adapters.layers.listing_cache import ListingCache
from fast_container.adapters.layers.registry_listings import RegistryListings
from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.core.layers.limits import LayerError
from fast_container.core.layers.listing import Listing, read_listing
from fast_container.errors import RegistryError, VerifyError
from tests.adapters.http_registry import HttpRegistry, http_registry
from tests.layer_images import file, sha256, tar, zipped

MEMBERS = [file(f"usr/lib/{at}", os.urandom(500)) for at in range(40)]
LAYER = zipped(MEMBERS)
EXPECTED = read_listing([LAYER], len(LAYER))


def read(registry: HttpRegistry, data: bytes = LAYER, cache: ListingCache | None = None, digest: str = "") -> Listing:
    lister = RegistryListings(OciRegistry, cache)
    return asyncio.run(lister.listing(registry.url, digest or sha256(data), len(data)))


def blobs(registry: HttpRegistry) -> int:
    return sum("/blobs/" in path for path in registry.paths("GET"))


def test_a_layer_is_streamed_once_and_then_remembered(tmp_path: Path) -> None:
    cache = ListingCache(tmp_path / "layers")
    with http_registry() as registry:
        registry.blobs[sha256(LAYER)] = LAYER
        assert read(registry, cache=cache) == EXPECTED
        assert blobs(registry) == 1
        assert read(registry, cache=cache) == EXPECTED
        assert blobs(registry) == 1


def test_bytes_that_do_not_fit_the_digest_are_an_error_and_are_not_remembered(tmp_path: Path) -> None:
    cache = ListingCache(tmp_path / "layers")
    other = zipped([*MEMBERS[1:], MEMBERS[0]])
    with http_registry() as registry:
        registry.blobs[sha256(LAYER)] = (other + bytes(len(LAYER)))[: len(LAYER)]
        with pytest.raises((RegistryError, VerifyError)):
            read(registry, cache=cache)
    assert not (tmp_path / "layers").exists()


def test_a_manifest_that_says_another_size_of_a_layer_that_is_remembered_is_an_error(tmp_path: Path) -> None:
    """Budgets are of what the manifest says."""
    cache = ListingCache(tmp_path / "layers")
    with http_registry() as registry:
        registry.blobs[sha256(LAYER)] = LAYER
        assert read(registry, cache=cache) == EXPECTED
        for size in (0, 1, len(LAYER) + 1):
            with pytest.raises(RegistryError):
                read(registry, bytes(size), cache, sha256(LAYER))


def test_content_after_the_archive_counts_in_the_digest(tmp_path: Path) -> None:
    data = tar(MEMBERS) + bytes(5000)
    with http_registry() as registry:
        registry.blobs[sha256(data)] = data[:-1] + b"!"
        with pytest.raises(RegistryError, match="does not fit its digest"):
            read(registry, data)


def test_a_blob_that_is_shorter_than_the_manifest_says_is_an_error() -> None:
    with http_registry() as registry:
        registry.blobs[sha256(LAYER)] = LAYER[:-20]
        with pytest.raises(RegistryError, match="did not return the blob"):
            read(registry)


def test_zstd_is_read_and_without_a_reader_the_error_names_layer_and_extra() -> None:
    half = len(tar(MEMBERS)) // 2
    data = b"".join(zstandard.compress(part) for part in (tar(MEMBERS)[:half], tar(MEMBERS)[half:]))
    with http_registry() as registry:
        registry.blobs[sha256(data)] = data
        assert read(registry, data) == EXPECTED
        lister = RegistryListings(OciRegistry, None, load=lambda _: None)
        with pytest.raises(VerifyError, match="cannot be read") as refused:
            asyncio.run(lister.listing(registry.url, sha256(data), len(data)))
        assert sha256(data) in refused.value.where
        assert "fast-container[zstd]" in refused.value.next_step


@pytest.mark.parametrize("name", ["isal", "zlib"])
def test_every_decompressor_of_gzip_says_the_same(name: str) -> None:
    make = codecs.fastest_inflater(lambda asked: codecs.load_module(asked) if asked.startswith(name) else None)
    members = b"".join(gzip.compress(tar(MEMBERS)[at : at + 3000]) for at in range(0, len(tar(MEMBERS)), 3000))
    for data in (LAYER, members, members + bytes(100)):
        assert read_listing([data], len(data), make_inflater=make) == EXPECTED
    for damaged in (LAYER[:-200], LAYER[:300] + bytes(100) + LAYER[400:]):
        with pytest.raises(LayerError):
            read_listing([damaged], len(damaged), make_inflater=make)


@pytest.mark.parametrize("damage", ["cut", "flipped", "other version", "readable by all to write", "a link"])
def test_a_cached_file_with_a_flaw_is_read_anew(damage: str, tmp_path: Path) -> None:
    cache = ListingCache(tmp_path / "layers")
    cache.put(sha256(LAYER), EXPECTED)
    (place,) = (tmp_path / "layers").iterdir()
    data = place.read_bytes()
    if damage == "cut":
        place.write_bytes(data[:-5])
    elif damage == "flipped":
        place.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    elif damage == "other version":
        place.write_bytes(re.sub(rb"listing \d+", b"listing 0", data, count=1))
    elif damage == "readable by all to write":
        place.chmod(0o666)
    else:
        place.rename(tmp_path / "elsewhere")
        place.symlink_to(tmp_path / "elsewhere")
    assert cache.get(sha256(LAYER)) is None


def test_a_cached_file_of_another_user_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = ListingCache(tmp_path / "layers")
    cache.put(sha256(LAYER), EXPECTED)
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    assert cache.get(sha256(LAYER)) is None


def test_the_cache_is_bounded_and_keeps_what_was_used_last(tmp_path: Path) -> None:
    probe = ListingCache(tmp_path / "probe")
    probe.put(sha256(b"0"), EXPECTED)
    size = next((tmp_path / "probe").iterdir()).stat().st_size
    cache = ListingCache(tmp_path / "layers", most_bytes=3 * size)
    for at in range(3):
        cache.put(sha256(b"%d" % at), EXPECTED)
        os.utime(tmp_path / "layers" / sha256(b"%d" % at).replace(":", "-"), (at, at))
    assert cache.get(sha256(b"0")) == EXPECTED
    cache.put(sha256(b"3"), EXPECTED)
    assert [cache.get(sha256(b"%d" % at)) is not None for at in range(4)] == [True, False, True, True]


def test_a_folder_that_cannot_be_written_to_is_not_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = ListingCache(tmp_path / "file" / "layers")
    cache.put(sha256(LAYER), EXPECTED)
    assert cache.get(sha256(LAYER)) is None
