"""Dockerfiles: what a target's stages read, start from and say.

``read.read_dockerfile`` is the way in. It is not among the names here: a build inside CodeBuild needs these, and no
parser. The modules, in the order in which they work: ``lines`` (text to instructions), ``node`` (a line's words),
``flags`` and ``mounts``, ``instructions`` (what a line says), ``reference``, ``scope`` with ``shell_words`` (values),
``stages`` (names and reachability), ``sources``, ``values`` and ``reads`` (what is read), ``canonical`` (what counts
for the key), ``read``.
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
