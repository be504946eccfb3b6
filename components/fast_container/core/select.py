"""Reads one declared image: its entries, its named images, its build key.

Decides which ignore file belongs to which context and puts the parts together: declaration, Dockerfile, selected
entries, key. Leaves each of them to its own module. Reads files, and no network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fast_container.core.build_secrets import check_mounts
from fast_container.core.context.select import SelectedContext, select_context
from fast_container.core.context.view import SharedWalks
from fast_container.core.declared import DeclaredImage, check_arguments, check_declared, ignore_rules, read_declared
from fast_container.core.dockerfile import DockerfileReads
from fast_container.core.dockerfile.named_contexts import moving_contexts
from fast_container.core.key import BuildKey, KeyInputs, KeyPin, build_key
from fast_container.core.oci import snapstart
from fast_container.core.oci.source_policy import source_policy
from fast_container.core.own_bases import check_base_platforms
from fast_container.core.ports import ContextSource
from fast_container.core.spare_names import refuse_misspelt_sources, spare_names

__all__ = [
    "SelectedContext",
    "SelectedImage",
    "SharedWalks",
    "check_declared",
    "held_at",
    "select_image",
    "with_snapstart",
]


@dataclass(frozen=True, slots=True)
class SelectedImage:
    """A declared image with everything that its key is made of.

    Attributes:
        declared: The declaration.
        reads: What the Dockerfile reads.
        dockerfile_text: The Dockerfile's bytes.
        selected: Context name → what is read of it; contexts that nothing reads are absent.
        named_images: Name → reference of the named contexts that are images or remote and are used.
        pins: Reference or named context as written → its pin, for those in the key.
        key: The build key.
        warnings: For the user, one line each.
    """

    declared: DeclaredImage
    reads: DockerfileReads
    dockerfile_text: bytes
    selected: Mapping[str, SelectedContext]
    named_images: Mapping[str, str]
    pins: Mapping[str, str]
    key: BuildKey
    warnings: tuple[str, ...] = ()

    @property
    def source_policy(self) -> str:
        """BuildKit's policy that makes the build take the images in the key; ``""`` for none."""
        return source_policy(self.pins)

    @property
    def spare_names(self) -> Mapping[str, str]:
        """Property path → line, for names in the declaration that the Dockerfile does not have."""
        return spare_names(self.reads, self.declared.given_names)

    @property
    def contexts(self) -> dict[str, ContextSource]:
        """Context name → its source, as executors want it."""
        return {name: context.source for name, context in self.selected.items()}


def select_image(image: DeclaredImage, walks: SharedWalks) -> SelectedImage:
    """Select and hash; to be called in a thread.

    Raises:
        ArgsError: An argument, with its property path.
        DockerfileError: The Dockerfile or an ignore file, or a missing source.
        ContextError: A file cannot be read, changed while it was read, or cannot be in a context.
    """
    check_arguments(image)
    text, reads = read_declared(image)
    check_mounts(reads.secrets, image.secret_ids, image.optional_secrets, image.dockerfile_name)
    refuse_misspelt_sources(reads, image.named_contexts, image.dockerfile_name)
    check_base_platforms(image.base_facts, reads, build_args=image.recipe.build_args, file=image.dockerfile_name)
    selected: dict[str, SelectedContext] = {}
    named_images: dict[str, str] = {}
    for name, of_context in reads.contexts.items():
        root = image.local_contexts.get(name)
        if root is None:
            named_images[name] = image.named_contexts[name]
            continue
        ignore_file = ignore_rules(image, name)
        view = walks.view(root, ignore_file.rules)
        selected[name] = select_context(
            view, of_context, name=name, dockerfile=image.dockerfile_name, ignore_file=ignore_file
        )
    of_contexts = (line for context in selected.values() for line in context.warnings)
    warnings = (*reads.warnings, *moving_contexts(named_images), *of_contexts)
    written = {*(found.reference for found in reads.external_images), *named_images.values()}
    pins = {reference: pin for reference, pin in image.image_pins.items() if reference in written}
    key = build_key(_key_inputs(image, reads, selected, named_images, pins), _source_parts(selected))
    return SelectedImage(image, reads, text, selected, named_images, pins, key, warnings)


def held_at(image: SelectedImage, pin: KeyPin | None) -> SelectedImage:
    """Return an image with the key of its pin in place of its source's; the same image without a pin.

    Of a pinned key no parts are known: what it was made of is not here.
    """
    if pin is None or image.key.tag == pin.tag:
        return image
    return replace(image, key=BuildKey(pin.hex))


def _key_inputs(
    image: DeclaredImage,
    reads: DockerfileReads,
    selected: Mapping[str, SelectedContext],
    named_images: Mapping[str, str],
    pins: Mapping[str, str],
) -> KeyInputs:
    counted = {
        name: value
        for name, value in image.recipe.build_args.items()
        if name in reads.declared_args and name not in image.volatile_build_args
    }
    references = [found.reference for found in reads.external_images]
    return KeyInputs(
        instructions=reads.instructions,
        platform=image.recipe.platform,
        target=image.recipe.target,
        build_args=counted,
        labels=image.recipe.labels,
        contexts={name: context.selection.digest for name, context in selected.items()},
        external_images={
            **{reference: pins.get(reference, reference) for reference in references},
            **{f"{name}={place}": pins.get(place, place) for name, place in named_images.items()},
        },
        base_keys=image.base_keys,
        secret_ids=tuple(sorted(set(image.secret_ids))),
        triggers=image.triggers,
        options={name: ",".join(texts) for name, texts in image.recipe.given.items()},
    )


def _source_parts(selected: Mapping[str, SelectedContext]) -> dict[str, str]:
    return {
        f"source:{name}:{text}": digest for name, context in selected.items() for text, digest in context.parts.items()
    }


def with_snapstart(image: DeclaredImage) -> DeclaredImage:
    """Return an image that Lambda's SnapStart takes: with its label, unless what it starts from needs none.

    Raises:
        DockerfileError: As ``read_declared``.
    """
    _, reads = read_declared(image)
    if reads.starts_from and not snapstart.needs_label(reads.starts_from):
        return image
    labels = {**image.recipe.labels, snapstart.LABEL: snapstart.ALLOW}
    return replace(image, recipe=replace(image.recipe, labels=labels))
