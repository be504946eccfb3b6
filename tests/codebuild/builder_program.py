"""Runs a program of builders with Pulumi's mocks, and keeps what the engine was given."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pulumi

REGION = "eu-west-1"
ACCOUNT = "123456789012"
LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/fast-container/p/s/builds"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"


class Mocks(pulumi.runtime.Mocks):
    def __init__(self) -> None:
        self.made: dict[str, dict[str, Any]] = {}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.made[f"{args.typ} {args.name}"] = dict(args.inputs)
        facts = {"name": args.name, "arn": f"arn:aws:x:{REGION}:{ACCOUNT}:{args.name}", "bucket": "b"}
        if args.typ == "aws:cloudwatch/logGroup:LogGroup":
            facts["arn"] = LOGS
        if args.typ == "aws:ecr/repository:Repository":
            facts["arn"] = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{args.name}"
        return args.name, {**facts, **args.inputs}

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        if args.token == "aws:s3/getBucket:getBucket":
            return {"bucket": args.args["bucket"], "arn": f"arn:aws:s3:::{args.args['bucket']}"}
        return {"accountId": ACCOUNT}

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        return {key.partition(" ")[2]: inputs for key, inputs in self.made.items() if key.startswith(f"{kind} ")}

    def policies(self, kind: str) -> dict[str, str]:
        return {name: re.sub(r"\s", "", str(inputs["policy"])) for name, inputs in self.of(kind).items()}

    @property
    def project(self) -> dict[str, Any]:
        (found,) = self.of("aws:codebuild/project:Project").values()
        return found


Run = Callable[[Callable[[], object]], Mocks]
