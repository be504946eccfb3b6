"""``fast-container warm``: builds and pushes missing images, and changes nothing else.

For pull requests and for filling caches. A composition root: the same pipeline as in ``pulumi up``, with the local
executor. Decides that a base is built before its consumers, that one failure does not stop the others, and from which
registries bases and copies may come: the plan file alone is not trusted. Secrets are given as ``--secret
ID=VARIABLE``; values are never on a command line.
"""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Collection, Mapping

from fast_container.adapters.buildx.executor import BuildxExecutor
from fast_container.adapters.clock import SystemClock
from fast_container.adapters.digests.walks import open_walks
from fast_container.adapters.layers.listing_cache import ListingCache
from fast_container.adapters.layers.registry_listings import RegistryListings
from fast_container.adapters.process.shared_guard import SharedGuard
from fast_container.adapters.registry.blob_copy import RegistryCopier
from fast_container.adapters.registry.ecr_scan import EcrScans
from fast_container.adapters.registry.layer_start import RegistryLayers
from fast_container.adapters.registry.registries import Registries
from fast_container.adapters.threads import in_thread, on_core
from fast_container.adapters.traceback_log import explained
from fast_container.build.base_check import check_base
from fast_container.build.check_contents import ContentChecks
from fast_container.build.scan_gate import ScanGate
from fast_container.build.scheduler import LimitedExecutor, Scheduler, default_parallel
from fast_container.cli.build_caches import BuildCaches, build_caches
from fast_container.cli.output import complain, say
from fast_container.cli.planned import (
    CurrentImage,
    current_images,
    load_plan,
    look_up,
    open_registries,
    own_bases,
    refuse_missing_pins,
)
from fast_container.core.build_secrets import check_value
from fast_container.core.cache_folder import cache_folder
from fast_container.core.job import job_of
from fast_container.core.key import tag_of
from fast_container.core.oci.repository import host_of
from fast_container.core.own_bases import base_platforms, is_own_base
from fast_container.core.ports import BuildJob
from fast_container.errors import ArgsError, ContextChanged, FastContainerError
from fast_container.printable import printable

_FAILED = 1
_INTERRUPTED = 130


class _Lines:
    """Satisfies ``core.ports.Reporter`` on standard error; progress is dropped."""

    def __init__(self, image: str) -> None:
        self._image = image

    def progress(self, line: str) -> None:
        """Do nothing: a log is not a display."""

    def note(self, line: str) -> None:
        """Print a line."""
        complain(printable(f"{self._image}: {line}"))

    def warn(self, line: str) -> None:
        """Print a line."""
        complain(printable(f"{self._image}: warning: {line}"))


def run(arguments: argparse.Namespace) -> int:
    """Build what is missing; the exit code is 0, 1 if a build failed, 2 for bad input, 130 after Ctrl-C."""
    max_parallel = default_parallel(os.cpu_count()) if arguments.max_parallel is None else arguments.max_parallel
    if max_parallel < 1:
        raise ArgsError(
            f"{max_parallel} images cannot be built at once.",
            property_path="--max-parallel",
            next_step="Give 1 or more.",
        )
    secrets = _secrets(arguments.secret)
    caches = build_caches(arguments.cache, arguments.cache_branch, arguments.cache_export)
    plan = load_plan(arguments.plan)
    images = current_images(plan.entries)
    for name, image in images.items():
        if not image.entry.repository_url:
            raise ArgsError(
                f"The repository of {name} was not known when the plan was written.",
                property_path="--plan",
                next_step="Deploy the stack that makes it, and let `pulumi preview` write the plan again.",
            )
    check_base_registries(images, arguments.trust_registry)
    for name in plan.unknown:
        complain(f"{name}: left out: its build key was not known when the plan was written")
    try:
        return asyncio.run(_warm(images, secrets, max_parallel, arguments.trust_registry, caches))
    except KeyboardInterrupt:
        complain("fast-container: interrupted")
        return _INTERRUPTED


