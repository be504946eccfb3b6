"""Names that a declaration gives and its Dockerfile does not have: most of them are typos.

Decides which stop an image (a stage or copy that would go to Docker Hub, where a named context is spelt nearly so) and
what is said of the others: build args that no ``ARG`` declares, volatile ones that are no build args, named contexts
that no stage uses. Leaves to whoever knows all images of a program which of them are shared on purpose.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fast_container.core.dockerfile import DockerfileReads
from fast_container.core.spelling import nearest
from fast_container.errors import DockerfileError


@dataclass(frozen=True, slots=True)
class GivenNames:
    """What a declaration names of its Dockerfile.

    Attributes:
        build_args: Of ``build_args``.
        volatile: Of ``volatile_build_args``.
        contexts: Of ``named_contexts``.
    """

    build_args: frozenset[str]
    volatile: frozenset[str]
    contexts: frozenset[str]

    @property
    def paths(self) -> frozenset[str]:
        """The names as property paths."""
        return frozenset(
            [
                *(f"build_args[{name!r}]" for name in self.build_args),
                *(f"volatile_build_args[{name!r}]" for name in self.volatile),
                *(f"named_contexts[{name!r}]" for name in self.contexts),
            ]
        )


def refuse_misspelt_contexts(reads: DockerfileReads, named_contexts: Iterable[str], dockerfile: str) -> None:
    """Refuse an image of Docker Hub whose name is nearly that of a named context that nothing uses.

    Args:
        reads: What the Dockerfile reads.
        named_contexts: Their names.
        dockerfile: What to call the file.

    Raises:
        DockerfileError: With the line that names the image.
    """
    unused = set(named_contexts) - reads.known_contexts
    for image in reads.external_images:
        # What has a tag, a digest or a host is an image by intent.
        near = nearest(image.reference, unused) if not set(image.reference) & set(":@/.") else ""
        if near:
            raise DockerfileError(
                f"There is no stage and no named context {image.reference!r}.",
                file=dockerfile,
                line=image.line,
                why=f"it would be taken from {image.normalised}, while the named context {near!r} is not used",
                next_step=f"Write {near!r} in both places; for the image of that name, {image.reference}:latest.",
            )


def spare_names(reads: DockerfileReads, given: GivenNames) -> Mapping[str, str]:
    """Property path → line, for each name that the Dockerfile does not have; none where it was not understood."""
    if not reads.understood:
        return {}
    lines: dict[str, str] = {}
    for name in sorted(given.build_args - reads.known_args):
        near = nearest(name, reads.known_args - given.build_args)
        lines[f"build_args[{name!r}]"] = f"no ARG of the Dockerfile declares it{_question(near)}"
    for name in sorted(given.volatile - given.build_args):
        near = nearest(name, given.build_args - given.volatile)
        lines[f"volatile_build_args[{name!r}]"] = f"it is no build arg of the image{_question(near)}"
    for name in sorted(given.contexts - reads.known_contexts):
        lines[f"named_contexts[{name!r}]"] = "nothing in the Dockerfile uses it"
    return lines


def _question(near: str) -> str:
    return f"; did you mean {near!r}?" if near else ""
