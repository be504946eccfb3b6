"""``fast-container doctor``: whether this machine and this account can do what builds need, each with its fix.

Decides which examinations are made and the exit codes: 0 nothing is wrong (notes and warnings may be there), 1 a
problem, 2 bad input. Leaves the examinations to ``doctor``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from functools import partial

from fast_container.cli.output import say
from fast_container.cli.planned import load_plan
from fast_container.cli.usage_readers import ClientOf, Sessions
from fast_container.core.cache_folder import cache_folder
from fast_container.core.oci.ecr_host import repository_arn
from fast_container.core.oci.platform import normal_or_same
from fast_container.core.program_file import PlannedEntry
from fast_container.core.spelling import counted
from fast_container.doctor.account import account_examinations, find_identity
from fast_container.doctor.answers import Answer, Examination, Level, examine
from fast_container.doctor.docker_hub import docker_hub_answers
from fast_container.doctor.tools import tool_examinations
from fast_container.errors import ArgsError, FastContainerError

_PROBLEM = 1
_LONGEST_S = 600


def run(arguments: argparse.Namespace, client_of: ClientOf | None = None) -> int:
    """Examine and print.

    Args:
        arguments: As parsed.
        client_of: Makes the clients of AWS; by default as the environment has them.

    Raises:
        ArgsError: Bad input.
    """
    limit_s = _limit(arguments.timeout)
    entries = list(load_plan(arguments.plan).entries.values()) if arguments.plan else []
    examinations = tool_examinations(
        os.environ,
        cache_folder(os.environ),
        list(dict.fromkeys(normal_or_same(one.declared.recipe.platform) for one in entries)),
        arguments.builder,
        builds_here=not arguments.codebuild,
    )
    if not arguments.offline:
        examinations.append(Examination("Docker Hub", docker_hub_answers))
        account = _Account(arguments, client_of or Sessions(os.environ), entries, limit_s)
        examinations.append(Examination("AWS", account.answers, Level.PROBLEM))
    # The account's own examinations have the same limit, after that of the credentials.
    answers = examine(examinations, 2 * limit_s)
    if arguments.json:
        found = [
            {"subject": one.subject, "level": one.level.value, "what": one.what, "fix": one.fix} for one in answers
        ]
        sys.stdout.write(json.dumps({"version": 1, "answers": found}) + "\n")
    else:
        say(_lines(answers))
    return _PROBLEM if any(one.level is Level.PROBLEM for one in answers) else 0


class _Account:
    """The examinations that need credentials, after these."""

    def __init__(
        self, arguments: argparse.Namespace, client_of: ClientOf, entries: Sequence[PlannedEntry], limit_s: float
    ) -> None:
        self._arguments = arguments
        self._client_of = client_of
        self._urls = list(dict.fromkeys(one.repository_url for one in entries if one.repository_url))
        self._limit_s = limit_s

    def answers(self) -> list[Answer]:
        """Look at the credentials; with them, at the account."""
        client_of = partial(self._client, region=self._arguments.region or "", profile=self._arguments.profile or "")
        try:
            identity = find_identity(client_of)
        except FastContainerError as error:
            why = f"{error.what} {error.why}".strip()
            return [Answer("AWS", Level.PROBLEM, why, error.next_step or "Check the credentials in use.")]
        arns = [arn for url in self._urls if (arn := repository_arn(url))]
        more = account_examinations(client_of, identity, arns, on_codebuild=self._arguments.codebuild)
        said = f"account {identity.account} as {identity.arn.rpartition(':')[2]}"
        return [Answer("AWS", Level.OK, said), *examine(more, self._limit_s)]

    def _client(self, service: str, *, region: str, profile: str) -> object:
        return self._client_of(service, region, profile)


def _limit(text: str) -> float:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= _LONGEST_S:
        raise ArgsError(
            f"{text!r} is not a number of seconds.",
            property_path="--timeout",
            next_step=f"Give a whole number from 1 to {_LONGEST_S}.",
        )
    return float(text)


def _lines(answers: Sequence[Answer]) -> Iterator[str]:
    width = max(len(one.subject) for one in answers)
    for one in answers:
        yield f"{one.level.value:<8} {one.subject:<{width}}  {one.what}"
        if one.fix:
            yield f"{'':<8} {'':<{width}}  fix: {one.fix}"
    counts = [
        counted(count, level.value)
        for level in (Level.PROBLEM, Level.WARNING)
        if (count := sum(one.level is level for one in answers))
    ]
    yield ", ".join(counts) if counts else "nothing is wrong"
