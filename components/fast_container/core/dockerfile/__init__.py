"""Dockerfiles: what a target's stages start from, read and say.

``read.read_dockerfile`` is the way in. It is not among the names here: a build inside CodeBuild needs these, and no
parser. The modules, in the order in which they work: ``lines`` (a file to logical lines),
``split_line`` (a line to words, a ``parsed_line``), ``flags`` and ``mounts``, ``read_instructions`` (a line to one of
the ``instructions``), ``scope`` with ``shell_words`` (values of variables), ``stages`` (names and reachability, each
``stage_source``), ``sources``, ``values`` and ``reads`` (which paths are read), ``canonical`` (what counts for the
key), ``read``.
"""

from fast_container.core.dockerfile.model import (
    AssumedStage,
    ContextReads,
    ContextStart,
    DockerfileReads,
    ExternalImage,
    ImageFacts,
    NamedStage,
    RanStep,
    RemoteSource,
    SecretMount,
    Selector,
)

__all__ = [
    "AssumedStage",
    "ContextReads",
    "ContextStart",
    "DockerfileReads",
    "ExternalImage",
    "ImageFacts",
    "NamedStage",
    "RanStep",
    "RemoteSource",
    "SecretMount",
    "Selector",
]
