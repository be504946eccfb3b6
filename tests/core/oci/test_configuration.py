"""Image configurations: what is read of them, and which bytes are none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fast_container.core.oci.configuration import parse_configuration


def test_platform_environment_and_triggers() -> None:
    found = parse_configuration(
        json.dumps(
            {
                "os": "linux",
                "architecture": "arm64",
                "variant": "v8",
                "config": {"Env": ["PATH=/bin:/usr/bin", "A=b=c", "EMPTY="], "OnBuild": ["COPY . /app"]},
            }
        ).encode()
    )
    assert found.platform == "linux/arm64/v8"
    assert found.env == {"PATH": "/bin:/usr/bin", "A": "b=c", "EMPTY": ""}
    assert found.onbuild == ("COPY . /app",)


@pytest.mark.parametrize("document", [{}, {"os": "linux"}, {"architecture": "amd64", "config": None}])
def test_what_is_absent_is_empty(document: dict[str, Any]) -> None:
    found = parse_configuration(json.dumps(document).encode())
    assert (found.platform, found.env, found.onbuild) == ("", {}, ())


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"[]", "not a JSON object"),
        (b'{"os": 1}', "its os is not a string"),
        (b'{"config": {"Env": "A=b"}}', "its Env is not a list"),
        (b'{"config": {"OnBuild": [1]}}', "its OnBuild is not a list of strings"),
    ],
)
def test_a_field_of_another_type_is_named(content: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_configuration(content)
