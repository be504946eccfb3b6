"""The program that ``fast-container certify`` deploys: one function's image from CodeBuild, one from a local BuildKit.

Configuration: ``name`` is the prefix of all names, ``local`` says whether this machine has a BuildKit, and ``step`` is
how far the story is.
"""

import json

import pulumi
import pulumi_aws as aws

from fast_container import CodeBuildBuilder, FastContainerImage, ImageRepository

config = pulumi.Config()
name, step = config.require("name"), config.require("step")

images = ImageRepository("images", name=f"{name}/images", lambda_pull=True, retain_on_delete=False)
builder = CodeBuildBuilder(name, wait=step != "background")
function_image = FastContainerImage(
    "function", repository=images, builder=builder, context="function", runs_on="lambda", platform="linux/amd64"
)
if config.require_bool("local"):
    pulumi.export("service", FastContainerImage("service", repository=images, context="service").image_uri)
if step == "reuse":
    again = FastContainerImage(
        "again", repository=images, builder=builder, context="function", runs_on="lambda", platform="linux/amd64"
    )
    pulumi.export("again", again.image_uri)
if step == "failure":
    FastContainerImage("broken", repository=images, builder=builder, context="broken")

trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
role = aws.iam.Role(f"{name}-function", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
function = aws.lambda_.Function(
    f"{name}-function",
    package_type="Image",
    image_uri=function_image.image_uri,
    architectures=["x86_64"],
    role=role.arn,
    timeout=30,
)
pulumi.export("function", function.name)
pulumi.export("image", function_image.image_uri)
pulumi.export("project", builder.outputs.projects["x86_64"])
pulumi.export("bucket", builder.bucket)
