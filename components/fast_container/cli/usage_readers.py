"""Which accounts, regions, stacks and plan files a verb looks at, by its options.

Decides that the first ``--profile`` is the account of the repositories and each further one another account that pulls,
and that uses are looked for in the repositories' own regions and in those of ``--region``. Leaves reading to
``adapters.usage``.
"""

from __future__ import annotations

import argparse
import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fast_container.adapters.aws_session import AwsSession, aws_errors
from fast_container.adapters.usage.account import SERVICES, UseReader, readers_of
from fast_container.adapters.usage.stacks import Stacks, StateFiles
from fast_container.cli.planned import load_plan
from fast_container.core.aws_access import AwsAccess
from fast_container.core.cleanup.uses import Use
from fast_container.core.key import index_key, tag_of
from fast_container.core.oci.ecr_host import ecr_host
from fast_container.core.oci.platform import platform_suffix
from fast_container.core.oci.repository import NAME_PATTERN, Repository
from fast_container.core.program_file import PlanFile
from fast_container.core.spelling import did_you_mean
from fast_container.errors import ArgsError


@dataclass(frozen=True, slots=True)
class PlannedUses:
    """The images, their indexes and bases of plan files; satisfies ``UseReader``."""

    plans: Mapping[str, PlanFile]
    name: str = "plan"

    def read(self) -> list[Use]:
        """Return them by their key tags, which mean an image in every repository.

        Raises:
            ArgsError: A plan does not know the keys of all its images.
        """
        found: list[Use] = []
        for file, plan in self.plans.items():
            if plan.unknown:
                raise ArgsError(
                    f"{file} does not say which images it uses.",
                    property_path="--plan",
                    why=f"the keys of {', '.join(plan.unknown)} were not known when it was written",
                    next_step="Let `pulumi up` write it again; or give --stack instead, and --repository.",
                )
            found += [Use(tag, f"index {name} of {file}") for name, tag in _index_tags(plan)]
            for image, entry in plan.entries.items():
                tags = [tag_of(key) for key in (entry.build_key, *entry.declared.base_keys.values()) if key]
                tags += [entry.pin.tag] if entry.pin else []
                found += [Use(tag, f"image {image} of {file}") for tag in tags]
        return found


def _index_tags(plan: PlanFile) -> list[tuple[str, str]]:
    """Name and key tag of each index that a plan's images may make up: their names end with their platforms."""
    groups: dict[tuple[str, str], dict[str, str]] = {}
    for image, entry in plan.entries.items():
        platform = entry.declared.recipe.platform
        end = f"-{platform_suffix(platform)}"
        if len(end) > 1 and image.endswith(end) and entry.build_key:
            groups.setdefault((image.removesuffix(end), entry.repository_url), {})[platform] = entry.build_key
    return [(name, index_key(keys).tag) for (name, _), keys in groups.items()]


ClientOf = Callable[[str, str, str], Any]
"""Makes the client of a service, for a region and a profile."""


