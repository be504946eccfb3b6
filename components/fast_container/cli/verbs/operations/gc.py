"""``fast-container gc``: which images nothing uses any more; with ``--delete`` they are deleted.

Decides the exit codes: 0 done (of a dry run: whatever it found), 1 when something could not be deleted, 2 when
something that may use an image cannot be read, or for bad input; then nothing is deleted. Leaves the decision about an
image to ``core.cleanup``, the order to ``cleanup``, and the form of the answer to ``cli.cleanup_tables``.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fast_container.adapters.inventory.ecr_images import EcrImages
from fast_container.adapters.inventory.ecr_settings import read_settings
from fast_container.adapters.inventory.s3_sources import S3Sources
from fast_container.cleanup.deletion import Deletion, Outcome
from fast_container.cleanup.scan import Scan, all_of, scan
from fast_container.cli.cleanup_tables import as_json, lines_of, outcome_lines
from fast_container.cli.output import complain, say
from fast_container.cli.spans import number_of, seconds_of
from fast_container.cli.usage_readers import (
    Accounts,
    ClientOf,
    Sessions,
    check_services,
    plans_of,
    regions_of,
    repositories_of,
    stack_readers,
)
from fast_container.core.cleanup.repository_policy import ANYONE
from fast_container.core.cleanup.sources import SourceObject, old_sources
from fast_container.core.cleanup.verdicts import Rules
from fast_container.core.oci.ecr_host import ecr_host
from fast_container.core.oci.repository import Repository
from fast_container.core.spelling import counted
from fast_container.errors import ArgsError, AuthError

_NOT_DELETED: Final = 1
_INTERRUPTED: Final = 130
_SHORTEST_GRACE_S: Final = 3600.0
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)


def run(arguments: argparse.Namespace, client_of: ClientOf | None = None) -> int:
    """Scan, print, and delete if that is asked for.

    Args:
        arguments: As parsed.
        client_of: Makes the clients of AWS; by default as the environment has them.

    Raises:
        FastContainerError: Bad input, or something cannot be read: then nothing is deleted.
    """
    rules = _rules(arguments)
    check_services(arguments.without)
    _check_accounts(arguments.without_account)
    plans = plans_of(arguments)
    urls = repositories_of(arguments, plans)
    accounts = Accounts(arguments.profile or [""], regions_of(arguments, urls), client_of or Sessions(os.environ))
    stores = [_store(url, accounts) for url in urls]
    buckets = [_bucket(text, accounts) for text in arguments.bucket]
    notes = _check_settings(urls, accounts, set(arguments.without_account))
    readers = [*accounts.readers(arguments.without), *stack_readers(arguments, plans)]
    if not arguments.stack and not arguments.state:
        notes.append("no state of a stack was given (--stack, --state): what only a state names is not seen")
    found = scan(stores, readers, rules, time.time())
    sources = _old_sources(buckets, rules, found.now)
    if not arguments.delete:
        _show(arguments, found, sources, notes, None)
        return 0
    if not arguments.json:
        say(lines_of(found, sources, notes, everything=arguments.all))
    deletion = Deletion(found, stores, readers, rules, time.time)
    return _delete(arguments, deletion, found, _Sources(buckets, sources, rules), notes)


@dataclass(frozen=True, slots=True)
class _Sources:
    """Old sources, and the buckets that they are in."""

    buckets: Sequence[S3Sources]
    objects: Sequence[SourceObject]
    rules: Rules

    def still_old(self) -> _Sources:
        """Return those that are old now: a build may have put one again."""
        now = _old_sources(self.buckets, self.rules, time.time()) if self.objects else []
        old = {(one.bucket, one.key) for one in now}
        left = [one for one in self.objects if (one.bucket, one.key) in old]
        return _Sources(self.buckets, left, self.rules)

    def delete(self) -> dict[str, str]:
        """Delete them; key → why one was not deleted."""
        failed: dict[str, str] = {}
        for bucket in self.buckets:
            # Two prefixes of one bucket have different objects, and deleting one twice does no harm.
            failed |= bucket.delete([one for one in self.objects if one.bucket == bucket.bucket])
        return failed


def _delete(
    arguments: argparse.Namespace, deletion: Deletion, found: Scan, sources: _Sources, notes: Sequence[str]
) -> int:
    progress = _Progress(len(found.to_delete))
    try:
        outcome = deletion.run(progress.show)
        sources = sources.still_old()
        failed_sources = sources.delete()
    except KeyboardInterrupt:
        complain(f"fast-container: stopped; deleted so far: {_deleted(deletion)}. Run it again to go on.")
        return _INTERRUPTED
    except BaseException:
        complain(f"fast-container: deleted before this: {_deleted(deletion)}")
        raise
    if arguments.json:
        _write(as_json(found, sources.objects, notes, outcome, failed_sources))
    else:
        say(outcome_lines(outcome, len(sources.objects), failed_sources))
    return _NOT_DELETED if outcome.failed or failed_sources else 0


def _deleted(deletion: Deletion) -> str:
    return counted(len(deletion.outcome.deleted), "image")


def _show(
    arguments: argparse.Namespace,
    found: Scan,
    sources: Sequence[SourceObject],
    notes: Sequence[str],
    outcome: Outcome | None,
) -> None:
    if arguments.json:
        _write(as_json(found, sources, notes, outcome, {}))
    else:
        say([*lines_of(found, sources, notes, everything=arguments.all), "nothing was changed: --delete deletes"])


def _write(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")


class _Progress:
    """One line for each batch, on a terminal's standard error."""

    def __init__(self, count: int) -> None:
        self._count = count

    def show(self, outcome: Outcome) -> None:
        """Say how far it is."""
        if sys.stderr.isatty():
            complain(f"deleted {len(outcome.deleted)} of {self._count}")


