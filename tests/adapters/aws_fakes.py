"""Clients of AWS that answer in pages of one entry, as a real account of some size does and an emulator does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import botocore.exceptions


def refusal(code: str, operation: str = "Call") -> botocore.exceptions.ClientError:
    return botocore.exceptions.ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


def paged(name: str, entries: list[Any], token: str = "nextToken", answered: str = "") -> Callable[..., Any]:
    """A list that gives one entry a page."""

    def call(**request: Any) -> dict[str, Any]:
        at = int(request.get(token) or 0)
        more = {answered or token: str(at + 1)} if at + 1 < len(entries) else {}
        return {name: entries[at : at + 1], **more}

    return call


class FakeClient:
    """Answers what it is given: operation → function of the request, or the answer; a code is a refusal."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = dict(answers)
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)

        def call(**request: Any) -> Any:
            self.calls.append((name, request))
            answer = self.answers[name]
            if isinstance(answer, str):
                raise refusal(answer, name)
            return answer(**request) if callable(answer) else answer

        return call

    def count(self, name: str) -> int:
        return sum(one == name for one, _ in self.calls)
