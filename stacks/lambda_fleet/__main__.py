"""Four Lambda functions, each in a container image of its own, all in one repository.

Configuration (all optional): ``repository`` names one that exists, ``repositoryName`` and ``takeUp`` are for one of
this stack's own, ``architecture`` is ``x86_64`` or ``arm64``, ``builder`` is ``local`` or ``codebuild``. See README.md.
"""

import json

import pulumi
import pulumi_aws as aws

from fast_container import CodeBuildBuilder, FastContainerImage, ImageRepository, LocalBuilder

LAMBDAS = "../../lambdas"
FUNCTIONS = ("orders", "invoices", "search", "labels")
PLATFORMS = {"x86_64": "linux/amd64", "arm64": "linux/arm64"}

config = pulumi.Config()
architecture = config.get("architecture") or "x86_64"
if architecture not in PLATFORMS:
    raise pulumi.RunError(f"architecture must be one of {', '.join(PLATFORMS)}, not {architecture!r}")

existing = config.get("repository")
if existing:
    images = ImageRepository.get(existing)
else:
    images = ImageRepository("images", name=config.get("repositoryName"), take_up=config.get_bool("takeUp") or False)

if config.get("builder") == "codebuild":
    builder = CodeBuildBuilder("builds", architectures=[architecture])
else:
    builder = LocalBuilder()

role = aws.iam.Role(
    "functions",
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
    "functions-logs",
    role=role.name,
    policy_arn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
)

functions: dict[str, pulumi.Output[str]] = {}
image_uris: dict[str, pulumi.Output[str]] = {}
for name in FUNCTIONS:
    image = FastContainerImage(
        name,
        repository=images,
        context=LAMBDAS,
        dockerfile=f"{LAMBDAS}/{name}/Dockerfile",
        platform=PLATFORMS[architecture],
        runs_on="lambda",
        builder=builder,
    )
    function = aws.lambda_.Function(
        name,
        package_type="Image",
        image_uri=image.image_uri,
        architectures=[architecture],
        role=role.arn,
        memory_size=256,
        timeout=30,
        opts=pulumi.ResourceOptions(depends_on=[logs]),
    )
    functions[name] = function.name
    image_uris[name] = image.image_uri

pulumi.export("repository_url", images.url)
pulumi.export("image_uris", image_uris)
pulumi.export("functions", functions)
