"""An image with its files is read from its registry; what cannot be read is said, and never taken for empty."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from fast_container.build.image_contents import read_image
from fast_container.core.layers.contents import ImageContents
from fast_container.core.layers.limits import Limits
from fast_container.core.layers.listing import Listing, read_contents, read_listing
from fast_container.core.ports import Manifest
from fast_container.errors import VerifyError
from tests.build.fakes import OCI_INDEX, OCI_MANIFEST, FakeRegistry
from tests.layer_images import file, image, sha256, zipped


class Lister:
    """Reads the layers of a fake registry."""

    def __init__(self, registry: FakeRegistry) -> None:
        self.registry = registry
        self.asked: list[str] = []

    async def listing(self, repository_url: str, digest: str, size: int) -> Listing:
        self.asked.append(digest)
        try:
            return read_listing([self.registry.blobs[digest]], size)
        except ValueError as error:
            raise VerifyError("A layer of the image cannot be read.", where=digest, why=str(error)) from None

    async def contents(self, repository_url: str, digest: str, size: int, paths: frozenset[str]) -> dict[str, bytes]:
        self.asked.append(digest)
        return read_contents([self.registry.blobs[digest]], size, paths)


def push(registry: FakeRegistry, content: bytes, media_type: str = OCI_MANIFEST) -> Manifest:
    made = Manifest(sha256(content), media_type, content)
    registry.manifests[made.digest] = made
    return made


def index(*children: tuple[Manifest, str]) -> bytes:
    manifests = [
        {
            "mediaType": child.media_type,
            "digest": child.digest,
            "size": len(child.content),
            "platform": {"os": "linux", "architecture": architecture},
        }
        for child, architecture in children
    ]
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}).encode()


def read(registry: FakeRegistry, manifest: Manifest, limits: Limits | None = None) -> ImageContents:
    return asyncio.run(read_image(registry, manifest, Lister(registry), platform="linux/amd64", limits=limits))


def with_layers(registry: FakeRegistry, *layers: bytes) -> Manifest:
    content, blobs = image(layers, {"User": "1000"})
    registry.blobs |= blobs
    return push(registry, content)


def test_layers_and_configuration_are_read() -> None:
    registry = FakeRegistry()
    found = read(registry, with_layers(registry, zipped([file("a", 5)]), zipped([file("b", 7)])))
    assert found.configuration.user == "1000"
    assert found.files is not None
    assert set(found.files.merged.files) == {"a", "b"}
    assert found.files.unpacked_bytes == 12
    assert not found.is_of_index


def test_a_layer_that_is_there_twice_is_read_once() -> None:
    registry = FakeRegistry()
    layer = zipped([file("a", 5)])
    manifest = with_layers(registry, layer, layer)
    lister = Lister(registry)
    found = asyncio.run(read_image(registry, manifest, lister, platform="linux/amd64"))
    assert lister.asked == [sha256(layer)]
    assert found.files is not None
    assert len(found.files.layers) == 2


def test_the_platforms_image_is_taken_out_of_an_index() -> None:
    registry = FakeRegistry()
    wanted, other = with_layers(registry, zipped([file("a")])), with_layers(registry, zipped([file("b")]))
    found = read(registry, push(registry, index((other, "arm64"), (wanted, "amd64")), OCI_INDEX))
    assert found.files is not None
    assert set(found.files.merged.files) == {"a"}
    assert found.is_of_index


def test_indexes_in_indexes_come_to_an_end() -> None:
    registry = FakeRegistry()
    manifest = with_layers(registry)
    for _ in range(4):
        manifest = push(registry, index((manifest, "amd64")), OCI_INDEX)
    with pytest.raises(VerifyError, match="nested too deeply"):
        read(registry, manifest)


def test_an_index_that_names_itself_comes_to_an_end() -> None:
    registry = FakeRegistry()
    itself = Manifest("sha256:" + "0" * 64, OCI_INDEX, b"")
    itself = replace(itself, content=index((itself, "amd64")))
    registry.manifests[itself.digest] = itself
    with pytest.raises(VerifyError, match="nested too deeply"):
        read(registry, itself)


def test_a_layer_that_cannot_be_read_is_named() -> None:
    registry = FakeRegistry()
    damaged = zipped([file("a", 5000)])[:60]
    found = read(registry, with_layers(registry, zipped([file("b")]), damaged))
    assert found.files is None
    assert sha256(damaged) in found.unreadable


def test_too_many_entries_of_all_layers_together_are_said() -> None:
    registry = FakeRegistry()
    manifest = with_layers(registry, zipped([file("a")]), zipped([file("b"), file("c")]))
    found = read(registry, manifest, replace(Limits(), entries=2))
    assert "more than 2 entries" in found.unreadable
