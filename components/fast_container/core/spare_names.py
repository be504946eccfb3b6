"""Names in a declaration that its Dockerfile does not have; most of them are typos.

Decides which stop an image (a stage or copy that would go to Docker Hub, while a stage or a named context has nearly
that name) and which lines are said of the others: build args that no ``ARG`` declares, volatile ones that are not
build args, named contexts that no stage uses, secrets that no stage mounts. Leaves which of them are shared on purpose
to the caller, who knows all images of the program.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fast_container.core.build_secrets import unmounted
from fast_container.core.dockerfile import DockerfileReads, ExternalImage
from fast_container.core.spelling import nearest
from fast_container.errors import DockerfileError, bracketed


@dataclass(frozen=True, slots=True)
class GivenNames:
    """Names in a declaration that its Dockerfile should have.

    Attributes:
        build_args: Of ``build_args``.
        volatile: Of ``volatile_build_args``.
        contexts: Of ``named_contexts``.
        secrets: Ids of ``secrets``.
        optional_secrets: Of ``optional_secrets``, without those of ``secrets``.
    """

    build_args: frozenset[str]
    volatile: frozenset[str]
    contexts: frozenset[str]
    secrets: frozenset[str] = frozenset()
    optional_secrets: frozenset[str] = frozenset()

    @property
    def paths(self) -> frozenset[str]:
        """The names as property paths."""
        return frozenset(
            [
                *(f"build_args{bracketed(name)}" for name in self.build_args),
                *(f"volatile_build_args{bracketed(name)}" for name in self.volatile),
                *(f"named_contexts{bracketed(name)}" for name in self.contexts),
                *(secret_path(name) for name in self.secrets),
                *(optional_secret_path(name) for name in self.optional_secrets),
            ]
        )


def secret_path(name: str) -> str:
    """The property path of a secret."""
    return f"secrets{bracketed(name)}"


def optional_secret_path(name: str) -> str:
    """The property path of a secret that may be absent."""
    return f"optional_secrets{bracketed(name)}"


def refuse_misspelt_sources(reads: DockerfileReads, named_contexts: Iterable[str], dockerfile: str) -> None:
    """Refuse an image of Docker Hub with nearly the name of a stage, or of a named context that nothing uses.

    Args:
        reads: What the Dockerfile reads.
        named_contexts: Their names.
        dockerfile: The file's name in the message.

    Raises:
        DockerfileError: With the line that names the image.
    """
    unused = set(named_contexts) - reads.known_contexts
    for image in reads.external_images:
        if set(image.reference) & set(":@/."):
            # A tag, a digest or a host shows that an image is meant.
            continue
        near = nearest(image.reference, unused)
        if near:
            raise DockerfileError(
                f"There is no stage and no named context {image.reference!r}.",
                file=dockerfile,
                line=image.line,
                why=f"it would be taken from {image.normalised}, while the named context {near!r} is not used",
                next_step=f"Write {near!r} in both places; for the image of that name, {image.reference}:latest.",
            )
        stage = _meant_stage(image, reads)
        if stage:
            raise DockerfileError(
                f"There is no stage and no named context {image.reference!r}.",
                file=dockerfile,
                line=image.line,
                why=f"it would be taken from {image.normalised}, while there is a stage {stage!r}",
                next_step=f"Write {stage!r}; for the image of that name, {image.reference}:latest.",
            )


def _meant_stage(image: ExternalImage, reads: DockerfileReads) -> str:
    """Return the stage that an image's name was probably meant to be; ``""`` for none.

    A ``FROM`` can only name earlier stages, and most files begin with an image of a short name: there, ``node`` beside
    a
    stage ``nodejs`` is not a typo. Nor is it beside a stage that starts from the same image.
    """
    written = image.reference.lower()
    others = [stage for stage in reads.named_stages if stage.line != image.line]
    if any(stage.base.partition(":")[0].rpartition("/")[2].lower() == written for stage in others):
        return ""
    names = [
        stage.name
        for stage in others
        if not image.starts_stage
        or (stage.line < image.line and not stage.name.startswith(written) and not written.startswith(stage.name))
    ]
    return nearest(written, names)


def spare_names(reads: DockerfileReads, given: GivenNames) -> Mapping[str, str]:
    """Property path → line, for each name that the Dockerfile does not have; empty if the file was not understood."""
    if not reads.understood:
        return {}
    lines: dict[str, str] = {}
    for name in sorted(given.build_args - reads.known_args):
        near = nearest(name, reads.known_args - given.build_args)
        lines[f"build_args{bracketed(name)}"] = f"no ARG of the Dockerfile declares it{_question(near)}"
    for name in sorted(given.volatile - given.build_args):
        near = nearest(name, given.build_args - given.volatile)
        lines[f"volatile_build_args{bracketed(name)}"] = f"it is not a build arg of the image{_question(near)}"
    for name in sorted(given.contexts - reads.known_contexts):
        lines[f"named_contexts{bracketed(name)}"] = "nothing in the Dockerfile uses it"
    lines |= {secret_path(name): line for name, line in unmounted(reads.secrets, given.secrets).items()}
    lines |= {
        optional_secret_path(name): line for name, line in unmounted(reads.secrets, given.optional_secrets).items()
    }
    return lines


def _question(near: str) -> str:
    return f"; did you mean {near!r}?" if near else ""
