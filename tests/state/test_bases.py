"""Base images in a program: what is refused, what stays unknown, what a consumer's key holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pytest

from fast_container import BaseImage, ExistingBaseImage, FastContainerImage, InlineDockerfile
from tests.state.mocked_program import of, run
from tests.trees import write_tree

# A program that fails leaves coroutines of Pulumi's outputs that nobody awaits.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("mock_loops"),
]

URL = "registry.example/shop/images"
KEY = "b" * 64


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(
        write_tree(
            tmp_path / "program",
            {
                "deps/Dockerfile": "FROM scratch\nCOPY deps.txt /\n",
                "deps/deps.txt": "one",
                "api/Dockerfile": "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY own.txt /\n",
                "api/own.txt": "own",
                "named/Dockerfile": "FROM python-deps\n",
                "alone/Dockerfile": "FROM scratch\nCOPY . /\n",
            },
        )
    )
    return Path.cwd()


def unknown() -> pulumi.Output[str]:
    async def value(found: Any) -> Any:
        return found

    return pulumi.Output(value(set[pulumi.Resource]()), value(None), value(False))


def image(name: str, **options: Any) -> FastContainerImage:
    return FastContainerImage(name, repository=URL, context=name, **options)


def key_on(base: Any, name: str = "api", base_name: str = "BASE_IMAGE") -> str | None:
    async def make() -> str | None:
        made = image(name, base_images={base_name: base() if callable(base) else base})
        return await of(made.build_key)

    return run(make, preview=True)


def test_the_key_holds_the_bases_key_and_not_its_repository(program: Path) -> None:
    del program
    keys = [key_on(ExistingBaseImage(url, key)) for url, key in ((URL, KEY), (URL + "2", KEY), (URL, "c" * 64))]
    assert keys[0] == keys[1]
    assert keys[0] != keys[2]
    assert None not in keys


def test_a_base_of_the_program_counts_as_one_of_another_stack_with_its_key(program: Path) -> None:
    async def base_key() -> str | None:
        return await of(image("deps").build_key)

    key = run(base_key, preview=True)
    assert key_on(lambda: image("deps")) == key_on(ExistingBaseImage(URL, key))
    (program / "deps/deps.txt").write_text("two")
    assert key_on(lambda: image("deps")) != key_on(ExistingBaseImage(URL, key))


def test_from_may_name_the_base_itself(program: Path) -> None:
    del program
    assert key_on(ExistingBaseImage(URL, KEY), "named", "python-deps")


def test_an_unknown_key_of_a_base_makes_the_consumers_key_unknown(program: Path) -> None:
    del program
    assert key_on(lambda: ExistingBaseImage(URL, unknown())) is None
    assert key_on(lambda: image("deps", build_args={"X": unknown()})) is None


def test_an_unknown_repository_of_a_base_does_not(program: Path) -> None:
    del program
    assert key_on(lambda: ExistingBaseImage(unknown(), KEY)) == key_on(ExistingBaseImage(URL, KEY))


@pytest.mark.parametrize(
    ("base", "said"),
    [
        ("python:3.12", "'python:3.12' is not a base image"),
        (None, "None is not a base image"),
        (ExistingBaseImage(URL, ""), "is not a build key"),
        (ExistingBaseImage(URL, "key-" + "b" * 40), "is not a build key"),
        (ExistingBaseImage(URL, 5), "is not a build key"),  # pyright: ignore[reportArgumentType]
        (ExistingBaseImage("images", KEY), "is not a repository URL"),
        (ExistingBaseImage(f"{URL}@sha256:1", KEY), "is not a repository URL"),
    ],
)
def test_what_cannot_be_a_base_is_refused_by_its_property(program: Path, base: Any, said: str) -> None:
    del program
    with pytest.raises(pulumi.RunError, match=said) as caught:
        key_on(base)
    assert 'base_images["BASE_IMAGE"]' in str(caught.value)
    assert "FastContainerImage 'api'" in str(caught.value)


@pytest.mark.parametrize("given", ["deps", ["deps"], ExistingBaseImage(URL, KEY), {5: ExistingBaseImage(URL, KEY)}])
def test_base_images_that_are_no_mapping_from_names_are_refused(program: Path, given: Any) -> None:
    del program

    async def make() -> None:
        image("api", base_images=given)

    with pytest.raises(pulumi.RunError, match="where: base_images"):
        run(make)


def test_a_secret_key_of_a_base_is_refused(program: Path) -> None:
    del program
    with pytest.raises(pulumi.RunError, match="build_key is a secret") as caught:
        key_on(lambda: ExistingBaseImage(URL, pulumi.Output.secret(KEY)))
    assert "unsecret" in str(caught.value)
    assert KEY not in str(caught.value)


def test_a_base_that_the_dockerfile_does_not_use_is_refused_by_its_property(program: Path) -> None:
    del program
    for name in ("BASE_IMAGE", "python-deps"):
        with pytest.raises(pulumi.RunError, match="does not use the base image") as caught:
            key_on(ExistingBaseImage(URL, KEY), "alone", name)
        assert f'base_images["{name}"]' in str(caught.value)


@pytest.mark.parametrize("more", [{"build_args": {"BASE_IMAGE": "x"}}, {"named_contexts": {"BASE_IMAGE": "deps"}}])
def test_a_name_that_is_also_a_build_arg_or_a_context_is_refused(program: Path, more: dict[str, Any]) -> None:
    del program

    async def make() -> None:
        image("api", base_images={"BASE_IMAGE": ExistingBaseImage(URL, KEY)}, **more)

    with pytest.raises(pulumi.RunError, match="also a build arg or a named context"):
        run(make)


def test_two_bases_whose_names_would_stand_for_one_are_refused(program: Path) -> None:
    del program

    async def make() -> None:
        base = ExistingBaseImage(URL, KEY)
        image("api", base_images={"BASE_IMAGE": base, "base_image": base})

    with pytest.raises(pulumi.RunError, match="base_images"):
        run(make)


def test_a_base_image_always_waits_for_its_build() -> None:
    """Its consumers have nothing to stay on, whatever the builder's ``wait``."""
    assert BaseImage.ALWAYS_WAITS
    assert not FastContainerImage.ALWAYS_WAITS


