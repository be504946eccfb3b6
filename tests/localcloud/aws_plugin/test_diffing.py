"""When old state and new inputs mean the same, and which change needs a new resource."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.aws_plugin.catalogue import resource_type
from localcloud.aws_plugin.checking import DEFAULTS
from localcloud.aws_plugin.diffing import delete_before_replace, diff_resource
from localcloud.aws_plugin.policy import canonical
from localcloud.aws_plugin.wire import UNKNOWN

REPOSITORY = resource_type("aws:ecr/repository:Repository")
FUNCTION = resource_type("aws:lambda/function:Function")
ROLE = resource_type("aws:iam/role:Role")
LIFECYCLE = resource_type("aws:ecr/lifecyclePolicy:LifecyclePolicy")


def changes(declared: Any, state: dict[str, Any], news: dict[str, Any], **how: Any) -> dict[str, str]:
    found = diff_resource(declared, state, news, **how)
    return {change.path: change.kind + ("!" if change.replaces else "") for change in found}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"Action": ["b", "a"]}, {"Action": ["a", "b"]}),
        ({"Action": ["a"]}, {"Action": "a"}),
        ({"Statement": {"Sid": "x"}}, {"Statement": [{"Sid": "x"}]}),
        ({"Condition": {"Bool": {"k": True}}}, {"Condition": {"Bool": {"k": "true"}}}),
    ],
)
def test_equivalent_policies_are_no_change(one: Any, other: Any) -> None:
    state = {"assumeRolePolicy": json.dumps(one, indent=4), "path": "/"}
    assert changes(ROLE, state, {"assumeRolePolicy": json.dumps(other), "path": "/"}) == {}


def test_a_policy_that_says_something_else_is_a_change() -> None:
    assert canonical('{"Action": "a"}') != canonical('{"Action": "b"}')
    assert changes(ROLE, {"assumeRolePolicy": '{"a":1}'}, {"assumeRolePolicy": '{"a":2}'}) == {
        "assumeRolePolicy": "update"
    }


def test_what_aws_chose_itself_is_no_change() -> None:
    state = {"name": "r", "encryptionConfigurations": [{"encryptionType": "AES256"}], "region": "eu-west-1"}
    assert changes(REPOSITORY, state, {"name": "r", "region": "eu-west-1"}) == {}


def test_a_block_that_is_given_in_part_keeps_what_aws_filled_in() -> None:
    state = {"loggingConfig": {"logFormat": "JSON", "logGroup": "/aws/lambda/f"}}
    assert changes(FUNCTION, state, {"loggingConfig": {"logFormat": "JSON"}}) == {}
    assert changes(FUNCTION, state, {"loggingConfig": {"logFormat": "Text"}}) == {"loggingConfig.logFormat": "update"}


def test_a_property_that_is_taken_away_is_a_change() -> None:
    state = {"environment": {"variables": {"A": "1"}}, "description": "x"}
    assert changes(FUNCTION, state, {}) == {"environment": "delete", "description": "delete"}


def test_empty_and_absent_mean_the_same() -> None:
    state = {"description": "", "environment": {"variables": {}}}
    assert changes(FUNCTION, state, {}) == {}
    assert changes(FUNCTION, {}, {"environment": {}, "description": ""}) == {}


def test_each_environment_variable_is_a_change_of_its_own() -> None:
    state = {"environment": {"variables": {"A": "1", "B": "2"}}}
    news = {"environment": {"variables": {"A": "3", "C": "4"}}}
    assert changes(FUNCTION, state, news) == {
        "environment.variables.A": "update",
        "environment.variables.B": "delete",
        "environment.variables.C": "add",
    }


@pytest.mark.parametrize(
    ("declared", "name"),
    [(REPOSITORY, "name"), (REPOSITORY, "region"), (FUNCTION, "packageType"), (ROLE, "path")],
)
def test_a_change_that_aws_cannot_make_replaces(declared: Any, name: str) -> None:
    assert changes(declared, {name: "a"}, {name: "b"}) == {name: "update!"}
    assert changes(declared, {name: "a"}, {name: UNKNOWN}) == {name: "update!"}


def test_an_unknown_value_is_a_change() -> None:
    assert changes(FUNCTION, {"imageUri": "a"}, {"imageUri": UNKNOWN}) == {"imageUri": "update"}
    state = {"environment": {"variables": {"A": "1"}}}
    news = {"environment": {"variables": {"A": UNKNOWN}}}
    assert changes(FUNCTION, state, news) == {"environment.variables.A": "update"}


def test_new_default_tags_are_a_change_of_all_tags() -> None:
    state = {"tags": {"a": "1"}, "tagsAll": {"a": "1"}}
    found = changes(REPOSITORY, state, {"tags": {"a": "1"}}, all_tags={"a": "1", "team": "x"})
    assert found == {"tagsAll": "update"}


def test_ignored_properties_are_no_change() -> None:
    assert changes(FUNCTION, {"timeout": 3}, {"timeout": 4}, ignored=["timeout"]) == {}


def test_the_old_one_goes_first_where_both_cannot_be() -> None:
    assert delete_before_replace(LIFECYCLE, {"repository": "r", DEFAULTS: []})
    assert delete_before_replace(REPOSITORY, {"name": "mine", DEFAULTS: ["region"]})
    assert not delete_before_replace(REPOSITORY, {"name": "it-1234567", DEFAULTS: ["name", "region"]})
