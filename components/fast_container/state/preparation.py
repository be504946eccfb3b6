"""Prepares one declared image: awaits its Inputs, selects and hashes, makes it known to the program.

Decides what makes a key unknown in preview, the order in which an image is refused, and that nothing here blocks the
event loop. ``Preparation.prepared`` has the whole order. Leaves the selection itself to ``core.select`` and the
consequences of a changed key to ``state.hook``.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, cast

import pulumi
from pulumi.runtime import settings

from fast_container.adapters.pulumi_log import PROGRESS, PulumiReporter
from fast_container.adapters.threads import in_thread, on_core
from fast_container.adapters.traceback_log import explained
from fast_container.args import SecretInput, check_repository_url
from fast_container.builder_interface import Builder
from fast_container.builders import cache_dir
from fast_container.core.aws_access import AwsAccess
from fast_container.core.build_secrets import check_value
from fast_container.core.declared import DeclaredImage, check_arguments, check_build_arg_names, check_declared
from fast_container.core.select import SelectedImage, SharedWalks, held_at, select_image, with_snapstart
from fast_container.core.spelling import counted
from fast_container.errors import ArgsError, FastContainerError, RegistryError, bracketed
from fast_container.secret_sources import SecretEnv, SecretFile, SecretsManagerSecret, SsmParameter
from fast_container.state.access import access_of_image, explicit_provider, refuse_keys_that_are_lost
from fast_container.state.afterwards import await_resources
from fast_container.state.bases import KnownBase, base_args, base_facts, check_base_key, check_used
from fast_container.state.inputs import Awaited, LateInput, derived_output, is_plain
from fast_container.state.prepared_image import ImageInputs, PreparedImage, run_error
from fast_container.state.program import Program
from fast_container.state.rollback.pinned import pinned_line

_FAULT: Final = (
    "If one of its Outputs fails (in a function given to `apply`), correct that."
    " Otherwise this is a fault of fast-container: please report it"
)


def check_at_once(inputs: ImageInputs) -> None:
    """Refuse plain values that are wrong, while the program is still at the image's line.

    A Dockerfile depends on build args, so it is read only with all their values: if one has to be awaited, the
    preparation refuses, with the same words.

    Raises:
        FastContainerError: As ``core.select.select_image`` would.
    """
    if all(is_plain(value) for value in inputs.build_args.values()):
        check_declared(inputs.declared)
    else:
        check_arguments(inputs.declared)
        check_build_arg_names(inputs.build_args)


class Preparation:
    """The one way of an image through its program, begun when its component is made.

    Args:
        component: The image.
        program: Its program.
        inputs: Its arguments.
        builder: Its builder.

    Attributes:
        image: The result; fails with the refusal.
        awaited: What it waited for.
        pin: The earlier key at which the image is held, if any.
    """

    def __init__(self, component: pulumi.Resource, program: Program, inputs: ImageInputs, builder: Builder) -> None:
        self._component = component
        self._program = program
        self._inputs = inputs
        self._builder = builder
        self._reporter = PulumiReporter(component, progress=os.environ.get(PROGRESS, ""))
        self.awaited = Awaited()
        self.pin = inputs.pin
        program.declare()
        self.image = asyncio.ensure_future(self._settled())

    @property
    def runs_on(self) -> str:
        """The place that its image must be fit for."""
        return self._inputs.runs_on

    def output(
        self, part: Callable[[PreparedImage], Any], is_known: Callable[[PreparedImage], bool] | None = None
    ) -> pulumi.Output[Any]:
        """Return an Output of a part of the prepared image; without ``is_known``, None is unknown in preview."""
        return derived_output(self.image, part, self.awaited, is_known)

    def record_input(self, begun: asyncio.Future[Any], part: Callable[[PreparedImage], Any]) -> pulumi.Input[Any]:
        """Return an input of the image's record: a part of the prepared image, once the record may be registered.

        It is not an Output before that: the SDK looks through all pending ones whenever one of them is done.
        """

        async def value() -> Any:
            await begun
            return part(await self.image)

        return cast("pulumi.Input[Any]", LateInput(value, self.awaited))

    async def _settled(self) -> PreparedImage:
        """Prepare, refuse in the program's way, and make the image known."""
        image: PreparedImage | None = None
        inputs, refusals = self._inputs, self._program.refusals
        try:
            image = await self.prepared()
            self._program.plan(image)
            if self._builder.check_registry == "always":
                await self._program.look_up(image)
            return image
        except FastContainerError as error:
            if refusals.under_way:
                self._reporter.progress(
                    f"refused; {counted(refusals.under_way, 'image')} in progress must finish first"
                )
            await refusals.hold(run_error(inputs.name, error, inputs.kind))
        except pulumi.RunError:
            raise
        except Exception as error:
            what = "The inputs of this image could not be awaited."
            failure = explained(error, what, cache_dir() / "logs", fault=_FAULT)
            await refusals.hold(run_error(inputs.name, failure, inputs.kind))
        finally:
            await self._program.settle(inputs.name, image.entry if image else None, failed=image is None)

    async def prepared(self) -> PreparedImage:
        """Prepare an image up to its record, in this order.

        Raises:
            FastContainerError: An Input or the context cannot be right.
        """
        inputs = self._inputs
        self._builder.check_image(inputs.declared.recipe.platform, inputs.secrets)
        await await_resources(inputs.after)
        complete, walks = await self._complete()
        unknown = ", ".join(self.awaited.unknown)
        await _check_secret_values(inputs.secrets)
        access = await access_of_image(self._component, self._builder.aws)
        if unknown:
            self._reporter.note(f"build key unknown in preview: {unknown} not known yet")
        pinned = None if unknown else await self._pinned(complete, access)
        source = await _selected(pinned, walks) if pinned else None
        known = source and held_at(source, inputs.pin)
        spare_names = known.spare_names if known else dict[str, str]()
        self._program.spare_names.count(complete.given_names.paths, spare_names, self._reporter)
        if known:
            check_used(inputs.bases, known.named_images, complete.dockerfile_name)
        if source and inputs.pin:
            self._reporter.note(await in_thread(pinned_line, inputs.pin, source))
        url = await self.awaited.text(inputs.repository, "repository")
        known_url = None if url is None else check_repository_url(url, "repository")
        if known:
            refuse_keys_that_are_lost(access, known_url)
        return PreparedImage(
            inputs,
            self._builder,
            self._reporter,
            access,
            self._builder.aws is None and explicit_provider(self._component) is not None,
            known,
            known_url,
            await self._known_bases(complete) if known else (),
            source,
        )

    async def _complete(self) -> tuple[DeclaredImage, SharedWalks]:
        """Return the declaration with all awaited values, and the walks to read its files with.

        Files may have changed while a value of another resource was awaited; then a fresh look is due.
        """
        inputs, awaited = self._inputs, self.awaited
        build_args, labels, triggers = await asyncio.gather(
            awaited.texts(inputs.build_args, "build_args"),
            awaited.texts(inputs.labels, "labels"),
            awaited.texts(inputs.triggers, "triggers"),
        )
        is_late = bool(awaited.resources or inputs.after)
        keys = {
            name: await awaited.text(base.build_key, _base_path(name, "build_key"))
            for name, base in inputs.bases.items()
        }
        for name, key in keys.items():
            if key is not None:
                check_base_key(key, _base_path(name, "build_key"))
        facts = await base_facts(inputs.bases, awaited)
        # Files that a base's triggers copy may have been written after other images of the program were read.
        is_late = is_late or any(base.onbuild for base in facts.values())
        complete = replace(
            inputs.declared,
            recipe=replace(inputs.declared.recipe, build_args=build_args | base_args(inputs.bases), labels=labels),
            triggers=triggers,
            base_keys={name: key for name, key in keys.items() if key is not None},
            base_facts=facts,
        )
        if inputs.snapstart and not self.awaited.unknown:
            complete = await on_core(with_snapstart, complete)
        return complete, self._program.fresh_walks() if is_late else self._program.walks

    async def _pinned(self, complete: DeclaredImage, access: AwsAccess) -> DeclaredImage | None:
        """Return the declaration with its pins; None in a preview without a registry's answer."""
        try:
            policy, lock = self._inputs.image_policy, self._inputs.images_lock
            return await self._program.pins.pinned(complete, policy, lock, access)
        except RegistryError as error:
            if not settings.is_dry_run():
                raise
            why = ": ".join(text for text in (error.what.rstrip("."), error.where, error.why) if text)
            self._reporter.note(f"build key unknown in preview: a base image could not be looked up ({why})")
            return None

    async def _known_bases(self, image: DeclaredImage) -> tuple[KnownBase, ...]:
        """Return the bases with their repositories; "" for one that does not exist yet: previews need only a key."""
        known: list[KnownBase] = []
        for name, base in self._inputs.bases.items():
            path = _base_path(name, "repository_url")
            url = await Awaited().text(base.repository_url, path)
            if url is not None:
                url = check_repository_url(url, path)
            recorded = base.recorded_key, base.resource_name, image.base_facts[base.alias], base.recorded_digest
            key = image.base_keys[name]
            known.append(KnownBase(name, base.alias, url or "", key, *recorded, is_pinned=base.is_pinned))
        return tuple(known)


def _base_path(name: str, output: str) -> str:
    return f"base_images{bracketed(name)}.{output}"


async def _selected(pinned: DeclaredImage, walks: SharedWalks) -> SelectedImage:
    try:
        return await on_core(select_image, pinned, walks)
    except Exception as error:
        what = "The image's files could not be selected."
        raise explained(error, what, cache_dir() / "logs") from None


async def _check_secret_values(secrets: Mapping[str, SecretInput]) -> None:
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
    """Make the error for a secret without a value."""
    return ArgsError(
        "The value of a build secret is missing.",
        property_path=f"secrets{bracketed(secret)}",
        next_step="For example: `config.require_secret(…)`, which refuses a missing value by itself",
    )
