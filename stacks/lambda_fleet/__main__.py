"""The functions of ``lambdas/``, each in a container image of its own, two of them on a shared base image.

Every function has an alias, ``live``, on the version that this deployment published; callers name the alias.

Configuration (all optional): ``repository`` and ``baseRepository`` name those that exist; ``repositoryName``,
``baseRepositoryName`` and ``adopt`` are for this stack's own; ``architecture`` is ``x86_64`` or ``arm64``,
``builder`` is ``local`` or ``codebuild``. See README.md.
"""

import json

import pulumi
import pulumi_aws as aws

from fast_container import (
    BaseImage,
    CodeBuildBuilder,
    ExistingRepository,
    FastImageFleet,
    ImageOptions,
    ImageRepository,
    LocalBuilder,
)

LAMBDAS = "../../lambdas"
PLATFORMS = {"x86_64": "linux/amd64", "arm64": "linux/arm64"}
ON_BASE = ("orders", "invoices")
MEMORY_MB = {"reports": 512}
# Started from a snapshot: what it does before its first event is done when its version is published.
SNAP_STARTED = ("reports",)

config = pulumi.Config()
architecture = config.get("architecture") or "x86_64"
if architecture not in PLATFORMS:
    raise pulumi.RunError(f"architecture must be one of {', '.join(PLATFORMS)}, not {architecture!r}")


def repository(name: str, existing: str, own: str) -> ImageRepository | ExistingRepository:
    """The repository that the configuration names, or one of this stack's own."""
    found = config.get(existing)
    if found:
        return ImageRepository.get(found)
    return ImageRepository(name, name=config.get(own), adopt=config.get_bool("adopt") or False)


images = repository("images", "repository", "repositoryName")
bases = repository("bases", "baseRepository", "baseRepositoryName")

builder: LocalBuilder | CodeBuildBuilder
if config.get("builder") == "codebuild":
    builder = CodeBuildBuilder("builds", architectures=[architecture])
else:
    builder = LocalBuilder()

dependencies = BaseImage(
    "pricing-dependencies",
    repository=bases,
    root=LAMBDAS,
    packages=["packages/pricing"],
    lock="packages/pricing/uv.lock",
    install="dependencies",
    platform=PLATFORMS[architecture],
    runs_on="lambda",
    builder=builder,
)
overrides: dict[str, ImageOptions] = {name: {"base_images": {"BASE_IMAGE": dependencies}} for name in ON_BASE}
overrides.update({name: {"snapstart": True} for name in SNAP_STARTED})
fleet = FastImageFleet(
    "fleet",
    f"{LAMBDAS}/*/Dockerfile",
    overrides=overrides,
    repository=images,
    context=LAMBDAS,
    platform=PLATFORMS[architecture],
    runs_on="lambda",
    builder=builder,
)

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
for name, image in fleet.items():
    function = aws.lambda_.Function(
        name,
        package_type="Image",
        image_uri=image.image_uri,
        architectures=[architecture],
        role=role.arn,
        memory_size=MEMORY_MB.get(name, 256),
        timeout=30,
        publish=True,
        snap_start={"apply_on": "PublishedVersions"} if name in SNAP_STARTED else None,
        opts=pulumi.ResourceOptions(depends_on=[logs]),
    )
    alias = aws.lambda_.Alias(name, name="live", function_name=function.name, function_version=function.version)
    functions[name] = alias.arn

pulumi.export("repository_url", images.url)
pulumi.export("base_image_uri", dependencies.image_uri)
pulumi.export("image_uris", {name: image.image_uri for name, image in fleet.items()})
pulumi.export("functions", functions)
