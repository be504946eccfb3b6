"""Dockerfiles: what a target's stages read, start from and say.

``read_dockerfile`` is the way in. The modules, in the order in which they work: ``lines`` (text to instructions),
``node`` (a line's words), ``flags`` and ``mounts``, ``instructions`` (what a line says), ``reference``, ``scope``
with ``shell_words`` (values), ``stages`` (names and reachability), ``sources``, ``values`` and ``reads`` (what is
read), ``canonical`` (what counts for the key), ``read``.
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
from fast_container.core.dockerfile.read import read_dockerfile

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
    "read_dockerfile",
]
