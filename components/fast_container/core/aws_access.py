"""How to reach AWS: the plain facts that the stack's configuration or a builder's arguments gave.

Decides what is needed and what of it may be written down (no credential ever is). Leaves making a session of
it to ``adapters.aws_session``, and where the facts come from to the composition roots.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast


@dataclass(frozen=True, slots=True)
class AssumedRole:
    """One role to assume; the fields are STS AssumeRole's.

    Attributes:
        role_arn: The role.
        session_name: RoleSessionName, or "" for a default.
        external_id: ExternalId, or "".
        duration_s: DurationSeconds, or 0 for the service's default.
        source_identity: SourceIdentity, or "".
        policy: An inline session policy (JSON text), or "".
    """

    role_arn: str
    session_name: str = ""
    external_id: str = ""
    duration_s: int = 0
    source_identity: str = ""
    policy: str = ""


@dataclass(frozen=True, slots=True)
class AwsAccess:
    """Region, identity and endpoints; empty fields leave the choice to the environment.

    Attributes:
        region: For services whose region is not told by the resource itself.
        profile: A named profile of the shared configuration.
        assume_roles: Roles, assumed one after the other.
        endpoints: Service name as boto3 has it (``ecr``, ``sts``, ``s3``, …) → URL.
        access_key: Static credentials: in memory only, not in ``to_plain``.
        secret_key: See ``access_key``.
        session_token: See ``access_key``.
    """

    region: str = ""
    profile: str = ""
    assume_roles: tuple[AssumedRole, ...] = ()
    endpoints: Mapping[str, str] = field(default_factory=dict[str, str])
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)

    def to_plain(self) -> dict[str, Any]:
        """JSON-ready form without credentials and without empty fields; equal on every machine."""
        roles = [
            {name: value for name in AssumedRole.__slots__ if (value := getattr(role, name))}
            for role in self.assume_roles
        ]
        plain: dict[str, Any] = {
            "region": self.region,
            "profile": self.profile,
            "assume_roles": roles,
            "endpoints": dict(sorted(self.endpoints.items())),
        }
        return {name: value for name, value in plain.items() if value}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> AwsAccess:
        """Read what ``to_plain`` gave; unknown fields are left out."""
        roles = cast("list[Mapping[str, Any]]", plain.get("assume_roles") or [])
        known = set(AssumedRole.__slots__)
        return cls(
            region=str(plain.get("region") or ""),
            profile=str(plain.get("profile") or ""),
            assume_roles=tuple(AssumedRole(**{k: v for k, v in role.items() if k in known}) for role in roles),
            endpoints={str(k): str(v) for k, v in cast("Mapping[str, Any]", plain.get("endpoints") or {}).items()},
        )
