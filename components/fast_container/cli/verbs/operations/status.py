"""``fast-container status``: where each image of a program stands: here, in the registry, deployed.

Decides that a question which cannot be answered (a permission that is missing, a registry that is not ECR) leaves a
gap and a note, and never fails the others: nothing is done by this answer. Asks a repository once, whatever the number
of its images. Leaves joining the answers to ``cli.image_status``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from fast_container.adapters.aws_lists import at_once
from fast_container.adapters.inventory.ecr_details import ImageDetails, fixable_findings, repository_details
from fast_container.adapters.records.local_records import LocalRecords
from fast_container.adapters.usage.deployed import Deployed, deployed_functions, deployed_tasks
from fast_container.cli.columns import table, terminal_width
from fast_container.cli.image_status import (
    ImageStatus,
    Running,
    place_checks,
    place_deployed,
    place_in_registry,
)
from fast_container.cli.moved_bases import moved_bases
from fast_container.cli.output import say
from fast_container.cli.planned import CurrentImage, current_images, load_plan, look_up, open_registries
from fast_container.cli.usage_readers import Accounts, ClientOf, Sessions, is_in_ecr
from fast_container.core.cache_folder import cache_folder
from fast_container.core.cleanup.verdicts import age_text
from fast_container.core.oci.ecr_host import ecr_host
from fast_container.core.oci.repository import Repository
from fast_container.core.records.record import BuildRecord
from fast_container.errors import FastContainerError

T = TypeVar("T")
_DIGITS = 12


def run(arguments: argparse.Namespace, client_of: ClientOf | None = None) -> int:
    """Ask and print.

    Args:
        arguments: As parsed.
        client_of: Makes the clients of AWS; by default as the environment has them.

    Raises:
        FastContainerError: Bad input: the plan file, or an image's files.
    """
    plan = load_plan(arguments.plan)
    current = current_images(plan.entries)
    images = [_here(name, image) for name, image in current.items()]
    question = _Question(arguments, current, client_of or Sessions(os.environ))
    others = question.answer(images)
    notes = [
        *question.notes,
        *(f"{name}: its build key was not known when the plan was written" for name in plan.unknown),
    ]
    if arguments.json:
        document = {
            "version": 1,
            "images": [image.as_json() for image in images],
            "others": [{"by": one.by, "digest": one.digest, "tag": one.tag} for one in others],
            "notes": notes,
        }
        sys.stdout.write(json.dumps(document) + "\n")
    else:
        say(_lines(images, others, notes, "-" if question.knows_deployed else "?"))
    return 0


def _here(name: str, image: CurrentImage) -> ImageStatus:
    key = image.selected.key.hex
    pin = image.entry.pin
    changed = key != image.entry.build_key
    return ImageStatus(name, image.entry.repository_url, key, changed, pin.tag if pin else "")


class _Question:
    """Everything that is asked, side by side; what cannot be answered is a note."""

    def __init__(self, arguments: argparse.Namespace, current: Mapping[str, CurrentImage], client_of: ClientOf) -> None:
        self._arguments = arguments
        self._current = current
        self._urls = list(
            dict.fromkeys(one.entry.repository_url for one in current.values() if one.entry.repository_url)
        )
        hosts = [ecr_host(Repository.parse(url).host) for url in self._urls]
        regions = arguments.region or list(dict.fromkeys(host.region if host else "" for host in hosts)) or [""]
        self._accounts = Accounts(arguments.profile or [""], regions, client_of)
        self.notes: list[str] = []
        self.knows_deployed = True

    def answer(self, images: Sequence[ImageStatus]) -> list[Running]:
        """Fill in the images; return what else runs from their repositories."""
        ours = [url for url in self._urls if is_in_ecr(url, os.environ)]
        with ThreadPoolExecutor(16) as pool:
            details = {url: pool.submit(self._try, partial(self._details, url)) for url in ours}
            deployed = [pool.submit(self._try, call) for call in self._deployed()]
            bases = pool.submit(self._try, self._bases)
            records = LocalRecords(cache_folder(os.environ)).read().records
            there = {url: found for url, one in details.items() if (found := one.result()) is not None}
            answers = [running.result() for running in deployed]
            moved = bases.result() or {}
        for image in images:
            place_in_registry(image, there)
            image.moved_bases = moved.get(image.name, [])
        self._elsewhere(images)
        place_checks(images, records)
        if self._arguments.fixable:
            self._fixable(images)
        self.knows_deployed = None not in answers
        running = [one for answer in answers for one in answer or ()]
        return place_deployed(images, there, running, _latest(records))

    def _details(self, url: str) -> list[ImageDetails]:
        known = ecr_host(Repository.parse(url).host)
        return repository_details(url, self._client_for(url), known.account if known else "")

    def _client_for(self, url: str) -> Callable[[], Any]:
        known = ecr_host(Repository.parse(url).host)
        return lambda: self._accounts.client("ecr", known.region if known else "")

    def _deployed(self) -> Iterator[Callable[[], list[Deployed]]]:
        for profile in self._accounts.profiles:
            for region in self._accounts.regions:
                client_of = self._accounts.client_of
                yield partial(deployed_functions, partial(client_of, "lambda", region, profile))
                yield partial(deployed_tasks, partial(client_of, "ecs", region, profile))

    def _bases(self) -> Mapping[str, list[str]]:
        if not any(image.entry.declared.image_pins for image in self._current.values()):
            return {}
        registries = open_registries()
        try:
            images = [image.entry.declared for image in self._current.values()]
            moved, notes = asyncio.run(moved_bases(images, registries))
        finally:
            registries.close()
        self.notes += notes
        return moved

    def _elsewhere(self, images: Sequence[ImageStatus]) -> None:
        """Look up the images of other registries than ECR by their tags."""
        wanted = {
            name: image
            for name, image in self._current.items()
            if image.entry.repository_url and not is_in_ecr(image.entry.repository_url, os.environ)
        }
        if not wanted:
            return
        registries = open_registries()
        try:
            found = self._try(lambda: asyncio.run(look_up(wanted, registries)))
        finally:
            registries.close()
        for image in images:
            if found is not None and image.name in wanted:
                image.in_registry = image.name in found
                image.digest = found[image.name].digest if image.in_registry else ""

    def _fixable(self, images: Sequence[ImageStatus]) -> None:
        scanned = [image for image in images if image.findings]

        def ask(image: ImageStatus) -> None:
            known = ecr_host(Repository.parse(image.repository_url).host)
            account = known.account if known else ""
            image.fixable = self._try(
                partial(
                    fixable_findings,
                    image.repository_url,
                    image.digest,
                    self._client_for(image.repository_url),
                    account,
                )
            )

        at_once(ask, scanned)

    def _try(self, call: Callable[[], T]) -> T | None:
        try:
            return call()
        except FastContainerError as error:
            note = " ".join(part for part in (error.what, error.why) if part)
            if note not in self.notes:
                self.notes.append(note)
            return None


def _latest(records: Iterable[BuildRecord]) -> list[BuildRecord]:
    return [record for record in records if record.digest]


def _lines(
    images: Sequence[ImageStatus], others: Sequence[Running], notes: Sequence[str], nowhere: str
) -> Iterator[str]:
    rows = [["image", "key here", "registry", "age", "base", "findings", "checks", "deployed"]]
    rows += [_row(image, time.time(), nowhere) for image in images]
    yield from table(rows, "01234567", max(terminal_width(), 120), indent=0)
    for one in others:
        yield f"also deployed: {one.by}: {one.tag or one.digest}"
    yield from (f"note: {note}" for note in notes)


def _row(image: ImageStatus, now: float, nowhere: str) -> list[str]:
    return [
        image.name,
        f"{image.tag.partition('-')[2][:_DIGITS]}{' pinned' if image.pinned else '*' if image.changed else ''}",
        "?" if image.in_registry is None else "yes" if image.in_registry else "no",
        age_text(now - image.pushed) if image.pushed else "-",
        f"{len(image.moved_bases)} moved" if image.moved_bases else "-",
        _counts(image),
        _checks(image),
        "; ".join(_running(one) for one in image.running) or nowhere,
    ]


def _running(one: Running) -> str:
    key = "this" if one.is_current else (one.tag.partition("-")[2] or one.digest.partition(":")[2])[:_DIGITS]
    return f"{one.by} = {key}"


def _counts(image: ImageStatus) -> str:
    if image.fixable is not None:
        return ", ".join(f"{count} {name.lower()} fixable" for name, count in image.fixable.items()) or "none fixable"
    if image.findings is None:
        return "-"
    return ", ".join(f"{count} {name.lower()}" for name, count in image.findings.items()) or "none"


def _checks(image: ImageStatus) -> str:
    if image.checks is None:
        return "-"
    levels = list(image.checks.values())
    return ", ".join(f"{levels.count(one)} {one}" for one in ("error", "warning", "info") if one in levels) or "passed"
