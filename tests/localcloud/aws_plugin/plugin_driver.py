"""The engine's side of the provider protocol, for tests: Check, then Diff, Create, Update, Read, Delete."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import grpc

# For the details of refused requests; the plugin loads these modules by name.
from pulumi.runtime.proto import provider_pb2, status_pb2

from localcloud.aws_plugin.wire import from_struct, to_struct


class RefusedError(Exception):
    """The plugin answered with failures or with an error."""

    def __init__(self, message: str, *, init_failed: Any = None) -> None:
        super().__init__(message)
        self.init_failed = init_failed


@dataclass
class Plugin:
    """One running plugin, spoken to as the engine does."""

    stub: Any
    endpoint: str

    def call(self, method: str, **fields: Any) -> Any:
        request = getattr(provider_pb2, f"{method.replace('CheckConfig', 'Check')}Request")(**fields)
        try:
            return getattr(self.stub, method)(request, timeout=30)
        except grpc.RpcError as error:
            raise RefusedError(error.details(), init_failed=_init_failed(error)) from None

    def configure(self, **config: Any) -> Any:
        return self.call("Configure", args=to_struct(config))

    def check(
        self, token: str, news: dict[str, Any], *, name: str = "it", olds: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        answer = self.call(
            "Check",
            urn=urn(token, name),
            olds=to_struct(olds or {}),
            news=to_struct(news),
            randomSeed=name.encode(),
        )
        _raise_failures(answer)
        return from_struct(answer.inputs)

    def invoke(self, token: str, **arguments: Any) -> dict[str, Any]:
        answer = self.call("Invoke", tok=token, args=to_struct(arguments))
        _raise_failures(answer)
        return from_struct(getattr(answer, "return"))

    def preview_create(self, token: str, news: dict[str, Any]) -> dict[str, Any]:
        inputs = self.check(token, news)
        answer = self.call("Create", urn=urn(token), properties=to_struct(inputs), preview=True)
        return from_struct(answer.properties)

    def create(self, token: str, news: dict[str, Any], *, name: str = "it") -> Made:
        inputs = self.check(token, news, name=name)
        answer = self.call("Create", urn=urn(token, name), properties=to_struct(inputs))
        return Made(self, token, name, answer.id, inputs, from_struct(answer.properties))

    def read(
        self, token: str, resource_id: str, *, state: dict[str, Any], inputs: dict[str, Any], name: str = "it"
    ) -> Made | None:
        answer = self.call(
            "Read",
            id=resource_id,
            urn=urn(token, name),
            properties=to_struct(state),
            inputs=to_struct(inputs),
        )
        if not answer.id:
            return None
        return Made(self, token, name, answer.id, from_struct(answer.inputs), from_struct(answer.properties))


@dataclass
class Made:
    """A resource as the engine's state holds it."""

    plugin: Plugin
    token: str
    name: str
    id: str
    inputs: dict[str, Any]
    state: dict[str, Any]

    def diff(self, news: dict[str, Any], *, ignored: list[str] | None = None) -> Any:
        checked = self.plugin.check(self.token, news, name=self.name, olds=self.inputs)
        return self.plugin.call(
            "Diff",
            id=self.id,
            urn=urn(self.token, self.name),
            olds=to_struct(self.state),
            news=to_struct(checked),
            old_inputs=to_struct(self.inputs),
            ignoreChanges=ignored or [],
        )

    def changes(self, news: dict[str, Any], **how: Any) -> dict[str, str]:
        """Property path to kind of change."""
        kinds = provider_pb2.PropertyDiff.Kind
        return {path: kinds.Name(change.kind) for path, change in self.diff(news, **how).detailedDiff.items()}

    def update(self, news: dict[str, Any], *, preview: bool = False) -> dict[str, Any]:
        checked = self.plugin.check(self.token, news, name=self.name, olds=self.inputs)
        answer = self.plugin.call(
            "Update",
            id=self.id,
            urn=urn(self.token, self.name),
            olds=to_struct(self.state),
            news=to_struct(checked),
            preview=preview,
        )
        state = from_struct(answer.properties)
        if not preview:
            self.inputs, self.state = checked, state
        return state

    def refreshed(self) -> Made | None:
        return self.plugin.read(self.token, self.id, state=self.state, inputs=self.inputs, name=self.name)

    def delete(self) -> None:
        self.plugin.call("Delete", id=self.id, urn=urn(self.token, self.name), properties=to_struct(self.state))


def urn(token: str, name: str = "it") -> str:
    return f"urn:pulumi:dev::shop::my:component:Thing${token}::{name}"


def endpoints(url: str) -> str:
    """The configuration key ``endpoints`` as the engine hands it over."""
    return json.dumps([dict.fromkeys(("codebuild", "ecr", "iam", "lambda", "logs", "s3", "sts"), url)])


def _raise_failures(answer: Any) -> None:
    if answer.failures:
        raise RefusedError("; ".join(f"{failure.property}: {failure.reason}" for failure in answer.failures))


def _init_failed(error: Any) -> Any:
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status = status_pb2.Status()
            status.ParseFromString(value)
            detail = provider_pb2.ErrorResourceInitFailed()
            assert status.details[0].Unpack(detail)
            return detail
    return None
