"""How to reach AWS: the plain values from the stack's configuration or a builder's arguments.

Decides what is needed and which of it may be stored (a credential never is). Leaves making a session to
``adapters.aws_session``, and where the values come from to the composition roots.
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
        policy_arns: Managed session policies.
        tags: Session tags.
        transitive_tags: Names of the tags that the next role in a chain has too.
    """

    role_arn: str
    session_name: str = ""
    external_id: str = ""
    duration_s: int = 0
    source_identity: str = ""
    policy: str = ""
    policy_arns: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    transitive_tags: tuple[str, ...] = ()

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> AssumedRole:
        """Read the form of ``AwsAccess.to_plain``; JSON has lists for tuples, and unknown fields are ignored."""
        known: dict[str, Any] = {name: value for name, value in plain.items() if name in cls.__slots__}
        for name in ("policy_arns", "transitive_tags"):
            known[name] = tuple(known.get(name) or ())
        known["tags"] = tuple((str(key), str(value)) for key, value in known.get("tags") or ())
        # A state turns numbers into floats.
        known["duration_s"] = int(known.get("duration_s") or 0)
        return cls(**known)


@dataclass(frozen=True, slots=True)
class WebIdentity:
    """A role for a machine's identity token, such as GitHub's or EKS's; never in a record.

    Attributes:
        role: The role; of its fields, the token's call accepts name, duration and policies.
        token_file: Where the token is; read each time, since it changes.
        token: The token itself, instead of a file.
    """

    role: AssumedRole
    token_file: str = ""
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class AwsAccess:
    """Region, identity and endpoints; empty fields leave the choice to the environment.

    Attributes:
        region: For services whose region does not follow from the resource itself.
        profile: A named profile of the shared configuration.
        assume_roles: Roles, assumed one after the other.
        endpoints: Service name as in boto3 (``ecr``, ``sts``, ``s3``, …) → URL.
        use_fips: Whether FIPS endpoints are used.
        use_dualstack: Whether dual-stack endpoints are used.
        web_identity: The role for an identity token: in memory only, not in ``to_plain``.
        access_key: Static credentials: in memory only, not in ``to_plain``.
        secret_key: See ``access_key``.
        session_token: See ``access_key``.
    """

    region: str = ""
    profile: str = ""
    assume_roles: tuple[AssumedRole, ...] = ()
    endpoints: Mapping[str, str] = field(default_factory=dict[str, str])
    use_fips: bool = False
    use_dualstack: bool = False
    web_identity: WebIdentity | None = None
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)

    def to_plain(self) -> dict[str, Any]:
        """Convert to a JSON-ready form without credentials and without empty fields; equal on every machine."""
        roles = [
            {name: value for name in AssumedRole.__slots__ if (value := getattr(role, name))}
            for role in self.assume_roles
        ]
        plain: dict[str, Any] = {
            "region": self.region,
            "profile": self.profile,
            "assume_roles": roles,
            "endpoints": dict(sorted(self.endpoints.items())),
            "use_fips": self.use_fips,
            "use_dualstack": self.use_dualstack,
        }
        return {name: value for name, value in plain.items() if value}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> AwsAccess:
        """Read the form of ``to_plain``; unknown fields are ignored."""
        roles = cast("list[Mapping[str, Any]]", plain.get("assume_roles") or [])
        return cls(
            region=str(plain.get("region") or ""),
            profile=str(plain.get("profile") or ""),
            assume_roles=tuple(AssumedRole.from_plain(role) for role in roles),
            endpoints={str(k): str(v) for k, v in cast("Mapping[str, Any]", plain.get("endpoints") or {}).items()},
            use_fips=bool(plain.get("use_fips")),
            use_dualstack=bool(plain.get("use_dualstack")),
        )
