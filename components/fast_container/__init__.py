"""fast-container: Pulumi components for exact, parallel container image builds on AWS.

The map of the house: which question is answered in which room. A room is a folder or a module of the library; its
docstring says what it decides, its modules in reading order, and what it leaves to whom. The first name after a
question is its answer; CONTRIBUTING.md has twenty questions to try it on.

What a program writes:

- What may be said of an image? ``image_options``; its outputs: ``image`` (with ``image_outputs``).
- How does an image for several platforms become one index? ``platforms``.
- What may be said of a base image, a fleet, a repository? ``base_image`` (with ``base_arguments``), ``fleet``
  (with ``fleet_images``), ``repository`` (with ``existing_repository``, ``retained_repository`` and
  ``repository_policies``), in this order.
- Who builds an image, and how many at once? ``builders`` for builds here, ``codebuild`` for builds on AWS.
- What does an image ask of its builder, and where does a further builder begin? ``builder_interface``.
- Which resources and permissions does a CodeBuild builder make? ``codebuild``.
- What does CloudWatch show and say of a stack's images, and how does it learn of them? ``metrics``.
- Which value of an argument is refused by itself? ``args``, and ``shapes`` for its type; then ``given_options``,
  ``builder_arguments``, ``value_classes``.
- What is asked of an image before it is tagged? ``image_checks``; its normal form: ``core.image_checks``.
- Where do the values of build secrets come from? ``secret_sources``; how a build gets them: ``state.secret_values``.
- Which arguments of ``docker_build.Image`` are taken as they are? ``docker_build_arguments``.
- Which former names still work? ``deprecated``.
- Which errors are there, and what must each say? ``errors``; strings of others in them: ``printable``.

What counts:

- How does a declared image become a build key, step by step? ``core``.
- What is in the build key? ``core.key``.
- Where is an option of a build's steps added (network, hosts, limits)? ``core.recipe``.
- What does a Dockerfile read, and which stages are needed? ``core.dockerfile``.
- What does an ignore file leave out? ``core.ignore``.
- Which files of a build context count? ``core.context``.
- What is an image, a manifest, a platform, a registry's host? ``core.oci``.
- Which files are in a layer, and which of them does an image show? ``core.layers``.
- What takes the space in an image, and what grew between two? ``breakdown``.
- What is in the plan file that the command line works from? ``core.program_file``.
- What does a record of a build hold? ``core.records``.
- When is a registry cache exported, and what did it save? ``core.caches``.
- Which digest does the name of an external image stand for? ``core.images``.
- What does ``BaseImage(install=…)`` write? ``python_base``; what packages declare: ``python_base.packages``, what they
  require: ``python_base.requirements``, from which indexes: ``python_base.indexes``, by which lock:
  ``python_base.locks``.

What happens:

- Skip, reuse or build? ``core.decision``.
- In which order is an image looked up, built, checked, tagged and recorded? ``build``.
- Where is the key tag put? ``build.pipeline``.
- May a pushed image be tagged? ``checks``.
- What may an image hold, and what does each rule find? ``checks.image``; what a file of container-structure-test says:
  ``checks.image.structure``.
- How is an image or a run shown as a page? ``report.pages``.
- What in a Dockerfile costs size, time or safety? ``checks.dockerfile``; what each step starts, installs and reads:
  ``checks.dockerfile.steps``; which findings are fixed, and how: ``checks.dockerfile.fixes``.
- What does BuildKit get instead of the working tree, and what is uploaded? ``core.staging``.
- How long does an image take to start, and what does it read? ``startup``; what runs inside it: ``startup.probe``.
- What runs in CodeBuild? ``remote``.
- What do both ends of a remote build share? ``core.remote``.

- What do the records of many builds mean, and what has got worse? ``report``.
- What do builds cost, and what was saved? ``report.costs``.
- What does a run leave for others at its end: spans, a page, a summary in CI? ``insight``.

Who talks to the outside (``adapters``, one thing a room):

- How is a registry asked, and an image copied or tagged there? ``adapters.registry``.
- How is buildx called, and its progress read? ``adapters.buildx``.
- How are sources uploaded and builds started and watched on AWS? ``adapters.codebuild``.
- How are the layers of an image read, each once? ``adapters.layers``.
- Why need an unchanged file not be read again? ``adapters.digests``.
- How does a child process end with its parent, and a temporary folder go? ``adapters.process``.
- Where are the records of builds kept? ``adapters.records``.
- Where do credentials come from? ``adapters.aws_session`` for AWS, ``adapters.docker_config`` for Docker's logins.

What the Pulumi engine sees:

- What do preview, up, refresh, destroy and Ctrl-C do with an image? ``state``.
- Why will an image be built, in words? ``state.explanation``; that a builder cannot run its platform: ``emulation``.
- What becomes of a program with images of other components? ``migration``.
- What happens to an image that is pinned to an earlier key? ``state.rollback``.
- What is changed in Pulumi's SDK or in the user's process? ``state.sdk_patches``.

Operations:

- What is missing on a machine or in an account, and how is it mended? ``doctor``.
- Which images may be deleted, and why does every other one stay? ``core.cleanup``.
- In which order is scanned, checked again and deleted? ``cleanup``.
- Who uses images on AWS, and how are the states of stacks read? ``adapters.usage``; what do repositories and buckets
  hold? ``adapters.inventory``.

The command line:

- What does a verb of the command line do and print? ``cli.verbs`` (``cli.verbs.deployment`` for what is deployed,
  ``cli.verbs.operations`` for looking at it and cleaning up); what are its arguments? ``cli.arguments``; what do verbs
  share? ``cli``.
- How is a real AWS account tried? ``certify``.

Public names are loaded on first use (PEP 562), and pulumi-aws is too (``lazy_aws``), so that the command line and
a build inside CodeBuild, which need only ``core``, ``build`` and ``adapters``, never import Pulumi.
"""

