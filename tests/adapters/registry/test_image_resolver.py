"""Looking up base images, and the command that writes them down, against a small registry."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fast_container.adapters.registry.image_resolver import (
    MIRRORS_VARIABLE,
    AbsentImageError,
    ImageResolver,
    OpenRepository,
    parse_mirrors,
)
from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.cli import main
from fast_container.core.dockerfile import ImageFacts
from fast_container.core.images.lock import LockedImage, PlatformImage, parse_lock
from fast_container.core.ports import Registry
from fast_container.errors import ArgsError, RegistryError
from tests.adapters.http_registry import HttpRegistry, http_registry

INDEX = "application/vnd.oci.image.index.v1+json"
BASE = "docker.io/shop/images:1"


class Images:
    """Puts images into the registry, which stands in for docker.io."""

    def __init__(self, registry: HttpRegistry) -> None:
        self.registry = registry

    @property
    def mirror(self) -> str:
        return f"docker.io={self.registry.host}"

    def image(self, platform: str, env: tuple[str, ...] = (), onbuild: tuple[str, ...] = ()) -> str:
        system, architecture, *variant = platform.split("/")
        content = json.dumps(
            {
                "os": system,
                "architecture": architecture,
                "variant": "".join(variant),
                "config": {"Env": list(env), "OnBuild": list(onbuild) or None},
            }
        ).encode()
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.registry.blobs[digest] = content
        return self.registry.push(json.dumps({"config": {"digest": digest}, "layers": []}).encode())

    def index(self, tag: str, images: dict[str, str]) -> str:
        manifests: list[dict[str, Any]] = [{"digest": "sha256:0", "platform": {"os": "unknown"}}]
        for platform, digest in images.items():
            system, architecture, *variant = platform.split("/")
            described = {"os": system, "architecture": architecture, "variant": "".join(variant)}
            manifests.append({"digest": digest, "platform": described})
        digest = self.registry.push(json.dumps({"manifests": manifests}).encode(), INDEX)
        self.registry.tags[tag] = digest
        return digest

    def resolver(self, **trusted: str) -> ImageResolver:
        return ImageResolver(self.open, parse_mirrors([self.mirror], "test"), trusted)

    def open(self, url: str) -> Registry:
        return OciRegistry(url)


@pytest.fixture
def images() -> Iterator[Images]:
    with http_registry() as registry:
        yield Images(registry)


def test_a_platforms_image_and_what_its_configuration_says(images: Images) -> None:
    arm = images.image("linux/arm64", ("PATH=/bin", "EQUALS=a=b"), ("COPY . /app",))
    index = images.index("1", {"linux/amd64": images.image("linux/amd64"), "linux/arm64/v8": arm})
    found = asyncio.run(images.resolver().resolve(BASE, "linux/arm64"))
    facts = ImageFacts({"PATH": "/bin", "EQUALS": "a=b"}, ("COPY . /app",))
    assert found == LockedImage(index, {"linux/arm64": PlatformImage(arm, facts)})


def test_each_name_is_asked_for_once_however_many_images_use_it(images: Images) -> None:
    images.index("1", {platform: images.image(platform) for platform in ("linux/amd64", "linux/arm64")})

    async def scenario() -> None:
        resolver = images.resolver()
        platforms = ["linux/amd64", "linux/arm64", ""] * 5
        await asyncio.gather(*(resolver.resolve(BASE, platform) for platform in platforms))

    asyncio.run(scenario())
    asked = images.registry.paths("GET")
    assert len(asked) == len(set(asked)) == 5, "the tag, and a manifest and a configuration for each platform"


def test_an_image_without_an_index_has_one_digest(images: Images) -> None:
    digest = images.image("linux/amd64", ("A=1",))
    images.registry.tags["1"] = digest
    known = asyncio.run(images.resolver().resolve(BASE, ""))
    assert known == LockedImage(digest, {"linux/amd64": PlatformImage(digest, ImageFacts({"A": "1"}, ()))})


@pytest.mark.parametrize(
    ("offered", "asked", "taken"),
    [
        (["linux/arm/v5", "linux/arm/v6"], "linux/arm/v7", "linux/arm/v6"),
        (["linux/386", "linux/amd64"], "linux/amd64/v3", "linux/amd64"),
        (["linux/386"], "linux/amd64", "linux/386"),
        (["linux/arm/v7"], "linux/arm64", "linux/arm/v7"),
        (["linux/arm64/v8"], "linux/arm64/v9", "linux/arm64/v8"),
    ],
)
def test_a_platform_gets_the_best_that_its_processor_runs(
    images: Images, offered: list[str], asked: str, taken: str
) -> None:
    made = {platform: images.image(platform) for platform in offered}
    images.index("1", made)
    found = asyncio.run(images.resolver().resolve(BASE, asked))
    assert found.platforms[asked].digest == made[taken]


def test_what_is_not_there_is_an_error_that_says_so(images: Images) -> None:
    images.index("1", {"linux/amd64": images.image("linux/amd64")})
    with pytest.raises(AbsentImageError, match="has no image for linux/arm64") as platform:
        asyncio.run(images.resolver().resolve(BASE, "linux/arm64"))
    assert "linux/amd64" in platform.value.why
    with pytest.raises(AbsentImageError, match="There is no image"):
        asyncio.run(images.resolver().resolve("docker.io/shop/images:2", "linux/amd64"))


def test_a_registry_that_cannot_be_asked_is_another_error(images: Images) -> None:
    images.registry.script = [(403, {}, b"")]
    with pytest.raises(RegistryError) as refusal:
        asyncio.run(images.resolver().resolve(BASE, "linux/amd64"))
    assert not isinstance(refusal.value, AbsentImageError)


def test_without_a_mirror_the_host_itself_is_asked() -> None:
    asked: list[str] = []

    def opener() -> OpenRepository:
        def open_repository(url: str) -> Registry:
            asked.append(url)
            raise RegistryError("stop")

        return open_repository

    with pytest.raises(RegistryError):
        asyncio.run(ImageResolver(opener()).resolve("docker.io/library/python:3.12", "linux/amd64"))
    assert asked == ["docker.io/library/python"]


@pytest.mark.parametrize("text", ["docker.io", "docker.io=", "=a", "docker.io=http://a", "a b=c"])
def test_a_mirror_is_a_host_for_a_host(text: str) -> None:
    with pytest.raises(ArgsError) as refusal:
        parse_mirrors(["ghcr.io=127.0.0.1:5000", text], "--mirror")
    assert refusal.value.property_path == "--mirror"


Lock = Callable[..., tuple[int, str, str]]


@pytest.fixture
def lock(
    images: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Lock]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(MIRRORS_VARIABLE, images.mirror)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path / "cache"))
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_ECR"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["lock", *arguments])
        return code, *capsys.readouterr()

    (tmp_path / "Dockerfile").write_text("FROM shop/images:1\nCOPY $DIR /app\n")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a").touch()
    yield run


def test_the_command_adds_what_is_missing_and_leaves_the_rest(images: Images, lock: Lock, tmp_path: Path) -> None:
    first = images.index("1", {"linux/amd64": (amd := images.image("linux/amd64", ("DIR=src",)))})
    assert lock() == (0, f"added  {BASE} linux/amd64 {amd}\nimages.lock: 0 unchanged\n", "")
    content = (tmp_path / "images.lock").read_bytes()
    assert parse_lock(content).images[BASE].digest == first
    images.index("1", {"linux/amd64": images.image("linux/amd64", ("DIR=other",))})
    asked = len(images.registry.requests)
    assert lock() == (0, "images.lock: 1 unchanged\n", "")
    assert (tmp_path / "images.lock").read_bytes() == content
    assert len(images.registry.requests) == asked, "nothing was missing"


def test_update_looks_everything_up_again_and_says_what_moved(images: Images, lock: Lock, tmp_path: Path) -> None:
    images.index("1", {"linux/amd64": (old := images.image("linux/amd64", ("DIR=src",)))})
    lock()
    images.index("1", {"linux/amd64": (new := images.image("linux/amd64", ("DIR=other",)))})
    (tmp_path / "Dockerfile").unlink()
    code, out, _ = lock("--update")
    assert (code, out.splitlines()[0]) == (0, f"moved  {BASE} linux/amd64 {old} -> {new}")


def test_a_base_image_of_ours_is_not_locked(images: Images, lock: Lock, tmp_path: Path) -> None:
    images.index("1", {"linux/amd64": images.image("linux/amd64")})
    (tmp_path / "Dockerfile").write_text("ARG BASE\nFROM ${BASE} AS deps\nFROM shop/images:1\nCOPY --from=deps /a /\n")
    assert lock("--own-base", "BASE")[0] == 0
    assert list(parse_lock((tmp_path / "images.lock").read_bytes()).images) == [BASE]


def test_an_image_is_locked_by_its_name_alone(images: Images, lock: Lock, tmp_path: Path) -> None:
    images.index("1", {"linux/arm64": (arm := images.image("linux/arm64"))})
    (tmp_path / "Dockerfile").unlink()
    expected = f"added  {BASE} linux/arm64 {arm}\nimages.lock: 0 unchanged\n"
    assert lock("--image", "shop/images:1", "--platform", "linux/arm64") == (0, expected, "")
    code, _, error = lock("--image", "Bad Name")
    assert (code, "cannot be locked" in error) == (2, True)


def test_another_platform_is_that_of_the_locked_index(images: Images, lock: Lock, tmp_path: Path) -> None:
    made = {platform: images.image(platform) for platform in ("linux/amd64", "linux/arm64")}
    index = images.index("1", made)
    lock()
    images.index("1", {platform: images.image(platform, ("MOVED=1",)) for platform in made})
    assert lock("--platform", "linux/arm64", "--platform", "linux/amd64")[0] == 0
    found = parse_lock((tmp_path / "images.lock").read_bytes()).images[BASE]
    assert (found.digest, {name: one.digest for name, one in found.platforms.items()}) == (index, made)


def test_facts_of_the_lock_narrow_what_inspect_reads(
    images: Images, lock: Lock, capsys: pytest.CaptureFixture[str]
) -> None:
    images.index("1", {"linux/amd64": (amd := images.image("linux/amd64", ("DIR=src",)))})
    lock()
    found: list[dict[str, Any]] = []
    for more in ([], ["--images-lock", "images.lock"]):
        assert main(["inspect", "--context", ".", "--json", *more]) == 0
        found.append(json.loads(capsys.readouterr().out))
    plain, pinned = found
    assert (plain["contexts"]["context"]["whole"], pinned["contexts"]["context"]["whole"]) == (True, False)
    assert plain["external_images"] == ["shop/images:1"]
    assert pinned["external_images"] == [f"shop/images:1@{amd}"]


def test_bad_input_and_a_silent_registry_leave_the_file_alone(images: Images, lock: Lock, tmp_path: Path) -> None:
    for arguments, text in (
        (("--dockerfile", "nowhere"), "nowhere"),
        (("--mirror", "x"), "--mirror"),
        ((), "Dockerfile:1"),
        (("--mirror", "docker.io=127.0.0.1:1"), "cannot be reached"),
    ):
        code, out, error = lock(*arguments)
        assert (code, out) == (2, "")
        assert text in error
    assert not (tmp_path / "images.lock").exists()
