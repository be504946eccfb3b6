"""A Lambda function whose image stands on the base image that another stack makes.

Configuration: ``baseStack`` names that stack (``organization/shared-base/dev``), or ``baseRepository`` and
``baseKey`` name the base image itself. Optional: ``repositoryName`` and ``adopt`` for this stack's repository,
``architecture`` as the base has it, ``builder`` is ``local`` or ``codebuild``. See README.md.
"""

import json

import pulumi
import pulumi_aws as aws

from fast_container import CodeBuildBuilder, ExistingBaseImage, FastContainerImage, ImageRepository, LocalBuilder

PLATFORMS = {"x86_64": "linux/amd64", "arm64": "linux/arm64"}

config = pulumi.Config()
architecture = config.get("architecture") or "x86_64"
if architecture not in PLATFORMS:
    raise pulumi.RunError(f"architecture must be one of {', '.join(PLATFORMS)}, not {architecture!r}")

if config.get("baseKey"):
    base = ExistingBaseImage(config.require("baseRepository"), config.require("baseKey"))
else:
    shared = pulumi.StackReference(config.require("baseStack"))
    base = ExistingBaseImage(shared.require_output("repository_url"), shared.require_output("build_key"))

images = ImageRepository("images", name=config.get("repositoryName"), adopt=config.get_bool("adopt") or False)
builder: LocalBuilder | CodeBuildBuilder
if config.get("builder") == "codebuild":
    builder = CodeBuildBuilder("builds", architectures=[architecture])
else:
    builder = LocalBuilder()

image = FastContainerImage(
    "quotes",
    repository=images,
    context="quotes",
    base_images={"BASE_IMAGE": base},
    platform=PLATFORMS[architecture],
    runs_on="lambda",
    builder=builder,
)

role = aws.iam.Role(
    "quotes",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    ),
)
logs = aws.iam.RolePolicyAttachment(
    "quotes-logs",
    role=role.name,
    policy_arn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
)
function = aws.lambda_.Function(
    "quotes",
    package_type="Image",
    image_uri=image.image_uri,
    architectures=[architecture],
    role=role.arn,
    memory_size=256,
    timeout=30,
    opts=pulumi.ResourceOptions(depends_on=[logs]),
)

pulumi.export("image_uri", image.image_uri)
pulumi.export("function", function.name)