from __future__ import annotations

import gc
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fast_container.base_image import BaseImage
    from fast_container.builders import LocalBuilder
    from fast_container.codebuild.builder import CodeBuildBuilder
    from fast_container.codebuild.resources import VpcConfig
    from fast_container.core.aws_access import AssumedRole, AwsAccess
    from fast_container.core.declared import InlineDockerfile
    from fast_container.core.registry_cache import RegistryCache
    from fast_container.existing_repository import ExistingRepository
    from fast_container.fleet import FastImageFleet
    from fast_container.image import FastContainerImage
    from fast_container.image_checks import ImageChecks
    from fast_container.image_options import ImageOptions
    from fast_container.metrics.build_metrics import BuildMetrics
    from fast_container.repository import ImageRepository
    from fast_container.secret_sources import SecretEnv, SecretFile, SecretsManagerSecret, SsmParameter
    from fast_container.state.bases import ExistingBaseImage

__all__ = [
    "AssumedRole",
    "AwsAccess",
    "BaseImage",
    "BuildMetrics",
    "CodeBuildBuilder",
    "ExistingBaseImage",
    "ExistingRepository",
    "FastContainerImage",
    "FastImageFleet",
    "ImageChecks",
    "ImageOptions",
    "ImageRepository",
    "InlineDockerfile",
    "LocalBuilder",
    "RegistryCache",
    "SecretEnv",
    "SecretFile",
    "SecretsManagerSecret",
    "SsmParameter",
    "VpcConfig",
]

_HOMES = {
    "AssumedRole": "fast_container.value_classes",
    "AwsAccess": "fast_container.value_classes",
    "BaseImage": "fast_container.base_image",
    "BuildMetrics": "fast_container.metrics.build_metrics",
    "CodeBuildBuilder": "fast_container.codebuild.builder",
    "ExistingBaseImage": "fast_container.state.bases",
    "ExistingRepository": "fast_container.existing_repository",
    "FastContainerImage": "fast_container.image",
    "FastImageFleet": "fast_container.fleet",
    "ImageChecks": "fast_container.image_checks",
    "ImageOptions": "fast_container.image_options",
    "ImageRepository": "fast_container.repository",
    "InlineDockerfile": "fast_container.value_classes",
    "LocalBuilder": "fast_container.builders",
    "RegistryCache": "fast_container.value_classes",
    "SecretEnv": "fast_container.secret_sources",
    "SecretFile": "fast_container.secret_sources",
    "SecretsManagerSecret": "fast_container.secret_sources",
    "SsmParameter": "fast_container.secret_sources",
    "VpcConfig": "fast_container.codebuild.resources",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # What is imported stays: looking for garbage meanwhile takes a fifth of the time, and finds nothing.
    is_collecting = gc.isenabled()
    gc.disable()
    try:
        return getattr(import_module(_HOMES[name]), name)
    finally:
        if is_collecting:
            gc.enable()


def __dir__() -> list[str]:
    return sorted(__all__)