async def _warm(
    images: Mapping[str, CurrentImage],
    secrets: Mapping[str, bytes],
    max_parallel: int,
    trusted: Collection[str],
    caches: BuildCaches,
) -> int:
    registries = open_registries()
    try:
        found = await look_up(images, registries)
        refuse_missing_pins(images, found)
        missing = [name for name in images if name not in found]
        _check_secrets({name: images[name] for name in missing}, secrets)
        local = BuildxExecutor(
            None,
            os.environ,
            cache_folder(os.environ) / "logs",
            credentials=registries.push_credentials,
            guard=SharedGuard(),
        )
        scheduler = Scheduler(
            SystemClock(),
            RegistryCopier(registries.oci_blocking),
            RegistryLayers(registries.oci_blocking),
            ContentChecks(
                lambda: RegistryListings(registries.oci_blocking, ListingCache(cache_folder(os.environ) / "layers")),
                SystemClock(),
                on_core,
            ),
            ScanGate(EcrScans(registries.ecr_client_blocking), SystemClock()),
        )
        executor = LimitedExecutor(local, max_parallel)
        digests = {name: manifest.digest for name, manifest in found.items()}
        tasks: dict[str, asyncio.Task[None]] = {}
        copied: list[str] = []

        async def one(name: str) -> None:
            image = images[name]
            await asyncio.wait([tasks[base] for base in image.bases.values() if base in tasks] or [_nothing()])
            registry = registries.repository(image.entry.repository_url)
            job = await in_thread(caches.of, await _job(image, images, digests, secrets, registries))
            elsewhere = [registries.repository(url) for url in copy_sources(image, images, trusted)]
            record = await scheduler.publish(
                job, registry, executor, _Lines(name), elsewhere=elsewhere, explained=_why(image)
            )
            digests[name] = record.digest
            await in_thread(caches.keep, record)
            if record.outcome == "copied":
                copied.append(name)

        # Bases come first in the plan's order, so that their tasks exist.
        for name in missing:
            tasks[name] = asyncio.create_task(one(name))
        outcomes = await asyncio.gather(*tasks.values(), return_exceptions=True)
    finally:
        registries.close()
    failed = _say_failures(dict(zip(tasks, outcomes, strict=True)))
    copies = f"{len(copied)} copied, " if copied else ""
    built = len(missing) - failed - len(copied)
    say([f"{len(found)} in the registry already, {copies}{built} built, {failed} not built"])
    return _FAILED if failed else 0


def check_base_registries(images: Mapping[str, CurrentImage], allowed: Collection[str]) -> None:
    """Refuse base images from a registry that only the plan file names.

    A base counts by its key, not by its place, so the place in a plan must not decide what is built.

    Raises:
        ArgsError: A base is in another registry than its image, and that was not allowed.
    """
    for name, image in images.items():
        own = host_of(image.entry.repository_url)
        of_plan = {base: images[other].entry.repository_url for base, other in image.bases.items()}
        for base, url in {**image.entry.bases, **of_plan}.items():
            host = host_of(url)
            if host != own and host not in allowed:
                raise ArgsError(
                    f"The base image {base!r} of {name} is in another registry than {name}.",
                    property_path="--trust-registry",
                    why=f"the plan file says {url}; a changed file could choose another base for {name}",
                    next_step=f"If base images come from there: --trust-registry {host}",
                )


def copy_sources(image: CurrentImage, images: Mapping[str, CurrentImage], trusted: Collection[str]) -> list[str]:
    """Return the other repositories in which the plan has the same image; of other registries only if trusted."""
    mine, key = image.entry.repository_url, image.selected.key.hex
    others = {other.entry.repository_url for other in images.values() if other.selected.key.hex == key}
    return [url for url in sorted(others - {mine}) if host_of(url) == host_of(mine) or host_of(url) in trusted]


