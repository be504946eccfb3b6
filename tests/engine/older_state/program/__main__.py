"""Written for the version before the move (0.1.0, November 2026), with the names of arguments that it had."""

import json

import pulumi_aws as aws
from fast_container import (
    BaseImage,
    CodeBuildBuilder,
    FastContainerImage,
    FastImageFleet,
    ImageRepository,
    LocalBuilder,
    SecretEnv,
)

images = ImageRepository("images", name="older/images")
bases = ImageRepository("bases", name="older/bases")
local = LocalBuilder(max_parallel=2)
remote = CodeBuildBuilder("builds", timeout=30, concurrent_build_limit=3)
dependencies = BaseImage(
    "dependencies",
    repository=bases,
    builder=local,
    packages=["packages/pricing"],
    install="dependencies",
    runs_on="lambda",
)
fleet = FastImageFleet(
    "fleet",
    "lambdas/*/Dockerfile",
    repository=images,
    context=".",
    builder=local,
    runs_on="lambda",
    base_images={"BASE_IMAGE": dependencies},
)
reports = FastContainerImage(
    "reports",
    repository=images,
    builder=local,
    context="reports",
    build_args={"LEVEL": "info"},
    labels={"team": "reporting"},
    secrets={"token": SecretEnv("HOME")},
    named_contexts={"shared": "packages"},
    target="final",
)
front = FastContainerImage("front", repository=images, builder=remote, context="front", platform="linux/amd64")
role = aws.iam.Role(
    "role",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    ),
)
aws.lambda_.Function("api", package_type="Image", image_uri=fleet["api"].image_uri, role=role.arn)
