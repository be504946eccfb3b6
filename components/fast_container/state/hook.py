"""The one hook of a program: runs before a record is created or updated, in preview and in ``up``.

Decides, with the registry's answer, between reuse and build, and explains it on the image's row. In preview it only
looks up. Leaves building and publishing to ``build.pipeline``, and recording the digest to the provider.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any, Final, NoReturn, cast

import pulumi
from pulumi.output import Unknown
from pulumi.runtime import rpc, settings

from fast_container.adapters.threads import in_thread
from fast_container.adapters.traceback_log import explained
from fast_container.builders import cache_dir
from fast_container.core.decision import (
    MOVED,
    NEW_HERE,
    Build,
    NoManifest,
    RecordedImage,
    Replaced,
    Reuse,
    Skip,
    decide,
)
from fast_container.core.image_checks import recorded_changes
from fast_container.core.key import tag_of
from fast_container.core.replaced_tag import replaced_error
from fast_container.errors import ContextChanged, FastContainerError, RegistryError
from fast_container.printable import printable
from fast_container.state.explanation import explain, is_remembered, remember
from fast_container.state.image_build import BUILDING
from fast_container.state.jobs import check_runs, held_elsewhere, only_started, publish, say_missing_bases
from fast_container.state.prepared_image import PreparedImage
from fast_container.state.program import Program
from fast_container.state.rollback.pinned import verified_pin
from fast_container.state.secret_values import check_sources

_UNEXPECTED: Final = "An unexpected error occurred."


def make_hook(program: Program) -> pulumi.ResourceHook:
    """Make the hook that all records of a program are bound to."""

    async def before_change(args: pulumi.ResourceHookArgs) -> None:
        new, old = args.new_inputs or {}, args.old_inputs or {}
        if _is_unknown(new.get("build_key")):
            return
        unplaced = _is_unknown(new.get("repository_url"))
        index = program.indexes.get((args.name, "" if unplaced else new["repository_url"], new["build_key"]))
        if index is not None:
            await index(_recorded(args))
            return
        image = (
            program.unplaced.get(args.name)
            if unplaced
            else program.planned(new["repository_url"], new["build_key"], args.name)
        )
        if image is None:
            return
        recorded = _recorded(args)
        try:
            if unplaced:
                await _preview_unplaced(program, image, _moved_key(new, old), recorded)
                await program.git_line.note_change()
            elif settings.is_dry_run():
                await _preview(program, image, recorded, old)
                await program.git_line.note_change()
            else:
                builder, platform = image.builder, image.selected.declared.recipe.platform
                building = program.executors.preparing(builder, platform, image.access)
                preparing = nullcontext() if image.inputs.pin else building
                async with program.interrupt_line.during(), preparing:
                    await _publish(program, image, recorded, old, wait=new.get("wait") is not False)
        except pulumi.RunError:
            raise
        except Exception as error:
            await _refuse(program, image, error)

    return pulumi.ResourceHook(
        "fast-container:before-change", before_change, pulumi.ResourceHookOptions(on_dry_run=True)
    )


async def _refuse(program: Program, image: PreparedImage, error: Exception) -> NoReturn:
    if isinstance(error, ContextChanged):
        # A remembered digest may be the cause: the next run reads again.
        await in_thread(program.walks.forget, error.root)
    refusal = pulumi.RunError(_message(explained(error, _UNEXPECTED, cache_dir() / "logs"), image))
    if not settings.is_dry_run():
        raise refusal from None
    await program.refusals.hold_in_preview(image.reporter.resource, refusal)


async def _preview(
    program: Program, image: PreparedImage, recorded: RecordedImage | None, old: Mapping[str, Any]
) -> None:
    plan = await _decided(program, image, recorded)
    if isinstance(plan, Skip):
        if image.inputs.checks and (changed := recorded_changes(str(old.get("checks") or ""), image.recorded_checks)):
            image.reporter.note(f"will be checked again, without a build: {changed}")
        return
    if image.inputs.pin:
        held = await held_elsewhere(program, image, _moved_from(image, recorded, old))
        image.reporter.note(f"will be {await verified_pin(program, image, held, recorded)}")
        return
    explained = await _explained(program, image, recorded, old, plan.reason)
    _say_what_widens(image)
    if isinstance(plan, Reuse):
        image.reporter.note(f"will be reused from the registry: {explained}")
        return
    if source := await _copied_from(program, image, _moved_from(image, recorded, old)):
        image.reporter.note(f"will be copied from {source}: {explained}")
        program.to_build.add(image.record_name)
        return
    check_sources(image.inputs.secrets)
    image.reporter.note(f"will be built: {explained}")
    for note in program.notes.get(image.record_name, ()):
        image.reporter.note(note)
    # At once: twins of other repositories ask whether it is built while this one waits.
    program.to_build.add(image.record_name)
    await _show_findings(program, image, in_preview=True)
    await say_missing_bases(program, image)
    await check_runs(image)
    _warn_about_parallelism(program, image)


async def _preview_unplaced(
    program: Program, image: PreparedImage, before: str, recorded: RecordedImage | None
) -> None:
    """Report what will be done for an image whose repository does not exist yet: built, or copied from its old one."""
    if image.inputs.pin:
        held = await held_elsewhere(program, image, before)
        image.reporter.note(f"will be {await verified_pin(program, image, held, recorded)}")
        return
    if source := await held_elsewhere(program, image, before):
        image.reporter.note(f"will be copied from {source}: {MOVED if before else NEW_HERE}")
        return
    check_sources(image.inputs.secrets)
    image.reporter.note("will be built: its repository does not exist yet")
    for note in program.notes.get(image.record_name, ()):
        image.reporter.note(note)
    await _show_findings(program, image, in_preview=True)


async def _show_findings(program: Program, image: PreparedImage, *, in_preview: bool) -> None:
    """Show what is found about the Dockerfile of an image that is to be built; raises as ``LintLines.show``."""
    runs_on, lint = image.inputs.runs_on, image.inputs.lint
    await program.lint_lines.show(image.selected, runs_on, lint, image.reporter, in_preview=in_preview)


def _moved_key(new: Mapping[str, Any], old: Mapping[str, Any]) -> str:
    """Return the repository in which the state has the same image; "" without one."""
    url = old.get("repository_url")
    return url if isinstance(url, str) and url != rpc.UNKNOWN and old.get("build_key") == new["build_key"] else ""


async def _decided(program: Program, image: PreparedImage, recorded: RecordedImage | None) -> Skip | Reuse | Build:
    """Return the decision by the registry's answer.

    Raises:
        RegistryError: The registry cannot be asked, or has another image than the one that was recorded.
    """
    key = image.selected.key
    found = (await program.repository_of(image).find([key.tag])).get(key.tag)
    contents = program.contents.get(image.record_name)
    called = {**image.called, **(contents.called if contents is not None else {})}
    plan = decide(key, recorded, found or NoManifest.ABSENT, called)
    if isinstance(plan, Replaced):
        raise replaced_error(image.repository_url, key.tag, plan.recorded, plan.found)
    return plan


async def _copied_from(program: Program, image: PreparedImage, before: str) -> str:
    """Return the source of an image that its repository lacks and that needs no build of its own; "" without one."""
    if source := await held_elsewhere(program, image, before):
        return source
    first = next((twin for twin in program.twins(image) if twin.record_name in program.to_build), None)
    return f"{first.repository_url}, where it is built first" if first else ""


async def _publish(
    program: Program,
    image: PreparedImage,
    recorded: RecordedImage | None,
    old: Mapping[str, Any],
    *,
    wait: bool,
) -> None:
    plan, before = await _decided(program, image, recorded), _moved_from(image, recorded, old)
    if image.inputs.pin:
        explained = await verified_pin(program, image, await held_elsewhere(program, image, before), recorded)
        await publish(program, image, before=before, recorded=recorded, explained=explained)
        return
    _say_what_widens(image)
    if isinstance(plan, Build) and not await held_elsewhere(program, image, before):
        await _show_findings(program, image, in_preview=False)
        if image.inputs.emulate is not None:
            await check_runs(image)
    if await only_started(program, image, recorded, old, plan.reason, wait=wait):
        return
    if await program.count_missing(image):
        _warn_about_parallelism(program, image)
    explained = await _explained(program, image, recorded, old, plan.reason)
    await publish(program, image, before=before, recorded=recorded, explained=explained)


async def _explained(
    program: Program, image: PreparedImage, recorded: RecordedImage | None, old: Mapping[str, Any], reason: str
) -> str:
    """The reason with names; on a machine that does not know the old inputs they are fetched from beside the image."""
    folder, url = cache_dir() / "inputs", old.get("repository_url")
    if (
        recorded is not None
        and recorded.digest
        and isinstance(url, str)
        and not is_remembered(recorded.key_hex, folder)
    ):
        found = await in_thread(program.records.shared.inputs_of, str(url), recorded.digest)
        if found is not None:
            remember(recorded.key_hex, found, folder)
    explained = explain(image, old, reason, folder, program.contents.get(image.record_name))
    return f"no longer pinned to {old['tag']}" if old.get("pin") and recorded is not None else explained


def _moved_from(image: PreparedImage, recorded: RecordedImage | None, old: Mapping[str, Any]) -> str:
    """Return the repository in the state if the same image is now wanted in another one; else ""."""
    url = old.get("repository_url")
    same = recorded is not None and recorded.key_hex == image.selected.key.hex and not recorded.here
    return url if same and isinstance(url, str) and url != rpc.UNKNOWN else ""


def _recorded(args: pulumi.ResourceHookArgs) -> RecordedImage | None:
    old, new, outputs = args.old_inputs or {}, args.new_inputs or {}, args.old_outputs or {}
    key, digest, accepted = old.get("build_key"), outputs.get("digest"), new.get("accepted")
    if not isinstance(key, str) or key == rpc.UNKNOWN:
        return None
    return RecordedImage(
        _in_full(key, new.get("build_key")),
        digest if isinstance(digest, str) else "",
        cast("Mapping[str, str]", old.get("parts") or {}),
        here=old.get("repository_url") == new.get("repository_url"),
        settled=outputs.get("status") != BUILDING,
        accepted=accepted if isinstance(accepted, str) else "",
    )


def _in_full(key: str, wanted: object) -> str:
    """Return a recorded key as the wanted one is spelled if both have one tag: a pin may have the tag's digits only."""
    return wanted if isinstance(wanted, str) and tag_of(wanted) == tag_of(key) else key


