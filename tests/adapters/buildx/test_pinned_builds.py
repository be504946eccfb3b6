"""A real BuildKit takes the pinned base image, whatever the tag names by then."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from fast_container.adapters.registry.image_resolver import ImageResolver
from fast_container.core.images.lock import ImageLock, format_lock, parse_lock
from fast_container.core.images.pins import pin_image
from fast_container.core.select import SharedWalks, select_image
from tests.adapters.buildkit_images import Local
from tests.adapters.moving_base import MovingBase
from tests.trees import declare

pytestmark = pytest.mark.buildkit

PLATFORM = f"linux/{'arm64' if os.uname().machine in ('aarch64', 'arm64') else 'amd64'}"


def env_of_own(local: Local, digest: str) -> Mapping[str, str]:
    """The environment of an image in ECR, looked up as a base image by its tag."""

    async def look_up() -> Mapping[str, str]:
        manifest = await local.registry.manifest(digest)
        assert manifest is not None
        await local.registry.tag(manifest, "as-a-base")
        found = await ImageResolver(local.registries.repository).resolve(f"{local.url}:as-a-base", PLATFORM)
        assert found.digest == found.platforms[PLATFORM].digest == digest
        return found.platforms[PLATFORM].facts.env

    return asyncio.run(look_up())


DOCKERFILE = """\
FROM pinned-base:1 AS one
COPY $DIR /app
RUN echo $SAID > /said
FROM named
COPY --from=one /said /from-one
RUN echo $SAID > /from-named
COPY --from=docker.io/library/pinned-base:1 /bin/busybox /copied
"""


def test_a_base_whose_tag_moved_after_locking_is_built_from_the_locked_digest(local: Local, tree: Path) -> None:
    base = MovingBase(local.cloud.mirror_host, "library/pinned-base")
    index, image = base.move("1", {"SAID": "first", "DIR": "src"}, others=["linux/s390x"])
    (tree / "src").mkdir()
    (tree / "src" / "a").touch()
    (tree / "other").touch()
    (tree / "Dockerfile").write_text(DOCKERFILE)
    named = {"named": "docker-image://pinned-base:1"}
    declared = declare(tree, platform=PLATFORM, named_contexts=named)

    async def lock() -> ImageLock:
        mirrors = {"docker.io": local.cloud.mirror_host}
        resolver = ImageResolver(local.registries.repository, mirrors)
        known = ImageLock()
        for one in pin_image(declared, known).unknown:
            known = known.with_image(one.normalised, await resolver.resolve(one.normalised, one.platform))
        return known

    locked = parse_lock(format_lock(asyncio.run(lock())))
    assert locked.images["docker.io/library/pinned-base:1"].digest == index
    base.move("1", {"SAID": "second", "DIR": "other"})
    selected = select_image(pin_image(declared, locked).declared, SharedWalks())
    assert {entry.path for entry in selected.contexts["context"].entries} == {"src", "src/a"}
    assert set(selected.declared.image_pins.values()) == {image}
    job = local.job(
        DOCKERFILE,
        contexts=selected.contexts,
        named_images=selected.named_images,
        source_policy=selected.source_policy,
    )
    digest = local.build(job).digest
    assert local.content(digest, "from-one") == b"first\n"
    assert local.content(digest, "from-named") == b"first\n"
    assert env_of_own(local, digest)["SAID"] == "first"
    unpinned = local.build(local.job("FROM pinned-base:1\nRUN echo $SAID > /said\n")).digest
    assert local.content(unpinned, "said") == b"second\n"


def test_the_builders_own_platform_is_taken_out_of_the_pinned_index(local: Local, tree: Path) -> None:
    base = MovingBase(local.cloud.mirror_host, "library/pinned-index")
    base.move("1", {"SAID": "first"}, others=["linux/s390x"])
    text = "FROM --platform=$BUILDPLATFORM pinned-index:1\nRUN echo $SAID > /said\n"
    (tree / "Dockerfile").write_text(text)
    resolver = ImageResolver(local.registries.repository, {"docker.io": local.cloud.mirror_host})
    reference = "docker.io/library/pinned-index:1"
    known = ImageLock().with_image(reference, asyncio.run(resolver.resolve(reference, "")))
    base.move("1", {"SAID": "second"})
    pinned = pin_image(declare(tree, platform=PLATFORM), known).declared
    digest = local.build(local.job(text, source_policy=pinned.source_policy)).digest
    assert local.content(digest, "said") == b"first\n"
