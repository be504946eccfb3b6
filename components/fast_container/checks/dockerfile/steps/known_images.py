"""Public images of which it is known that they set nothing that a rule depends on.

Decides which images have an environment without pip's or uv's variables, and which run as root. Of all others nothing
is known unless their facts were looked up.
"""

from __future__ import annotations

from typing import Final

from fast_container.checks.dockerfile.steps.stage_steps import Stage

_OFFICIAL: Final = frozenset(
    [
        *("almalinux", "alpine", "amazonlinux", "buildpack-deps", "busybox", "debian", "fedora", "gcc", "golang"),
        *("node", "pypy", "python", "rockylinux", "rust", "ubuntu"),
    ]
)
_PREFIXES: Final = ("docker.io/library/", "public.ecr.aws/docker/library/")
_LAMBDA: Final = "public.ecr.aws/lambda/"


def repository_of(image: str) -> str:
    """The name of an image without tag and digest."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


def official_name(image: str) -> str:
    """The short name of one of Docker's official images that is in the list; ``""`` for others."""
    repository = repository_of(image)
    for prefix in _PREFIXES:
        name = repository.removeprefix(prefix)
        if name != repository and name in _OFFICIAL:
            return name
    return ""


def is_lambda_base(image: str) -> bool:
    """Whether an image is one of AWS's bases for Lambda."""
    return repository_of(image).startswith(_LAMBDA)


def has_known_environment(stage: Stage) -> bool:
    """Whether no variable that a rule asks for is set by what a stage starts from."""
    if stage.facts is not None and stage.facts.env is not None:
        return True
    return bool(official_name(stage.image)) or is_lambda_base(stage.image) or stage.from_scratch


def runs_as_root(stage: Stage) -> bool:
    """Whether what a stage starts from certainly runs as root."""
    return bool(official_name(stage.image)) or stage.from_scratch


def starts_as_root(stage: Stage) -> bool:
    """Whether the steps of a build on what a stage starts from certainly run as root; Lambda's bases do so too."""
    return runs_as_root(stage) or is_lambda_base(stage.image)