class Sessions:
    """Makes the clients of profiles, each with one session."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._sessions: dict[str, AwsSession] = {}
        self._lock = threading.Lock()

    def __call__(self, service: str, region: str, profile: str) -> Any:
        """Return the client of a service; "" is the environment's region and profile."""
        with self._lock:
            if profile not in self._sessions:
                self._sessions[profile] = AwsSession(AwsAccess(profile=profile), self._environment)
            session = self._sessions[profile]
        return session.client(service, region)


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts and regions that are looked at.

    Attributes:
        profiles: The owner's first; "" is the environment's.
        regions: Where uses are looked for.
        client_of: Makes clients.
    """

    profiles: Sequence[str]
    regions: Sequence[str]
    client_of: ClientOf

    def client(self, service: str, region: str = "") -> Any:
        """Return a client of the owner."""
        return self.client_of(service, region, self.profiles[0])

    def ids(self) -> set[str]:
        """Return the account ids of the profiles.

        Raises:
            AuthError: There are no credentials, or they are not accepted.
        """
        found: set[str] = set()
        for profile in self.profiles:
            with aws_errors("sts:GetCallerIdentity", profile or "AWS"):
                found.add(str(self.client_of("sts", self.regions[0], profile).get_caller_identity()["Account"]))
        return found

    def readers(self, without: Sequence[str]) -> list[UseReader]:
        """Return the readers of all accounts in all regions."""
        found: list[UseReader] = []
        for profile in self.profiles:
            for region in self.regions:
                words = [profile] * (len(self.profiles) > 1) + [region] * (len(self.regions) > 1)
                place = " ".join(word for word in words if word)
                found += readers_of(_Place(self.client_of, profile, region), place, without=without)
        return found


@dataclass(frozen=True, slots=True)
class _Place:
    client_of: ClientOf
    profile: str
    region: str

    def __call__(self, service: str) -> Any:
        return self.client_of(service, self.region, self.profile)


def plans_of(arguments: argparse.Namespace) -> dict[str, PlanFile]:
    """Read the plan files of ``--plan``."""
    return {file: load_plan(file) for file in arguments.plan}


def repositories_of(arguments: argparse.Namespace, plans: Mapping[str, PlanFile]) -> list[str]:
    """Return the repositories of ``--repository`` and of plan files, each once.

    Raises:
        ArgsError: No repository is given, or one is not in ECR.
    """
    urls = [url.rstrip("/") for url in arguments.repository]
    for plan in plans.values():
        for entry in plan.entries.values():
            urls += [url for url in (entry.repository_url, *entry.bases.values()) if url]
    if not urls:
        raise ArgsError(
            "There is no repository to look at.",
            property_path="--repository",
            next_step="Give --repository HOST/NAME, or --plan FILE.",
        )
    for url in urls:
        check_ecr(url, os.environ)
    return list(dict.fromkeys(urls))


def is_in_ecr(url: str, environment: Mapping[str, str]) -> bool:
    """Whether a repository is in ECR; with a configured endpoint of ECR (an emulator), every one is."""
    where = Repository.parse(url)
    is_emulated = environment.get("AWS_ENDPOINT_URL_ECR") or environment.get("AWS_ENDPOINT_URL")
    return bool(where.name and (ecr_host(where.host) or is_emulated))


def check_ecr(url: str, environment: Mapping[str, str]) -> None:
    """Refuse a repository that is not in ECR.

    Raises:
        ArgsError: It is not.
    """
    where = Repository.parse(url)
    if where.name and not re.fullmatch(NAME_PATTERN, where.name, re.ASCII):
        raise ArgsError(
            f"{url!r} is not the URL of a repository.",
            property_path="--repository",
            why=f"{where.name!r} is not the name of one",
            next_step="Give it as HOST/NAME, without a tag or a digest.",
        )
    if is_in_ecr(url, environment):
        return
    raise ArgsError(
        f"{url!r} is not a repository of ECR." if where.name else f"{url!r} is not the URL of a repository.",
        property_path="--repository",
        next_step="Give it as ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME.",
    )


def regions_of(arguments: argparse.Namespace, urls: Sequence[str]) -> list[str]:
    """Return the repositories' regions, where functions must be, and those of ``--region``; "" is the environment's."""
    hosts = [ecr_host(Repository.parse(url).host) for url in urls]
    own = [host.region if host else "" for host in hosts]
    return list(dict.fromkeys([*own, *arguments.region])) or [""]


def check_services(without: Sequence[str]) -> None:
    """Refuse a service that is not asked anyway.

    Raises:
        ArgsError: There is no such service.
    """
    for name in without:
        if name not in SERVICES:
            raise ArgsError(
                f"{name!r} is not a service that is asked.",
                property_path="--without",
                next_step=did_you_mean(name, SERVICES).capitalize() or f"One of: {', '.join(SERVICES)}",
            )


def stack_readers(arguments: argparse.Namespace, plans: Mapping[str, PlanFile]) -> list[UseReader]:
    """Return the readers of states and plan files."""
    found: list[UseReader] = []
    if arguments.state:
        found.append(StateFiles(arguments.state))
    if arguments.stack:
        found.append(Stacks(arguments.stack, os.environ))
    if plans:
        found.append(PlannedUses(plans))
    return found