ON = "FROM scratch\nONBUILD COPY . /app\n"


def consumer(base: Any, **options: Any) -> FastContainerImage:
    return image("api", base_images={"BASE_IMAGE": base}, **options)


def entries(base: Any) -> list[str] | None:
    """What the consumer reads of its context, on a base."""

    async def make() -> list[str] | None:
        made = consumer(base() if callable(base) else base)
        prepared = await made._preparation.image  # pyright: ignore[reportPrivateUsage] - no output tells it
        return [entry.path for entry in prepared.known.contexts["context"].entries] if prepared.known else None

    return run(make, preview=True)


def test_what_the_triggers_of_an_own_base_copy_counts_and_is_sent(program: Path) -> None:
    """Through chains, too: triggers run in the next image and are not passed on by it."""
    write_tree(program, {"on/Dockerfile": ON, "mid/Dockerfile": "FROM python-deps\n", "api/main.txt": "one"})
    write_tree(program, {"again/Dockerfile": "FROM python-deps\nONBUILD ADD main.txt /x/\n", "mid/main.txt": "x"})

    def chain(*names: str) -> FastContainerImage:
        base = image("on")
        for name in names:
            base = image(name, base_images={"python-deps": base})
        return base

    whole = ["Dockerfile", "main.txt", "own.txt"]
    assert entries(lambda: image("on")) == whole
    assert entries(lambda: BaseImage("b", repository=URL, dockerfile=InlineDockerfile(ON), context="on")) == whole
    assert entries(lambda: chain("mid")) == ["own.txt"]
    assert entries(lambda: chain("again")) == ["main.txt", "own.txt"]
    assert entries(lambda: chain("again", "mid")) == ["own.txt"]
    first = key_on(chain), key_on(lambda: chain("mid"))
    (program / "api/main.txt").write_text("two")
    assert key_on(chain) != first[0]
    assert key_on(lambda: chain("mid")) == first[1]


