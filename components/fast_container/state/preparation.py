"""Makes one declared image ready: awaits its Inputs, selects and hashes, makes it known to the program.

Decides what makes a key unknown in preview, and that nothing here blocks the event loop. Leaves the selection itself
to ``core.select`` and what happens with a changed key to ``state.hook``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias, cast

import pulumi
from pulumi.runtime import settings

from fast_container import args as rules
from fast_container.adapters.pulumi_log import PulumiReporter
from fast_container.adapters.threads import on_core
from fast_container.adapters.traceback_log import explained
from fast_container.builder_interface import Builder
from fast_container.builders import cache_dir
from fast_container.core.aws_access import AwsAccess
from fast_container.core.build_secrets import check_value
from fast_container.core.declared import DeclaredImage, check_arguments, check_declared
from fast_container.core.images.lock import LOCK_FILE, Policy
from fast_container.core.program_file import PlannedEntry
from fast_container.core.registry_cache import NamedCaches
from fast_container.core.select import SelectedImage, SharedWalks, select_image
from fast_container.errors import ArgsError, FastContainerError, RegistryError, bracketed
from fast_container.secret_sources import SecretEnv, SecretFile, SecretsManagerSecret, SsmParameter
from fast_container.shapes import shown
from fast_container.state.access import access_of_image, explicit_provider, refuse_keys_that_are_lost
from fast_container.state.afterwards import await_resources
from fast_container.state.bases import BaseUse, KnownBase, base_args, base_facts, check_base_key, check_used
from fast_container.state.inputs import Awaited, plain_texts
from fast_container.state.program import PlannedImage, Program

Texts: TypeAlias = "Mapping[str, pulumi.Input[str]]"

_FAULT: Final = (
    "If one of its Outputs fails (in a function given to `apply`), correct that."
    " Otherwise this is a fault of fast-container: please report it"
)


@dataclass(frozen=True, slots=True)
class ImageInputs:
    """One image's arguments: checked plain values, and Inputs that are to be awaited.

    Attributes:
        timeout_s: None is the builder's.
        own_caches: In place of the builder's registry cache.
        after: Resources that must be there before the image's files are read.
        kind: What the component is called in messages.
    """

    declared: DeclaredImage
    repository: pulumi.Input[str]
    build_args: Texts
    labels: Texts
    triggers: Texts
    secrets: Mapping[str, rules.SecretInput] = field(repr=False)
    bases: Mapping[str, BaseUse]
    runs_on: str
    timeout_s: float | None
    use_cache: bool
    own_caches: pulumi.Output[NamedCaches] | None = None
    image_policy: Policy = "as-written"
    images_lock: str = LOCK_FILE
    after: tuple[Any, ...] = ()
    kind: str = "FastContainerImage"


@dataclass(frozen=True, slots=True)
class Ready:
    """What is known once all Inputs were awaited; None is unknown in preview."""

    selected: SelectedImage | None
    repository_url: str | None
    access: AwsAccess
    bases: tuple[KnownBase, ...] = ()


def check_at_once(inputs: ImageInputs) -> None:
    """Refuse what plain values show to be wrong, while the program still stands at the image's line.

    A build arg decides what a Dockerfile says, so it is read only with their values: where one has to be awaited,
    ``prepare`` refuses, with the same words.

    Raises:
        FastContainerError: As ``core.select.select_image`` would.
    """
    build_args = plain_texts(inputs.build_args, "build_args")
    if build_args is None:
        check_arguments(inputs.declared)
    else:
        recipe = replace(inputs.declared.recipe, build_args=build_args | base_args(inputs.bases))
        check_declared(replace(inputs.declared, recipe=recipe))


async def prepare(
    component: pulumi.Resource,
    program: Program,
    inputs: ImageInputs,
    awaited: Awaited,
    builder: Builder,
    reporter: PulumiReporter,
) -> Ready:
    """Await, select, hash; plan the image where key and repository are known.

    Raises:
        pulumi.RunError: An Input or the context cannot be right.
    """
    entry, failed = None, True
    try:
        ready = await _prepare(component, program, inputs, awaited, builder, reporter)
        if ready.selected is not None:
            bases = {base.name: base.repository_url for base in ready.bases}
            entry = PlannedEntry(
                ready.selected.declared, ready.repository_url or "", inputs.runs_on, ready.selected.key.hex, bases
            )
        failed = False
        return ready
    finally:
        await program.settle(inputs.declared.name, entry, failed=failed)


async def _prepare(
    component: pulumi.Resource,
    program: Program,
    inputs: ImageInputs,
    awaited: Awaited,
    builder: Builder,
    reporter: PulumiReporter,
) -> Ready:
    try:
        builder.check_image(inputs.declared.recipe.platform, inputs.secrets)
        await await_resources(inputs.after)
        complete, walks = await _complete(program, inputs, awaited)
        unknown = ", ".join(awaited.unknown)
        await _check_secret_values(inputs.secrets)
        access = await access_of_image(component, builder.aws)
        if unknown:
            reporter.note(f"build key unknown in preview: {unknown} not known yet")
            program.spare_names.count(complete.given_names.paths, {}, reporter)
            return Ready(None, await _known_url(inputs, awaited), access)
        pinned = await _pinned(program, complete, inputs, access, reporter)
        if pinned is None:
            program.spare_names.count(complete.given_names.paths, {}, reporter)
            return Ready(None, await _known_url(inputs, awaited), access)
        selected = await _selected(pinned, walks)
        program.spare_names.count(complete.given_names.paths, selected.spare_names, reporter)
        check_used(inputs.bases, selected.named_images, complete.dockerfile_name)
        url = await _known_url(inputs, awaited)
        refuse_keys_that_are_lost(access, url)
        bases = await _known_bases(inputs.bases, complete)
    except FastContainerError as error:
        if program.refusals.under_way:
            reporter.progress(f"refused; {program.refusals.under_way} others have begun and are finished first")
        await program.refusals.hold(run_error(inputs.declared.name, error, inputs.kind))
    except pulumi.RunError:
        raise
    except Exception as error:
        what = "What this image is given could not be awaited."
        failure = explained(error, what, cache_dir() / "logs", fault=_FAULT)
        await program.refusals.hold(run_error(inputs.declared.name, failure, inputs.kind))
    planned = PlannedImage(
        record_name=record_name(complete.name),
        selected=selected,
        repository_url=url or "",
        runs_on=inputs.runs_on,
        timeout_s=inputs.timeout_s,
        builder=builder,
        access=access,
        provider_is_explicit=builder.aws is None and explicit_provider(component) is not None,
        reporter=reporter,
        use_cache=inputs.use_cache,
        own_caches=inputs.own_caches,
        bases=bases,
        secrets=inputs.secrets,
        kind=inputs.kind,
    )
    if url is None:
        program.unplaced[planned.record_name] = planned
    else:
        program.plan(planned)
    return Ready(selected, url, access, bases)


async def _complete(program: Program, inputs: ImageInputs, awaited: Awaited) -> tuple[DeclaredImage, SharedWalks]:
    """The declaration with all that was awaited, and the walks to read its files with.

    Files may have changed while something that other resources give was awaited; then a look of its own is due.
    """
    build_args, labels, triggers = await asyncio.gather(
        awaited.texts(inputs.build_args, "build_args"),
        awaited.texts(inputs.labels, "labels"),
        awaited.texts(inputs.triggers, "triggers"),
    )
    is_late = bool(awaited.resources or inputs.after)
    keys = {
        name: await awaited.text(base.build_key, _base_path(name, "build_key")) for name, base in inputs.bases.items()
    }
    for name, key in keys.items():
        if key is not None:
            check_base_key(key, _base_path(name, "build_key"))
    facts = await base_facts(inputs.bases, awaited)
    # What a base's triggers copy may have been written after other images of the program were read.
    is_late = is_late or any(base.onbuild for base in facts.values())
    complete = replace(
        inputs.declared,
        recipe=replace(inputs.declared.recipe, build_args=build_args | base_args(inputs.bases), labels=labels),
        triggers=triggers,
        base_keys={name: key for name, key in keys.items() if key is not None},
        base_facts=facts,
    )
    return complete, program.fresh_walks() if is_late else program.walks


async def _known_url(inputs: ImageInputs, awaited: Awaited) -> str | None:
    url = await awaited.text(inputs.repository, "repository")
    return None if url is None else rules.check_repository_url(url, "repository")


async def _known_bases(uses: Mapping[str, BaseUse], image: DeclaredImage) -> tuple[KnownBase, ...]:
    """The bases with their repositories; "" where one is not made yet: a base's key is enough for a preview."""
    known: list[KnownBase] = []
    for name, base in uses.items():
        path = _base_path(name, "repository_url")
        url = await Awaited().text(base.repository_url, path)
        if url is not None:
            url = rules.check_repository_url(url, path)
        recorded = base.recorded_key, base.resource_name, image.base_facts[base.alias], base.recorded_digest
        known.append(KnownBase(name, base.alias, url or "", image.base_keys[name], *recorded))
    return tuple(known)


