"""fast-container: Pulumi components for exact, parallel container image builds on AWS.

The map of the house: which question is answered in which room.

- What may a program write? ``image``, ``base_image``, ``fleet``, ``repository``, ``builders``, ``secret_sources``,
  ``value_classes``; their arguments are checked in ``args``, ``image_options``, ``docker_build_arguments``; former
  names are in ``deprecated``, all errors in ``errors``.
- What does a Dockerfile read? ``core.dockerfile``. What does an ignore file leave out? ``core.ignore``. Which files
  count then? ``core.context``. What is the build key? ``core.key``.
- What is an image, a reference, a platform, a registry's host? ``core.oci``. What is known of external images?
  ``core.images``.
- What does an image ask of its builder, and where does a further builder begin? ``builder_interface``.
- Skip, reuse or build? ``core.decision``, asked by ``build`` (pipeline, scheduler, lookups, copying, verifying); where
  the key tag is put: ``build.pipeline``.
- What does BuildKit get, and what is uploaded? ``core.staging``. What do both ends of a remote build share?
  ``core.remote``. What runs in CodeBuild? ``remote``.
- Where is an option of a build's steps added (network, hosts, limits)? ``core.recipe``.
- What does ``BaseImage(install=…)`` write? ``python_base``: its packages (``python_base.packages``), what they require
  (``python_base.requirements``), from which indexes (``python_base.indexes``), by which lock (``python_base.locks``).
- Who talks to the outside? ``adapters``: ``adapters.registry``, ``adapters.buildx``, ``adapters.codebuild``,
  ``adapters.process``, ``adapters.digests``; credentials: ``adapters.aws_session`` and ``adapters.docker_config``.
- What does the Pulumi engine see (preview, records, hooks, refresh)? ``state``. The resources of a CodeBuild builder?
  ``codebuild``.
- May a pushed image be tagged? ``checks``.
- What does the command line say? ``cli``. How is a real account tried? ``certify``.

Public names are loaded on first use (PEP 562), so that the command line and a build inside CodeBuild, which need only
``core``, ``build`` and ``adapters``, never import Pulumi.
"""

from __future__ import annotations

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
    from fast_container.image_options import ImageOptions
    from fast_container.repository import ImageRepository
    from fast_container.secret_sources import SecretEnv, SecretFile, SecretsManagerSecret, SsmParameter
    from fast_container.state.bases import ExistingBaseImage

__all__ = [
    "AssumedRole",
    "AwsAccess",
    "BaseImage",
    "CodeBuildBuilder",
    "ExistingBaseImage",
    "ExistingRepository",
    "FastContainerImage",
    "FastImageFleet",
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
    "CodeBuildBuilder": "fast_container.codebuild.builder",
    "ExistingBaseImage": "fast_container.state.bases",
    "ExistingRepository": "fast_container.existing_repository",
    "FastContainerImage": "fast_container.image",
    "FastImageFleet": "fast_container.fleet",
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
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
