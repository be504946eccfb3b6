"""The provider's configuration: keys, types, the order of the environment, and the loopback rule."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.aws_plugin.configuration import read_configuration
from localcloud.aws_plugin.errors import PluginError


def test_configuration_arrives_as_text_and_is_read_in_its_own_types() -> None:
    read = read_configuration(
        {
            "region": "eu-west-1",
            "skipCredentialsValidation": "true",
            "maxRetries": "3",
            "defaultTags": '{"tags": {"team": "x"}}',
            "endpoints": '[{"ecr": "http://127.0.0.1:1", "cloudwatchlogs": "http://localhost:2"}]',
            "version": "7.51.1",
        },
        {},
    )
    assert read.flag("skipCredentialsValidation")
    assert read.values["maxRetries"] == 3
    assert read.default_tags == {"team": "x"}
    assert read.endpoint("ecr") == "http://127.0.0.1:1"
    assert read.endpoint("logs") == "http://localhost:2"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"regoin": "x"}, "regoin: unknown configuration key"),
        ({"assumeRole": "{}"}, "assumeRole: use the list assumeRoles"),
        ({"endpoints": "{"}, "endpoints: not valid JSON"),
        ({"endpoints": "{}"}, "endpoints: expected a list"),
        ({"endpoints": '[{"ecr": 3}]'}, "endpoints[0].ecr: expected a URL"),
        ({"skipCredentialsValidation": '"yes"'}, "skipCredentialsValidation: expected a bool"),
        ({"maxRetries": "true"}, "maxRetries: expected a int"),
    ],
)
def test_a_wrong_configuration_is_refused_with_its_key(raw: dict[str, Any], message: str) -> None:
    with pytest.raises(PluginError) as refused:
        read_configuration(raw, {})
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    "url",
    [
        "https://ecr.eu-west-1.amazonaws.com",
        "http://10.0.0.1:80",
        "http://127.0.0.1.example.com",
        "http://169.254.169.254",
        "ftp://127.0.0.1",
        "127.0.0.1:80",
    ],
)
def test_an_endpoint_that_leaves_this_machine_is_refused(url: str) -> None:
    with pytest.raises(PluginError, match="not on this machine"):
        read_configuration({"endpoints": f'[{{"ecr": "{url}"}}]'}, {})
    with pytest.raises(PluginError, match="not on this machine"):
        read_configuration({}, {"AWS_ENDPOINT_URL": url}).endpoint("ecr")


def test_a_service_without_an_endpoint_is_refused() -> None:
    with pytest.raises(PluginError, match="no endpoint is configured for the service iam"):
        read_configuration({"endpoints": '[{"ecr": "http://127.0.0.1:1"}]'}, {}).endpoint("iam")


def test_the_environment_is_asked_after_the_configuration() -> None:
    environment = {
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-2",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": "http://127.0.0.1:2",
        "AWS_SKIP_CREDENTIALS_VALIDATION": "true",
    }
    read = read_configuration({}, environment)
    assert read.region == "us-east-1"
    assert (read.endpoint("ecr"), read.endpoint("logs")) == ("http://127.0.0.1:1", "http://127.0.0.1:2")
    assert read.flag("skipCredentialsValidation", "AWS_SKIP_CREDENTIALS_VALIDATION")
    assert read_configuration({"region": "eu-west-1"}, environment).region == "eu-west-1"
    assert read_configuration({}, {"AWS_DEFAULT_REGION": "us-east-2"}).region == "us-east-2"


def test_tags_of_others_are_ignored() -> None:
    read = read_configuration({"ignoreTags": '{"keys": ["a"], "keyPrefixes": ["cost:"]}'}, {})
    assert [key for key in ("a", "b", "cost:x", "aws:y") if not read.ignores_tag(key)] == ["b"]