def test_what_triggers_copy_is_looked_at_anew_within_a_program(program: Path) -> None:
    write_tree(program, {"on/Dockerfile": ON, "api/main.txt": "one"})

    async def keys() -> list[str | None]:
        base, found = image("on"), list[str | None]()
        for text in ("one", "two"):
            (program / "api/main.txt").write_text(text)
            made = FastContainerImage(text, repository=URL, context="api", base_images={"BASE_IMAGE": base})
            found.append(await of(made.build_key))
        return found

    first, second = run(keys, preview=True)
    assert first != second


def test_the_triggers_of_a_base_of_another_stack_are_those_that_it_is_said_to_have(program: Path) -> None:
    write_tree(program, {"api/main.txt": "one"})
    assert entries(ExistingBaseImage(URL, KEY)) == ["own.txt"]
    assert entries(ExistingBaseImage(URL, KEY, onbuild=["COPY main.txt /app/"])) == ["main.txt", "own.txt"]
    assert entries(ExistingBaseImage(URL, KEY, onbuild=pulumi.Output.from_input(["COPY . /app"]))) is not None
    assert key_on(ExistingBaseImage(URL, KEY, onbuild=unknown())) is None
    for wrong in ("COPY . /app", 5, [5]):
        with pytest.raises(pulumi.RunError, match="onbuild"):
            key_on(ExistingBaseImage(URL, KEY, onbuild=wrong))  # pyright: ignore[reportArgumentType]


def test_a_base_of_another_platform_is_refused_with_both(program: Path) -> None:
    write_tree(
        program,
        {"stage/Dockerfile": "FROM --platform=linux/amd64 python-deps AS made\nFROM scratch\nCOPY --from=made /x /\n"},
    )

    async def make(name: str, base_name: str, platform: str) -> str | None:
        made = image(name, platform=platform, base_images={base_name: image("deps", platform="linux/x86_64")})
        return await of(made.build_key)

    with pytest.raises(pulumi.RunError, match="is for linux/amd64, and is used for linux/arm64") as caught:
        run(lambda: make("api", "BASE_IMAGE", "linux/aarch64"), preview=True)
    assert 'platforms=["linux/amd64", "linux/arm64"]' in str(caught.value)
    assert run(lambda: make("stage", "python-deps", "linux/arm64"), preview=True)
    assert run(lambda: make("api", "BASE_IMAGE", "linux/amd64/v1"), preview=True)


def test_a_base_with_platforms_gives_each_consumer_its_own(program: Path) -> None:
    del program

    async def keys() -> list[str | None]:
        base = BaseImage("deps", repository=URL, context="deps", platforms=["linux/amd64", "linux/arm64/v8"])
        above = BaseImage(
            "above",
            repository=URL,
            dockerfile=InlineDockerfile("FROM python-deps\nCOPY own.txt /\n"),
            context="api",
            platforms=("linux/arm64", "linux/amd64"),
            base_images={"python-deps": base},
        )
        made = [
            image("api", platform="linux/arm64", base_images={"BASE_IMAGE": above}),
            FastContainerImage("x86", repository=URL, context="api", base_images={"BASE_IMAGE": above}),
        ]
        assert base.platform == "linux/amd64"
        assert [*base.by_platform] == ["linux/arm64"]
        return [await of(one.build_key) for one in (base, base.by_platform["linux/arm64"], above, *made)]

    found = run(keys, preview=True)
    assert None not in found
    assert len(set(found)) == 5


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"platforms": ["linux/arm64", "linux/arm64/v8"]}, "given twice"),
        ({"platforms": ["linux/arm64"], "platform": "linux/arm64"}, "cannot be combined"),
        ({"platforms": "linux/arm64"}, "must be a list"),
        ({"platforms": ["linux/arm64", "arm"]}, "not a platform"),
    ],
)
def test_platforms_that_cannot_be_are_refused(program: Path, options: dict[str, Any], said: str) -> None:
    del program

    async def make() -> None:
        BaseImage("deps", repository=URL, context="deps", **options)

    with pytest.raises(pulumi.RunError, match=said):
        run(make)