def _why(image: CurrentImage) -> str:
    """Return why an image is built: there is no state here, only the registry's answer and the key in the plan file."""
    changed = image.selected.key.hex != image.entry.build_key
    return "not in the registry; changed since the plan was written" if changed else "not in the registry"


def _nothing() -> asyncio.Task[None]:
    return asyncio.create_task(asyncio.sleep(0))


def _say_failures(outcomes: Mapping[str, BaseException | None]) -> int:
    failed = {name: outcome for name, outcome in outcomes.items() if outcome is not None}
    for name, outcome in failed.items():
        if not isinstance(outcome, Exception):
            raise outcome
        if isinstance(outcome, ContextChanged):
            # A remembered digest may be the cause: the next run reads again.
            open_walks(cache_folder(os.environ)).forget(outcome.root)
        error = explained(outcome, "An unexpected error occurred.", cache_folder(os.environ) / "logs")
        complain(f"{name}: {error}")
    return len(failed)


def _check_secrets(missing: Mapping[str, CurrentImage], secrets: Mapping[str, bytes]) -> None:
    for name, image in missing.items():
        for secret in image.selected.declared.secret_ids:
            if secret not in secrets:
                raise ArgsError(
                    f"{name} needs the secret {secret!r}.",
                    property_path="--secret",
                    next_step=f"Give --secret {secret}=VARIABLE.",
                )
            # A CI service sets an empty variable for a secret that it does not have.
            check_value(secret, secrets[secret], "--secret")


async def _job(
    image: CurrentImage,
    images: Mapping[str, CurrentImage],
    digests: Mapping[str, str],
    secrets: Mapping[str, bytes],
    registries: Registries,
) -> BuildJob:
    named = {
        alias: reference
        if not is_own_base(reference)
        else await _base_reference(alias, image, images, digests, registries)
        for alias, reference in image.selected.named_images.items()
    }
    values = {secret: secrets[secret] for secret in image.selected.declared.secret_ids}
    return job_of(
        image.selected,
        image.entry.repository_url,
        named,
        own_bases(image, images),
        runs_on=image.entry.runs_on,
        secrets=values,
        checks=image.entry.checks,
    )


async def _base_reference(
    alias: str,
    image: CurrentImage,
    images: Mapping[str, CurrentImage],
    digests: Mapping[str, str],
    registries: Registries,
) -> str:
    declared = image.selected.declared
    name = next((name for name, value in declared.recipe.build_args.items() if value == alias), alias)
    url, key = image.entry.bases[name], declared.base_keys[name]
    if name in image.bases:
        if image.bases[name] not in digests:
            raise FastContainerError(
                f"Not built: its base image {image.bases[name]} failed.", next_step="Fix the base image first."
            )
        return f"docker-image://{images[image.bases[name]].entry.repository_url}@{digests[image.bases[name]]}"
    tag = tag_of(key)
    registry = registries.repository(url)
    found = (await registry.find([tag])).get(tag)
    if found is None:
        raise FastContainerError(
            f"The base image {name!r} is not in the registry.",
            where=f"{url}:{tag}",
            next_step="Warm or deploy the stack that makes it.",
        )
    facts = declared.base_facts.get(alias)
    await check_base(
        registry,
        found,
        name=name,
        platforms=base_platforms(image.selected.reads, alias),
        onbuild=facts.onbuild if facts else None,
    )
    return f"docker-image://{url}@{found.digest}"


def _secrets(pairs: list[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for pair in pairs:
        secret, equals, variable = pair.partition("=")
        if not equals or variable not in os.environ:
            # The pair is not shown: it may hold the value in the variable's place.
            raise ArgsError(
                f"The secret {secret!r} names no environment variable that is set.",
                property_path="--secret",
                next_step="Give --secret ID=VARIABLE.",
            )
        found[secret] = os.fsencode(os.environ[variable])
    return found