def _warn_about_parallelism(program: Program, image: PreparedImage) -> None:
    """Warn once that the engine, not the builder, limits the builds, with the flag that helps."""
    wanted = min(len(program.to_build), image.builder.images_at_once)
    allowed = cast("int | None", cast(Any, settings.SETTINGS).parallel)
    if allowed and wanted > allowed and "parallel" not in program.warned:
        program.warned.add("parallel")
        pulumi.log.warn(
            f"{len(program.to_build)} or more images are to be built, but the engine runs {allowed} at once:"
            f" use `--parallel {max(len(program.images), wanted)}`"
        )


def _say_what_widens(image: PreparedImage) -> None:
    """Report what makes the context wide, only if something is done: an unchanged image is not worth a line."""
    for warning in image.selected.warnings:
        image.reporter.warn(printable(warning))


def _message(error: FastContainerError, image: PreparedImage) -> str:
    message = f"{image.inputs.kind} {image.selected.declared.name!r}: {error}"
    if image.provider_is_explicit and isinstance(error, RegistryError):
        message += (
            "\n  note: an explicit aws.Provider shows neither its assumed roles nor its endpoints;"
            " if it has any, say them with `builder=LocalBuilder(aws=AwsAccess(assume_roles=…, endpoints=…))`"
        )
    return message


def _is_unknown(value: object) -> bool:
    return value is None or value == rpc.UNKNOWN or isinstance(value, pulumi.Output | Unknown)
