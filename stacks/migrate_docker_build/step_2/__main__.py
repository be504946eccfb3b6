"""A Lambda function whose image moves from ``docker_build.Image`` to ``FastContainerImage``. See ../README.md."""

import json

import pulumi
import pulumi_aws as aws
import pulumi_docker_build as docker_build

from fast_container import FastContainerImage

images = aws.ecr.Repository("images")
caches = aws.ecr.Repository("caches")
cache = caches.repository_url.apply(lambda url: f"{url}:api")

image = FastContainerImage(
    "api",
    repository=images,
    context=docker_build.BuildContextArgs(location="../app"),
    dockerfile=docker_build.DockerfileArgs(location="../app/Dockerfile"),
    platform=[docker_build.Platform.LINUX_AMD64],
    cache_from=[docker_build.CacheFromArgs(registry=docker_build.CacheFromRegistryArgs(ref=cache))],
    cache_to=[
        docker_build.CacheToArgs(
            registry=docker_build.CacheToRegistryArgs(ref=cache, mode=docker_build.CacheMode.MAX, image_manifest=True)
        )
    ],
    runs_on="lambda",
)

role = aws.iam.Role(
    "function",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    ),
)
function = aws.lambda_.Function(
    "function",
    package_type="Image",
    image_uri=image.image_uri,
    role=role.arn,
    timeout=30,
)

pulumi.export("digest", image.digest)
pulumi.export("repository", images.name)
pulumi.export("caches", caches.name)
pulumi.export("function", function.name)
