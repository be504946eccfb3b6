"""A base image of shared packages in an ECR repository of its own, for the images of other stacks.

Configuration (all optional): ``repositoryName`` and ``adopt`` for the repository, ``pullAccounts`` for accounts that
may build on it, ``architecture`` is ``x86_64`` or ``arm64``, ``builder`` is ``local`` or ``codebuild``. See README.md.
"""

import pulumi

from fast_container import BaseImage, CodeBuildBuilder, ImageRepository, LocalBuilder

PLATFORMS = {"x86_64": "linux/amd64", "arm64": "linux/arm64"}

config = pulumi.Config()
architecture = config.get("architecture") or "x86_64"
if architecture not in PLATFORMS:
    raise pulumi.RunError(f"architecture must be one of {', '.join(PLATFORMS)}, not {architecture!r}")

bases = ImageRepository(
    "bases",
    name=config.get("repositoryName"),
    pull_accounts=config.get_object("pullAccounts") or [],
    lambda_pull=False,
    adopt=config.get_bool("adopt") or False,
)
builder: LocalBuilder | CodeBuildBuilder
if config.get("builder") == "codebuild":
    builder = CodeBuildBuilder("builds", architectures=[architecture])
else:
    builder = LocalBuilder()

pricing = BaseImage(
    "pricing",
    repository=bases,
    install="packages",
    root="../../lambdas",
    packages=["packages/pricing"],
    build_requirements="packages/build-requirements.txt",
    platform=PLATFORMS[architecture],
    runs_on="lambda",
    builder=builder,
)

# What an image of another stack needs: where the base is, and which one it is.
pulumi.export("repository_url", pricing.repository_url)
pulumi.export("build_key", pricing.build_key)
