"""Hosts of Amazon ECR: which names are AWS's own, and what is in them.

Decides which hosts may get an ECR token, or an ARN in a policy: a name below a domain that AWS owns, of a region of
that domain's partition. A name that only looks similar (another suffix, a port, a user before ``@``) is an ordinary
registry. Leaves ECR at another endpoint (an emulator) to ``adapters.registry.registries``.
Sources: botocore 1.44 ``partitions.json``; the registry patterns of amazon-ecr-credential-helper and of Kubernetes'
ecr-credential-provider.
"""

from __future__ import annotations

import re
import urllib.parse
from dataclasses import dataclass
from typing import Final

from fast_container.core.oci.repository import Repository

PUBLIC_HOSTS: Final = frozenset({"public.ecr.aws", "ecr-public.aws.com"})
"""ECR Public: a registry with tokens of its own, which no private registry's token opens."""

_HOST: Final = re.compile(
    r"(?P<account>[0-9]{12})\.dkr"
    r"(?:\.ecr(?:-fips)?\.(?P<region>[a-z]+(?:-[a-z]+)+-[0-9]{1,2})\.(?P<suffix>[a-z0-9.-]+)"
    r"|-ecr(?:-fips)?\.(?P<dual_region>[a-z]+(?:-[a-z]+)+-[0-9]{1,2})\.on\.(?P<dual_suffix>[a-z0-9.-]+))",
    re.ASCII,
)
# Partition → start of its regions' names, domain, domain of the dual-stack names (below ``on.``).
_PARTITIONS: Final = (
    ("aws-cn", "cn-", "amazonaws.com.cn", "amazonwebservices.com.cn"),
    ("aws-us-gov", "us-gov-", "amazonaws.com", "aws"),
    ("aws-eusc", "eusc-", "amazonaws.eu", "amazonwebservices.eu"),
    ("aws-iso", "us-iso-", "c2s.ic.gov", "aws.ic.gov"),
    ("aws-iso-b", "us-isob-", "sc2s.sgov.gov", "aws.scloud"),
    ("aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", "cloud-aws.adc-e.uk"),
    ("aws-iso-f", "us-isof-", "csp.hci.ic.gov", "aws.hci.ic.gov"),
    ("aws", "", "amazonaws.com", "aws"),
)


@dataclass(frozen=True, slots=True)
class EcrHost:
    """The parts of the host name of a private ECR registry."""

    account: str
    region: str

    @property
    def partition(self) -> str:
        """AWS's partition of the region, as in ARNs."""
        return _partition_of(self.region)[0]


def ecr_host(host: str) -> EcrHost | None:
    """Return account, region and partition of a private ECR registry, or None for every other host.

    ``<account>.dkr.ecr[-fips].<region>.<domain>``, or dual-stack ``<account>.dkr-ecr[-fips].<region>.on.<domain>``.
    """
    found = _HOST.fullmatch(host.lower())
    if found is None:
        return None
    region, dual = found["region"] or found["dual_region"], found["region"] is None
    _, _, domain, dual_domain = _partition_of(region)
    matches = found["dual_suffix"] == dual_domain if dual else found["suffix"] == domain
    return EcrHost(found["account"], region) if matches else None


def _partition_of(region: str) -> tuple[str, str, str, str]:
    return next(partition for partition in _PARTITIONS if region.startswith(partition[1]))


def partition_of(region: str) -> str:
    """Return AWS's partition of a region."""
    return _partition_of(region)[0]


def repository_arn(url: str) -> str | None:
    """Return the ARN of an ECR repository by its URL, or None for another registry: nothing can be granted on it."""
    repository = Repository.parse(url)
    known = ecr_host(repository.host)
    if known is None or not repository.name:
        return None
    return f"arn:{known.partition}:ecr:{known.region}:{known.account}:repository/{repository.name}"


def is_emulator(endpoint: str) -> bool:
    """Whether an endpoint of the ECR API is an emulator's: neither AWS's own nor one of its VPC endpoints."""
    host = (urllib.parse.urlsplit(endpoint).hostname or "").lower()
    domains = {domain for _, _, one, dual in _PARTITIONS for domain in (one, f"api.{dual}")}
    return bool(host) and not any(host.endswith(f".{domain}") for domain in domains)


def login_command(host: str) -> str:
    """Return the command that puts credentials for a host into Docker's configuration."""
    if host in PUBLIC_HOSTS:
        return (
            "aws ecr-public get-login-password --region us-east-1 | "
            f"docker login --username AWS --password-stdin {host}"
        )
    return f"docker login {host}"
