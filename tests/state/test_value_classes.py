"""A value class that is called wrongly is refused in one line, which the engine prints without a traceback."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

import fast_container

VALUES = {
    "AssumedRole": "role_arn",
    "ExistingBaseImage": "repository_url",
    "ExistingRepository": "url",
    "InlineDockerfile": "text",
    "RegistryCache": "repository_url",
    "SecretEnv": "variable",
    "SecretFile": "path",
    "SecretsManagerSecret": "reference",
    "SsmParameter": "name",
    "VpcConfig": "vpc_id",
}


@pytest.mark.parametrize(("name", "field"), VALUES.items())
def test_a_missing_field_is_one_line(name: str, field: str) -> None:
    with pytest.raises(pulumi.RunError, match=f"^{name}: The argument '{field}' is missing.") as refused:
        getattr(fast_container, name)()
    assert f"where: {field}" in str(refused.value)


@pytest.mark.parametrize("name", [*VALUES, "AwsAccess"])
def test_an_unknown_or_odd_field_is_one_line(name: str) -> None:
    made: Any = getattr(fast_container, name)
    with pytest.raises(pulumi.RunError, match=f"^{name}: There is no argument 'nme'."):
        made(nme="x")
    with pytest.raises(pulumi.RunError, match=f"^{name}: The arguments cannot be right"):
        made(*"abcdefghijklmnop")


def test_a_misspelt_field_is_asked_about() -> None:
    with pytest.raises(pulumi.RunError, match="did you mean 'branch'"):
        fast_container.RegistryCache("host/caches", brnch="main")  # pyright: ignore[reportCallIssue]
