"""Who may pull from an ECR repository, and which of its lifecycle rules know nothing of use.

Decides that a repository without a policy, in a registry without one, lets only its own account pull. Leaves reading
the documents to ``core.cleanup.repository_policy``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fast_container.adapters.aws_lists import unless_gone
from fast_container.core.cleanup.repository_policy import accounts_that_pull, blind_rules
from fast_container.core.oci.repository import Repository
from fast_container.errors import RegistryError


@dataclass(frozen=True, slots=True)
class RepositorySettings:
    """What was found: accounts that may pull (``*`` for anyone), and priorities of blind lifecycle rules."""

    accounts: frozenset[str]
    blind_rules: tuple[int, ...]


def read_settings(url: str, client: Callable[[], Any], registry_id: str = "") -> RepositorySettings:
    """Read the policies of a repository; blocking.

    Raises:
        AuthError: A permission is missing.
        RegistryError: A policy cannot be read.
    """
    name = Repository.parse(url).name
    place: dict[str, Any] = {"repositoryName": name}
    if registry_id:
        place["registryId"] = registry_id
    calls = client()
    policy = unless_gone(
        "ecr:GetRepositoryPolicy", url, calls.get_repository_policy, "RepositoryPolicyNotFoundException", **place
    )
    whole = unless_gone("ecr:GetRegistryPolicy", url, calls.get_registry_policy, "RegistryPolicyNotFoundException")
    lifecycle = unless_gone(
        "ecr:GetLifecyclePolicy", url, calls.get_lifecycle_policy, "LifecyclePolicyNotFoundException", **place
    )
    try:
        given = [str(one["policyText"]) for one in (policy, whole) if one]
        accounts = {account for text in given for account in accounts_that_pull(text, name)}
        rules = blind_rules(str(lifecycle["lifecyclePolicyText"])) if lifecycle else []
    except (ValueError, TypeError, AttributeError) as error:
        raise RegistryError("A policy of the repository cannot be read.", where=url, why=str(error)) from error
    return RepositorySettings(frozenset(accounts), tuple(rules))
