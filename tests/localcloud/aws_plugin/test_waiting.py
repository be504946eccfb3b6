"""What takes time at AWS: roles that cannot be assumed yet, functions that are pending, resources that fail."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.aws_plugin.catalogue import resource_type
from localcloud.aws_plugin.configuration import read_configuration
from localcloud.aws_plugin.errors import InitError, PluginError
from localcloud.aws_plugin.lifecycle import create, delete, update
from localcloud.aws_plugin.session import Session

FUNCTION = resource_type("aws:lambda/function:Function")
REPOSITORY = resource_type("aws:ecr/repository:Repository")
ARN = "arn:aws:lambda:eu-west-1:1:function:f"
INPUTS = {
    "name": "f",
    "region": "eu-west-1",
    "packageType": "Image",
    "imageUri": "r@sha256:0",
    "role": "arn:aws:iam::1:role/r",
    "memorySize": 128,
    "timeout": 3,
    "publish": False,
    "reservedConcurrentExecutions": -1,
}


def refusal(code: str, message: str, operation: str = "CreateFunction") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class Lambda:
    """AWS Lambda as a script: each answer of an operation in turn, the last one for ever."""

    def __init__(self, **answers: list[Any]) -> None:
        self.calls: list[str] = []
        self._answers = answers

    def __getattr__(self, operation: str) -> Any:
        def call(**request: Any) -> Any:
            self.calls.append(operation)
            answers = self._answers.get(operation, [{}])
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call

    def get_paginator(self, operation: str) -> Lambda:
        return self

    def paginate(self, **request: Any) -> list[Any]:
        return [{"Versions": []}]


class Scripted(Session):
    """A session whose only client is a script."""

    def __init__(self, client: Any) -> None:
        super().__init__(read_configuration({"region": "eu-west-1"}, {}), first_pause_s=0.001)
        self._scripted = client

    def client(self, service: str, region: str) -> Any:
        return self._scripted


def function(**more: Any) -> dict[str, Any]:
    configuration = {"FunctionName": "f", "FunctionArn": ARN, "Role": "r", "MemorySize": 128, "Timeout": 3}
    return {"Configuration": {**configuration, **more}, "Code": {"ImageUri": "r@sha256:0"}}


def test_a_role_that_cannot_be_assumed_yet_is_waited_for() -> None:
    role_unknown = refusal(
        "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."
    )
    client = Lambda(create_function=[role_unknown, role_unknown, {"FunctionName": "f"}], get_function=[function()])
    create(FUNCTION, Scripted(client), INPUTS, timeout_s=5)
    assert client.calls.count("create_function") == 3


def test_another_refusal_is_not_tried_again() -> None:
    client = Lambda(create_function=[refusal("InvalidParameterValueException", "Source image is not valid.")])
    with pytest.raises(PluginError, match="InvalidParameterValueException: Source image is not valid"):
        create(FUNCTION, Scripted(client), INPUTS, timeout_s=5)
    assert client.calls == ["create_function"]


def test_waiting_ends_with_what_aws_said_last() -> None:
    client = Lambda(create_function=[refusal("InvalidParameterValueException", "cannot be assumed")])
    with pytest.raises(PluginError, match=r"timeout while waiting for .* cannot be assumed"):
        create(FUNCTION, Scripted(client), INPUTS, timeout_s=0.01)


def test_a_pending_function_is_waited_for() -> None:
    client = Lambda(
        create_function=[{"FunctionName": "f"}],
        get_function_configuration=[
            {"State": "Pending"},
            {"State": "Active", "LastUpdateStatus": "InProgress"},
            {"State": "Active", "LastUpdateStatus": "Successful"},
        ],
        get_function=[function()],
    )
    create(FUNCTION, Scripted(client), INPUTS, timeout_s=5)
    assert client.calls.count("get_function_configuration") == 3


def test_a_function_that_fails_after_create_stays_in_the_state() -> None:
    client = Lambda(
        create_function=[{"FunctionName": "f"}],
        get_function_configuration=[{"State": "Failed", "StateReason": "The image is not valid."}],
        get_function=[function()],
    )
    with pytest.raises(InitError, match=r"unexpected state 'Failed': The image is not valid") as failed:
        create(FUNCTION, Scripted(client), INPUTS, timeout_s=5)
    assert failed.value.resource_id == "f"
    assert failed.value.state["arn"] == ARN


def test_an_update_settles_between_configuration_code_and_version() -> None:
    client = Lambda(get_function_configuration=[{"State": "Active"}], get_function=[function()])
    state = {**INPUTS, "arn": ARN}
    news = {**INPUTS, "imageUri": "r@sha256:1", "timeout": 4, "publish": True}
    update(FUNCTION, Scripted(client), "f", state, news, timeout_s=5)
    assert client.calls[:6] == [
        *("update_function_configuration", "get_function_configuration"),
        *("update_function_code", "get_function_configuration"),
        *("publish_version", "get_function_configuration"),
    ]


def test_cancelling_ends_the_waiting() -> None:
    client = Lambda(create_function=[{"FunctionName": "f"}], get_function_configuration=[{"State": "Pending"}])
    scripted = Scripted(client)
    scripted.cancelled.set()
    with pytest.raises(InitError, match="cancelled while waiting"):
        create(FUNCTION, scripted, INPUTS, timeout_s=60)


def test_a_repository_with_images_is_not_deleted_unless_told_so() -> None:
    message = "The repository with name 'shop' cannot be deleted because it still contains images"
    client = Lambda(delete_repository=[refusal("RepositoryNotEmptyException", message, "DeleteRepository")])
    with pytest.raises(PluginError, match="consider using forceDelete: RepositoryNotEmptyException: The"):
        delete(REPOSITORY, Scripted(client), "shop", {"name": "shop"}, timeout_s=5)


def test_deleting_what_is_gone_is_fine() -> None:
    client = Lambda(delete_repository=[refusal("RepositoryNotFoundException", "", "DeleteRepository")])
    delete(REPOSITORY, Scripted(client), "shop", {"name": "shop"}, timeout_s=5)
