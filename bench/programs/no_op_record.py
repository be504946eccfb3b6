"""The dynamic record of ``no_op.py``, in a module of its own.

The SDK pickles a provider of ``__main__`` by value, one level deeper for each record, and fails at some six hundred.
"""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider


class NoOpProvider(ResourceProvider):
    """Records what it is given."""

    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(props["tag"], {**props, "digest": "sha256:" + 64 * "0"})


class NoOpRecord(Resource, module="bench", name="NoOpRecord"):
    """The record of nothing, with the properties of a record of ours."""

    digest: pulumi.Output[str]
    tagged_uri: pulumi.Output[str]
    repository_url: pulumi.Output[str]

    def __init__(self, name: str, key: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__(
            NoOpProvider(),
            name,
            {
                "build_key": key,
                "tag": f"key-{key}",
                "repository_url": "127.0.0.1:5000/bench",
                "tagged_uri": f"127.0.0.1:5000/bench:key-{key}",
                "parts": {"dockerfile": "0", "platform": "0", "target": "0", "context:context": "0", "arg:NUMBER": "0"},
                "counts": {"context": "1/1"},
                "aws": {"region": "eu-central-1"},
                "wait": True,
                "digest": None,
                "status": None,
            },
            opts,
        )
