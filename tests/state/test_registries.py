"""How a program reaches its registries."""

from __future__ import annotations

from fast_container.core.aws_access import AwsAccess
from fast_container.state.registries import ProgramRegistries

URL = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/images"


def test_a_host_is_reached_with_the_access_that_named_it_first() -> None:
    registries = ProgramRegistries()
    first, second = AwsAccess(profile="deploy"), AwsAccess(profile="other")
    registries.repository(URL, first)
    registries.repository(f"{URL}-more", second)
    assert not registries.is_reached_otherwise(f"{URL}-more", first)
    assert registries.is_reached_otherwise(f"{URL}-more", second)
