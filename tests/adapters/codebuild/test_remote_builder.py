"""The BuildKit of a remote build: made anew when it did not start, with mirrors, and with logins for where it pulls."""

from __future__ import annotations

import asyncio
import gc
import json
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fast_container.core.ports import BuildJob, BuiltImage, ContextSource, Credentials, Reporter
from fast_container.core.recipe import recipe_of
from fast_container.errors import AuthError, BuilderError, BuildFailed
from fast_container.remote import builder
from fast_container.remote.chunks import ChunksUnusable
from fast_container.remote.machine import login_of
from fast_container.remote.phases import PhaseTimes
from fast_container.remote.sources import WithSources, fetched_meanwhile
from tests.build.fakes import ListReporter, make_job

BUILDX = '#!/bin/sh\necho "$@" >> "$CALLS"\n'


class Starts:
    """An executor whose BuildKit does not start the first times."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    async def prepare(self, reporter: Reporter) -> None:
        pass

    async def build(self, job: BuildJob, reporter: Reporter) -> BuiltImage:
        if self.errors:
            raise self.errors.pop(0)
        return BuiltImage("sha256:0")


def not_started() -> BuilderError:
    return BuilderError("could not be started", why="Error: No such image: moby/buildkit:buildx-stable-1")


@pytest.fixture
def environment(tmp_path: Path) -> Mapping[str, str]:
    program = tmp_path / "docker-buildx"
    program.write_text(BUILDX)
    program.chmod(0o755)
    return {"PATH": f"{tmp_path}:/usr/bin:/bin", "CALLS": str(tmp_path / "calls"), "DOCKER_CONFIG": str(tmp_path)}


def build(environment: Mapping[str, str], image: str, *errors: Exception, **more: Any) -> list[str]:
    async def no_pause(_seconds: float) -> None:
        pass

    made = builder.BootingExecutor(
        Starts(*errors), image, more.get("config"), environment, PhaseTimes({}), sleep=no_pause
    )
    asyncio.run(made.build(make_job(recipe=recipe_of({"network": more.get("network")})), ListReporter()))
    return Path(environment["CALLS"]).read_text().splitlines()


def test_a_buildkit_that_did_not_start_is_made_again_and_at_last_from_where_it_is_published(
    environment: Mapping[str, str],
) -> None:
    calls = build(environment, "mirror.gcr.io/moby/buildkit:buildx-stable-1", not_started(), not_started())
    created = [line.partition("image=")[2] for line in calls if line.startswith("create")]
    mirror = "mirror.gcr.io/moby/buildkit:buildx-stable-1"
    assert created == [mirror, mirror, "docker.io/moby/buildkit:buildx-stable-1"]
    assert sum(line.startswith("rm --force") for line in calls) == 2


@pytest.mark.parametrize(("network", "allows"), [("host", True), ("none", False), (None, False)])
def test_the_hosts_network_is_allowed_for_a_build_that_asks_for_it(
    environment: Mapping[str, str], network: str | None, allows: bool
) -> None:
    created = next(line for line in build(environment, "", network=network) if line.startswith("create"))
    assert ("--buildkitd-flags --allow-insecure-entitlement=network.host" in created) == allows


def test_an_image_of_ones_own_is_not_replaced(environment: Mapping[str, str]) -> None:
    calls = build(environment, "registry.example/buildkit:1", not_started(), not_started())
    assert all("registry.example/buildkit:1" in line for line in calls if line.startswith("create"))


def test_trouble_that_stays_is_an_error(environment: Mapping[str, str]) -> None:
    with pytest.raises(BuilderError, match="could not be started"):
        build(environment, "", *(not_started() for _ in range(3)))


def test_the_images_of_one_build_share_its_builder_and_one_that_is_lost_is_made_again(
    environment: Mapping[str, str],
) -> None:
    async def no_pause(_seconds: float) -> None:
        pass

    def calls() -> int:
        return Path(environment["CALLS"]).read_text().count("create")

    async def run() -> list[int]:
        inner, created = Starts(), list[int]()
        made = builder.BootingExecutor(inner, "", None, environment, PhaseTimes({}), sleep=no_pause)
        made.begin(recipe_of({}), ListReporter())
        for errors in ([], [], [not_started()], []):
            inner.errors = list[Exception](errors)
            await made.build(make_job(), ListReporter())
            created.append(calls())
        return created

    assert asyncio.run(run()) == [1, 1, 2, 2]


def test_a_build_that_failed_is_not_built_again(environment: Mapping[str, str]) -> None:
    with pytest.raises(BuildFailed):
        build(environment, "", BuildFailed("a step failed"))
    assert sum(line.startswith("create") for line in Path(environment["CALLS"]).read_text().splitlines()) == 1


def test_mirrors_are_buildkits_configuration(environment: Mapping[str, str], tmp_path: Path) -> None:
    mirrors = {"docker.io": "1.dkr.ecr.r.amazonaws.com/docker-hub", "quay.io": "mirror.example:5000"}
    parsed = tomllib.loads(builder.buildkit_config(mirrors))
    assert parsed == {"registry": {host: {"mirrors": [place]} for host, place in mirrors.items()}}
    config = tmp_path / "buildkitd.toml"
    (created,) = [line for line in build(environment, "", config=config) if line.startswith("create")]
    assert f"--buildkitd-config {config}" in created


@pytest.mark.parametrize("text", ["", "[]", "{", '{"username": "u"}', '"text"'])
def test_a_login_that_cannot_be_read_names_its_form_and_not_its_content(text: str) -> None:
    with pytest.raises(AuthError, match=r"login for ghcr\.io cannot be read") as caught:
        login_of("ghcr.io", text)
    assert "username and password" in caught.value.why
    found = login_of("ghcr.io", '{"username": "u", "password": "p"}')
    assert (found.username, found.password) == ("u", "p")


def test_buildkit_starts_while_the_sources_are_fetched(environment: Mapping[str, str]) -> None:
    """The sources come only once the builder is there: were they fetched first, this would never end."""
    started = Path(environment["CALLS"])

    def fetch() -> Mapping[str, ContextSource]:
        deadline_s = time.monotonic() + 20
        while not (started.exists() and "create" in started.read_text()) and time.monotonic() < deadline_s:
            time.sleep(0.01)
        return {"context": ContextSource(started.read_text(), ())}

    class Remembers(Starts):
        async def build(self, job: BuildJob, reporter: Reporter) -> BuiltImage:
            return BuiltImage(job.contexts["context"].root)

    async def run() -> BuiltImage:
        made = builder.BootingExecutor(Remembers(), "", None, environment, PhaseTimes({}))
        made.begin(recipe_of({}), ListReporter())
        async with fetched_meanwhile(fetch) as contexts:
            built = await WithSources(made, contexts).build(make_job(), ListReporter())
        await made.end()
        return built

    assert asyncio.run(run()).digest.count("create") == 1


def test_a_builder_that_began_and_did_not_start_is_made_again_by_the_build(environment: Mapping[str, str]) -> None:
    Path(environment["CALLS"]).write_text("")
    program = Path(environment["PATH"].partition(":")[0]) / "docker-buildx"
    program.write_text(
        f'{BUILDX}[ "$(grep -c create "$CALLS")" = 1 ] && {{ echo "no such image" >&2; exit 1; }}\nexit 0\n'
    )

    async def no_pause(_seconds: float) -> None:
        pass

    async def run() -> None:
        made = builder.BootingExecutor(Starts(), "", None, environment, PhaseTimes({}), sleep=no_pause)
        made.begin(recipe_of({}), reporter)
        await made.build(make_job(), reporter)

    reporter = ListReporter()
    asyncio.run(run())
    assert reporter.warnings == ["BuildKit did not start (no such image): starting it again"]
    assert Path(environment["CALLS"]).read_text().count("create") == 2


def test_a_builder_that_nobody_needs_is_not_waited_for(environment: Mapping[str, str]) -> None:
    """The registry has the image already, put there by another machine."""
    program = Path(environment["PATH"].partition(":")[0]) / "docker-buildx"
    program.write_text("#!/bin/sh\nsleep 60\n")

    async def run() -> None:
        made = builder.BootingExecutor(Starts(), "", None, environment, PhaseTimes({}))
        made.begin(recipe_of({}), ListReporter())
        await asyncio.sleep(0.2)
        await asyncio.wait_for(made.end(), 20)

    asyncio.run(run())


def test_a_login_that_cannot_be_had_is_said_by_the_build_and_by_nothing_else(environment: Mapping[str, str]) -> None:
    def refused(host: str) -> Credentials:
        raise AuthError(f"no login for {host}")

    async def run() -> None:
        made = builder.BootingExecutor(Starts(), "r.example/buildkit:1", None, environment, PhaseTimes({}), refused)
        made.begin(recipe_of({}), ListReporter())
        await asyncio.sleep(0.1)
        await made.end()  # What the build itself failed with must not be hidden.
        made.begin(recipe_of({}), ListReporter())
        with pytest.raises(AuthError, match=r"no login for r\.example"):
            await made.build(make_job(), ListReporter())

    asyncio.run(run())


def test_sources_that_nobody_asked_for_say_nothing_and_are_gone_when_the_build_is(recwarn: Any) -> None:
    def fetch() -> Mapping[str, ContextSource]:
        time.sleep(0.1)
        ended.append(True)
        raise ChunksUnusable(["a"], ())

    async def run() -> None:
        async with fetched_meanwhile(fetch):
            pass
        assert ended

    ended: list[bool] = []
    asyncio.run(run())
    gc.collect()
    assert not recwarn.list


def test_the_builder_is_started_with_the_login_of_its_images_registry_and_leaves_none_behind(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    """In a private file, in no argument; also where buildx fails."""
    program = Path(environment["PATH"].partition(":")[0]) / "docker-buildx"
    program.write_text(
        f'{BUILDX}cat "$DOCKER_CONFIG/config.json" >> "{tmp_path}/logins"; echo "$DOCKER_CONFIG" > "{tmp_path}/place"\n'
    )

    async def run() -> None:
        asked: list[str] = []

        def credentials(host: str) -> Credentials:
            asked.append(host)
            return Credentials("AWS", "hush")

        image = "registry.example/buildkit:1"
        made = builder.BootingExecutor(Starts(), image, None, environment, PhaseTimes({}), credentials)
        made.begin(recipe_of({}), ListReporter())
        await made.build(make_job(), ListReporter())
        assert asked == ["registry.example"]

    asyncio.run(run())
    auths = json.loads((tmp_path / "logins").read_text())["auths"]
    assert list(auths) == ["registry.example"]
    assert "hush" not in Path(environment["CALLS"]).read_text()
    assert not Path((tmp_path / "place").read_text().strip()).exists()
