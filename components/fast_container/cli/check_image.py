"""``fast-container check-image``: what is in an image that was pushed, and whether it is fit for where it runs.

Decides the exit codes: 1 when a finding is as bad as ``--fail-on``, else 0 (2 is bad input, as everywhere). Leaves
reading to ``build.image_contents``, the rules to ``checks.image``, and the options to ``cli.check_arguments``.
"""

from __future__ import annotations

import argparse
import asyncio
import os

from fast_container.adapters.layers.listing_cache import ListingCache
from fast_container.adapters.layers.registry_listings import RegistryListings
from fast_container.adapters.registry.image_resolver import MIRRORS_VARIABLE, AbsentImageError, parse_mirrors
from fast_container.adapters.registry.registries import Registries
from fast_container.build.image_contents import read_image
from fast_container.checks.finding import Severity, worst
from fast_container.checks.image.check import RULES, check_image
from fast_container.checks.image.settings import ImageChecks, parse_size
from fast_container.cli.finding_formats import FORMATS, FindingsReport
from fast_container.core.aws_access import AwsAccess
from fast_container.core.cache_folder import cache_folder
from fast_container.core.layers.contents import ImageContents
from fast_container.core.oci.platform import NotAPlatformError, normal_platform
from fast_container.core.oci.reference import NotAReferenceError, parse_reference
from fast_container.core.ports import Manifest, Registry
from fast_container.core.spelling import megabytes
from fast_container.errors import ArgsError

FOUND = 1
_LEVELS = ("error", "warning", "off")


def run(arguments: argparse.Namespace) -> int:
    """Read, check, print.

    Raises:
        FastContainerError: Bad input, or the registry cannot be asked.
    """
    settings = _settings(arguments)
    image = asyncio.run(_read(arguments))
    findings = check_image(image, settings)
    facts = {
        "image": image.name,
        "runs_on": settings.runs_on,
        "compressed_bytes": image.compressed_bytes,
        "unpacked_bytes": image.files.unpacked_bytes if image.files else None,
    }
    report = FindingsReport(findings, subject=f"{image.name}: {_sizes(image)}", facts=facts)
    FORMATS["json" if arguments.json else arguments.format](report)
    return FOUND if worst(findings).reaches(arguments.fail_on) else 0


def _sizes(image: ImageContents) -> str:
    unpacked = f", {megabytes(image.files.unpacked_bytes)} unpacked" if image.files else ""
    count = len(image.layer_bytes)
    return f"{count} layer{'' if count == 1 else 's'}, {megabytes(image.compressed_bytes)} compressed{unpacked}"


def _settings(arguments: argparse.Namespace) -> ImageChecks:
    return ImageChecks(
        runs_on=arguments.runs_on,
        max_size_bytes=_size("--max-size", arguments.max_size),
        max_layer_bytes=_size("--max-layer", arguments.max_layer),
        required=tuple(arguments.require),
        forbidden=tuple(arguments.forbid),
        severities=dict(_severity(said) for said in arguments.rule),
    )


def _size(flag: str, text: str | None) -> int | None:
    try:
        return None if text is None else parse_size(text)
    except ValueError as error:
        raise ArgsError("The budget is not a size.", property_path=flag, why=str(error)) from None


def _severity(said: str) -> tuple[str, Severity]:
    rule, _, level = said.partition("=")
    if rule not in RULES or level not in _LEVELS:
        raise ArgsError(
            f"{said!r} does not set a rule.",
            property_path="--rule",
            next_step=f"Say one of {', '.join(RULES)}, =, and one of {', '.join(_LEVELS)}.",
        )
    return rule, Severity(level)


async def _read(arguments: argparse.Namespace) -> ImageContents:
    try:
        platform = normal_platform(arguments.platform)
    except NotAPlatformError as error:
        raise ArgsError(
            "The platform cannot be read.", property_path="--platform", why=str(error), next_step="Say linux/arm64."
        ) from None
    registries = Registries(AwsAccess(), os.environ)
    try:
        registry, manifest = await _find(arguments, registries)
        cache = ListingCache(cache_folder(os.environ) / "layers")
        lister = RegistryListings(registries.oci_blocking, cache)
        return await read_image(registry, manifest, lister, platform=platform)
    finally:
        registries.close()


async def _find(arguments: argparse.Namespace, registries: Registries) -> tuple[Registry, Manifest]:
    if (arguments.reference is None) == (arguments.plan is None) or (arguments.plan is None) != (
        arguments.image is None
    ):
        raise ArgsError(
            "Which image is to be checked is not clear.",
            property_path="REF",
            next_step="Give a reference, or --plan and --image.",
        )
    return await (_planned(arguments, registries) if arguments.plan else _referred(arguments, registries))


async def _planned(arguments: argparse.Namespace, registries: Registries) -> tuple[Registry, Manifest]:
    from fast_container.cli.planned import (  # noqa: PLC0415 - half of the library
        chosen,
        current_images,
        load_plan,
        look_up,
    )

    entries = load_plan(arguments.plan).entries
    chosen(entries, arguments.image)
    image = current_images(entries)[arguments.image]
    found = (await look_up({arguments.image: image}, registries)).get(arguments.image)
    if found is None:
        raise AbsentImageError(
            f"The image {arguments.image} is not in its registry.",
            where=image.entry.repository_url,
            next_step="Build it first: run `pulumi up` or `fast-container warm`.",
        )
    return registries.repository(image.entry.repository_url), found


async def _referred(arguments: argparse.Namespace, registries: Registries) -> tuple[Registry, Manifest]:
    try:
        reference = parse_reference(arguments.reference)
    except NotAReferenceError as error:
        raise ArgsError("The reference cannot be read.", property_path="REF", why=str(error)) from None
    mirrors = parse_mirrors(os.environ.get(MIRRORS_VARIABLE, "").split(","), MIRRORS_VARIABLE)
    registry = registries.repository(f"{mirrors.get(reference.host, reference.host)}/{reference.path}")
    tag = reference.tag or "latest"
    if reference.digest:
        found = await registry.manifest(reference.digest)
    else:
        found = (await registry.find([tag])).get(tag)
    if found is None:
        raise AbsentImageError(f"There is no image {reference.normalised}.", where=registry.url)
    return registry, found
