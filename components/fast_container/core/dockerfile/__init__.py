"""Dockerfiles: what a target's stages start from, read and say.

Decides, exactly as BuildKit's frontend does, which stages a target needs, and what of the contexts they can read; where
that cannot be known, it says so, and the whole context counts. ``read.read_dockerfile`` is the way in; it is not among
the names here, since a build inside CodeBuild needs these and no parser. The modules, in the order in which they work:
``lines`` (a file to logical lines), ``split_line`` (a line to words, a ``parsed_line``), ``flags`` and ``mounts``,
``read_instructions`` (a line to one of the ``instructions``), ``scope`` with ``shell_words``, ``gathered_words``,
``lex_options`` and ``shell_pattern`` (values of variables), ``stages`` (names and reachability, each ``stage_source``),
``sources``, ``values`` and ``reads`` (which paths are read), ``named_contexts``, ``canonical`` (what counts for the
key), ``opened`` (the stages of a target as objects), ``read``; ``model`` is what comes out. ``triggers`` compares a
build with it afterwards.

Leaves finding files to ``core.context`` and what an image reference is to ``core.oci``.
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