def _base_path(name: str, output: str) -> str:
    return f"base_images{bracketed(name)}.{output}"


async def _pinned(
    program: Program, complete: DeclaredImage, inputs: ImageInputs, access: AwsAccess, reporter: PulumiReporter
) -> DeclaredImage | None:
    """The declaration with its pins; None in a preview that no registry answers."""
    try:
        return await program.pins.pinned(complete, inputs.image_policy, inputs.images_lock, access)
    except RegistryError as error:
        if not settings.is_dry_run():
            raise
        why = ": ".join(text for text in (error.what.rstrip("."), error.where, error.why) if text)
        reporter.note(f"build key unknown in preview: a base image could not be looked up ({why})")
        return None


async def _selected(pinned: DeclaredImage, walks: SharedWalks) -> SelectedImage:
    try:
        return await on_core(select_image, pinned, walks)
    except Exception as error:
        what = "The image's files could not be selected."
        raise explained(error, what, cache_dir() / "logs") from None


async def _check_secret_values(secrets: Mapping[str, rules.SecretInput]) -> None:
    for secret, source in secrets.items():
        if isinstance(source, SecretEnv | SecretFile | SecretsManagerSecret | SsmParameter):
            continue
        output = pulumi.Output.from_input(source)
        if not await output.is_known():
            continue
        value = cast(object, await output.future())
        if value is None:
            raise missing_secret(secret)
        check_value(secret, str(value))


def missing_secret(secret: str) -> ArgsError:
    """The error for a secret without a value."""
    return ArgsError(
        "The value of a build secret is missing.",
        property_path=f"secrets{bracketed(secret)}",
        next_step="for example `config.require_secret(…)`, which refuses a missing value by itself",
    )


def record_name(name: str) -> str:
    """The Pulumi name of an image's record."""
    return f"{name}-build"


def run_error(name: str, error: FastContainerError, kind: str) -> pulumi.RunError:
    """The error as the engine prints it, without a traceback."""
    return pulumi.RunError(f"{kind} {shown(name)}: {error}")
