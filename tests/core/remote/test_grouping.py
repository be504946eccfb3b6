"""Images share a build only where they would wait for a place, and never with one that has secrets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fast_container.core.ports import BuildJob, SecretReference
from fast_container.core.recipe import recipe_of
from fast_container.core.remote.grouping import LONGEST_S, may_share, next_group
from tests.build.fakes import make_job


@dataclass(frozen=True)
class One:
    job: BuildJob
    alone: bool = False


JOB = make_job("image")


def images(count: int) -> list[One]:
    return [One(replace(JOB, name=f"image-{number}")) for number in range(count)]


def with_secret(name: str) -> One:
    return One(make_job(name, content=name, secret_references={"token": SecretReference("SECRETS_MANAGER", "shop/t")}))


def names(group: Sequence[One]) -> list[str]:
    return [one.job.name for one in group]


@pytest.mark.parametrize(
    ("waiting", "free", "most", "taken"),
    [(1, 10, 8, 1), (10, 10, 8, 1), (20, 10, 8, 2), (21, 10, 8, 3), (100, 10, 8, 8), (20, 10, 1, 1), (5, 1, 3, 3)],
)
def test_images_are_shared_out_over_the_free_places(waiting: int, free: int, most: int, taken: int) -> None:
    given_images = images(waiting)
    assert list(next_group(given_images, free, most)) == given_images[:taken]


def test_an_image_with_secrets_has_a_build_of_its_own_and_those_without_share_the_other_places() -> None:
    secret, *others = with_secret("secret"), *images(4)
    assert next_group([secret, *others], 3, 8) == (secret,)
    assert list(next_group([others[0], secret, *others[1:]], 3, 8)) == others[:2]


def test_an_image_that_was_on_a_machine_that_died_has_a_build_of_its_own() -> None:
    first, second, *others = images(5)
    died = replace(second, alone=True)
    assert next_group([died, first, *others], 1, 8) == (died,)
    assert list(next_group([first, died, *others], 1, 8)) == [first, *others]


@pytest.mark.parametrize("network", ["host", "none", None])
def test_an_image_on_the_hosts_network_does_not_share(network: str | None) -> None:
    assert may_share(make_job(recipe=recipe_of({"network": network}))) == (network != "host")
    assert not may_share(make_job(secrets={"token": b"value"}))


def test_the_time_limits_of_the_images_of_one_build_add_up_to_codebuilds_own_at_most() -> None:
    long = [replace(one, job=replace(one.job, timeout_s=LONGEST_S / 2.5)) for one in images(8)]
    assert len(next_group(long, 1, 8)) == 2
    too_long = [replace(one, job=replace(one.job, timeout_s=LONGEST_S * 2)) for one in long]
    assert len(next_group(too_long, 1, 8)) == 1


def test_the_names_of_the_images_of_one_build_fit_into_its_environment() -> None:
    url = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/" + "a" * 250
    far = [replace(one, job=replace(one.job, repository_url=url)) for one in images(16)]
    assert len(next_group(far, 1, 16)) == 10


@settings(deadline=None, max_examples=40)
@given(count=st.integers(1, 200), places=st.integers(1, 50), most=st.integers(1, 16))
def test_every_image_is_built_once_in_the_fewest_rounds_that_the_limits_allow(
    count: int, places: int, most: int
) -> None:
    waiting, rounds, built = images(count), 0, list[str]()
    while waiting:
        rounds += 1
        for free in range(places, 0, -1):
            if waiting:
                group = next_group(waiting, free, most)
                assert 1 <= len(group) <= most
                built += names(group)
                waiting = waiting[len(group) :]
    assert built == names(images(count))
    assert rounds == math.ceil(count / (places * most))
