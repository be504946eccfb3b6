"""What a certification removes is its own: a name that was cut short removes nothing of anybody else's."""

from __future__ import annotations

from typing import Any

import pytest

from fast_container.adapters.aws_session import AwsSession
from fast_container.certify.orphans import delete, left_over, new_name
from fast_container.core.aws_access import AwsAccess
from fast_container.errors import ArgsError


class Untouched(AwsSession):
    """An account that must not be asked."""

    def client(self, service: str, region: str = "") -> Any:
        raise AssertionError(f"{service} in {region} was asked")


@pytest.mark.parametrize("name", ["", "f", "fc-certify-", "fc-certify-12345", "fc-certify-12345é", "prod", ".*"])
def test_a_name_that_is_not_a_certifications_removes_nothing(name: str) -> None:
    session = Untouched(AwsAccess(), {})
    with pytest.raises(ArgsError, match="Nothing is removed"):
        left_over(session, name)
    with pytest.raises(ArgsError, match="Nothing is removed"):
        delete(session, "bucket", name)


def test_a_new_name_is_one() -> None:
    with pytest.raises(AssertionError, match="was asked"):
        left_over(Untouched(AwsAccess(), {}), new_name())
