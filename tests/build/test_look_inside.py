"""The programs in a pushed image's layers are for its platform, or it gets no tag."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import os
import struct
import tarfile
from collections.abc import Mapping
from typing import Any

import pytest

from fast_container.build.look_inside import LayerLooks
from fast_container.build.pipeline import publish
from fast_container.core.layers.programs import LayerPrograms, look
from fast_container.core.ports import Manifest
from fast_container.errors import RegistryError, VerifyError
from tests.build.fakes import (
    GZIP_LAYER,
    OCI_MANIFEST,
    URL,
    FakeExecutor,
    FakeRegistry,
    ListReporter,
    StepClock,
    make_job,
    sha256,
)

X86, ARM, I386, ARM64, S390X = 62, 40, 3, 183, 22


def elf(machine: int, kind: int = 3, *, big: bool = False) -> bytes:
    order = ">" if big else "<"
    return b"\x7fELF\x02" + (b"\x02" if big else b"\x01") + bytes(10) + struct.pack(f"{order}HH", kind, machine)


def layer(files: Mapping[str, bytes], *, plain: bool = False) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue() if plain else gzip.compress(buffer.getvalue())


class Layers:
    """Satisfies ``LayerReader``."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.asked: list[tuple[str, int]] = []

    async def programs(self, repository_url: str, digest: str, size: int, most: int, platform: str) -> LayerPrograms:
        assert repository_url == URL
        self.asked.append((digest, most))
        if digest not in self.blobs:
            raise RegistryError("It is not given.")
        return look(self.blobs[digest][:most], platform)

    def image(self, *layers: bytes, media_type: str = GZIP_LAYER) -> Manifest:
        self.blobs |= {sha256(content): content for content in layers}
        described = [{"mediaType": media_type, "digest": sha256(one), "size": len(one)} for one in layers]
        content = json.dumps({"config": {"digest": "sha256:c", "size": 1}, "layers": described}).encode()
        return Manifest(sha256(content), OCI_MANIFEST, content)


def check(*layers: bytes, platform: str = "linux/arm64", reader: Layers | None = None) -> Layers:
    reader = reader or Layers()
    manifest = reader.image(*layers)
    looks = LayerLooks(reader)
    for _ in range(2):
        asyncio.run(looks.check(manifest, repository_url=URL, platform=platform, reporter=ListReporter()))
    return reader


FITTING = {
    "its own programs": [layer({"bin/sh": elf(ARM64)}), layer({"app/server": elf(ARM64, 2)})],
    "no program": [layer({"app/main.py": b"print()"})],
    "a package with a binary for each platform": [
        layer({"app/prebuilds/linux-x64/x.node": elf(X86), "app/prebuilds/linux-arm64/x.node": elf(ARM64)})
    ],
    "tools that are handed out": [layer({"bin/sh": elf(ARM64)}), layer({"opt/agents/agent-x86": elf(X86)})],
    "32 bits": [layer({"bin/sh": elf(ARM)})],
    "an emulator": [layer({"bin/sh": elf(ARM64)}), layer({"usr/bin/qemu-arm-static": elf(X86)})],
    "object files and other machines": [layer({"lib/x.o": elf(X86, 1), "lib/x.bpf": elf(247)})],
    "plain tar": [layer({"bin/sh": elf(ARM64)}, plain=True)],
    "no archive": [b"\x28\xb5\x2f\xfd" + b"zstd", b"", gzip.compress(b"x")],
}
WRONG = {
    "a base of another platform": [layer({"bin/sh": elf(X86)}), layer({"app/server": elf(ARM64)})],
    "a program at its own place": [layer({"bin/sh": elf(ARM64)}), layer({"./usr/local/bin/uv": elf(X86)})],
    "a library": [layer({"bin/sh": elf(ARM64)}), layer({"usr/lib/x86_64-linux-gnu/libc.so.6": elf(X86)})],
    "nothing that fits": [layer({"app/server": elf(X86)}), layer({"main.py": b""})],
    "Lambda's Python": [layer({"etc/x": elf(ARM64)}), layer({"var/lang/bin/python3.13": elf(X86)})],
    "the other byte order": [layer({"bin/sh": elf(S390X, big=True)})],
    "plain tar": [layer({"bin/sh": elf(X86)}, plain=True)],
}


@pytest.mark.parametrize("name", FITTING)
def test_programs_that_fit_are_no_error(name: str) -> None:
    check(*FITTING[name])


@pytest.mark.parametrize("name", WRONG)
def test_programs_for_another_platform_fail_the_image(name: str) -> None:
    with pytest.raises(VerifyError, match="is for linux/arm64 but holds programs for") as caught:
        check(*WRONG[name])
    assert caught.value.why and caught.value.next_step


def test_32_bits_run_on_amd64_and_not_the_other_way_round() -> None:
    check(layer({"bin/sh": elf(I386)}), platform="linux/amd64/v2")
    with pytest.raises(VerifyError):
        check(layer({"bin/sh": elf(X86)}), platform="linux/386")
    check(layer({"bin/sh": elf(X86)}), platform="windows/amd64")


def test_reads_are_bounded_and_no_layer_is_read_twice() -> None:
    large = layer({"data": os.urandom(6 * 1024 * 1024), "bin/sh": elf(X86)})
    native = layer({"bin/sh": elf(ARM64), "data": os.urandom(1024 * 1024)})
    reader = check(large, native)
    assert sum(most for digest, most in reader.asked if digest == sha256(large)) < 5 * 1024 * 1024
    assert [most for digest, most in reader.asked if digest == sha256(native)] == [256 * 1024]


def test_what_unpacks_without_end_is_looked_at_to_a_limit() -> None:
    assert not look(gzip.compress(bytes(256 * 1024 * 1024)), "linux/arm64").fits


def test_an_image_of_another_platform_gets_no_tag_and_a_layer_that_is_not_given_is_said() -> None:
    registry, job, reader, reporter = FakeRegistry(), make_job(), Layers(), ListReporter()
    publishing = publish(job, registry, FakeExecutor(registry), reporter, StepClock(), looks=LayerLooks(reader))
    asyncio.run(publishing)
    assert any("not looked into layer" in note for note in reporter.notes)
    registry, wrong = FakeRegistry(), Layers()
    built = registry.push()
    wrong.blobs[json.loads(built.content)["layers"][0]["digest"]] = layer({"bin/sh": elf(S390X, big=True)})
    executor = FakeExecutor(registry, push=lambda _: built)
    with pytest.raises(VerifyError):
        asyncio.run(publish(job, registry, executor, ListReporter(), StepClock(), looks=LayerLooks(wrong)))
    assert registry.tags == {}


def test_the_configuration_is_read_while_the_layers_are_looked_into() -> None:
    registry, reader, both = FakeRegistry(), Layers(), asyncio.Event()
    begun: list[str] = []

    async def meet(name: str) -> None:
        begun.append(name)
        if len(begun) == 2:
            both.set()
        await asyncio.wait_for(both.wait(), 10)

    read, programs = registry.blob, reader.programs

    async def blob(digest: str) -> bytes:
        await meet("configuration")
        return await read(digest)

    async def look_when_met(*asked: Any) -> LayerPrograms:
        await meet("layer")
        return await programs(*asked)

    registry.blob, reader.programs = blob, look_when_met  # type: ignore[method-assign]
    looks = LayerLooks(reader)
    asyncio.run(publish(make_job(), registry, FakeExecutor(registry), ListReporter(), StepClock(), looks=looks))
    assert sorted(begun) == ["configuration", "layer"]
