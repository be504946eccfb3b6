"""How the plugin takes a configuration: credentials, accounts, roles, default tags."""

from __future__ import annotations

import json

import pytest

from tests.localcloud.aws_plugin.plugin_driver import Plugin, RefusedError, endpoints


def test_default_tags_are_on_everything_and_in_tags_all_only(plugin: Plugin, moto_endpoint: str) -> None:
    plugin.configure(region="eu-west-1", endpoints=endpoints(moto_endpoint), defaultTags='{"tags": {"team": "x"}}')
    made = plugin.create("aws:ecr/repository:Repository", {"tags": {"a": "1"}}, name="tagged")
    assert made.state["tags"] == {"a": "1"}
    assert made.state["tagsAll"] == {"a": "1", "team": "x"}
    assert made.changes({"tags": {"a": "1"}}) == {}
    made.delete()


def test_an_endpoint_elsewhere_is_refused_before_anything_is_called(plugin: Plugin) -> None:
    with pytest.raises(RefusedError, match="not on this machine"):
        plugin.configure(region="eu-west-1", endpoints='[{"sts": "https://sts.amazonaws.com"}]')
    with pytest.raises(RefusedError, match="no endpoint is configured for the service sts"):
        plugin.configure(region="eu-west-1")


def test_credentials_are_checked_unless_told_otherwise(plugin: Plugin) -> None:
    with pytest.raises(RefusedError, match=r"unable to validate AWS credentials: .*local cloud running"):
        plugin.configure(region="eu-west-1", endpoints=endpoints("http://127.0.0.1:9"), maxRetries="0")


def test_an_account_that_is_not_allowed_is_refused(plugin: Plugin, moto_endpoint: str) -> None:
    with pytest.raises(RefusedError, match="AWS account ID not allowed: 123456789012"):
        plugin.configure(region="eu-west-1", endpoints=endpoints(moto_endpoint), allowedAccountIds='["111111111111"]')


def test_a_role_is_assumed_for_every_call(plugin: Plugin, moto_endpoint: str) -> None:
    role = plugin.create("aws:iam/role:Role", {"assumeRolePolicy": "{}"}, name="deploy")
    plugin.configure(
        region="eu-west-1",
        endpoints=endpoints(moto_endpoint),
        assumeRoles=json.dumps([{"roleArn": role.state["arn"], "sessionName": "deploy"}]),
    )
    identity = plugin.invoke("aws:index/getCallerIdentity:getCallerIdentity")
    assert identity["arn"].endswith(f"assumed-role/{role.id}/deploy")