def _rules(arguments: argparse.Namespace) -> Rules:
    grace_s = seconds_of(arguments.grace, "--grace")
    if grace_s < _SHORTEST_GRACE_S:
        raise ArgsError(
            f"A grace period of {arguments.grace} is too short.",
            property_path="--grace",
            why="an image has no tag between its push and the end of its checks",
            next_step="Give an hour or more.",
        )
    return Rules(number_of(arguments.keep, "--keep"), seconds_of(arguments.older_than, "--older-than"), grace_s)


def _check_accounts(without: Sequence[str]) -> None:
    for account in without:
        if account != ANYONE and not re.fullmatch(r"[0-9]{12}", account, re.ASCII):
            raise ArgsError(
                f"{account!r} is not an account.",
                property_path="--without-account",
                next_step="Give its twelve digits, or * for any.",
            )


def _ecr(url: str, accounts: Accounts) -> tuple[Callable[[], Any], str]:
    """The client for a repository, and its account."""
    known = ecr_host(Repository.parse(url).host)
    region, account = (known.region, known.account) if known else ("", "")
    return (lambda: accounts.client("ecr", region)), account


def _store(url: str, accounts: Accounts) -> EcrImages:
    return EcrImages(url, *_ecr(url, accounts))


def _bucket(text: str, accounts: Accounts) -> S3Sources:
    name, _, prefix = text.partition("/")
    if not _BUCKET.fullmatch(name):
        raise ArgsError(
            f"{text!r} is not a bucket.", property_path="--bucket", next_step="Give it as NAME or NAME/PREFIX."
        )
    return S3Sources(name, prefix.strip("/"), lambda: accounts.client("s3", accounts.regions[0]))


def _old_sources(buckets: Sequence[S3Sources], rules: Rules, now: float) -> list[SourceObject]:
    listed = all_of([bucket.read for bucket in buckets])
    age_s = max(rules.older_than_s, rules.grace_s)
    return [
        one
        for bucket, objects in zip(buckets, listed, strict=True)
        for one in old_sources(objects, bucket.prefix, age_s, now)
    ]


def _check_settings(urls: Sequence[str], accounts: Accounts, without: set[str]) -> list[str]:
    """Return notes about lifecycle rules.

    Raises:
        AuthError: An account that is not looked at may pull.
    """
    known = accounts.ids() | without
    _check_owners(urls, known)
    settings = all_of([_SettingsOf(url, accounts) for url in urls])
    notes: list[str] = []
    for url, found in zip(urls, settings, strict=True):
        unseen = set[str]() if ANYONE in without else found.accounts - known
        if unseen:
            named = ", ".join("any account" if one == ANYONE else f"account {one}" for one in sorted(unseen))
            raise AuthError(
                "Not everyone who may pull can be looked at, so nothing is deleted.",
                where=url,
                why=f"its policy, or its registry's, lets {named} pull",
                next_step="Give a --profile of each account; or --without-account where it runs no image of these.",
            )
        if found.blind_rules:
            numbers = ", ".join(str(number) for number in found.blind_rules)
            notes.append(
                f"{url}: lifecycle rule {numbers} expires images under key tags without knowing what is in use"
            )
    return notes


def _check_owners(urls: Sequence[str], known: set[str]) -> None:
    """Refuse a repository of an account that is not looked at: no policy says that its own account may pull."""
    for url in urls:
        host = ecr_host(Repository.parse(url).host)
        if host and host.account and host.account not in known and ANYONE not in known:
            raise AuthError(
                "The account of a repository is not looked at, so nothing is deleted.",
                where=url,
                why=f"account {host.account} owns it and may pull, and no profile is of that account",
                next_step="Give a --profile of it; or --without-account where it runs no image of these.",
            )


@dataclass(frozen=True, slots=True)
class _SettingsOf:
    url: str
    accounts: Accounts

    def __call__(self) -> Any:
        return read_settings(self.url, *_ecr(self.url, self.accounts))
