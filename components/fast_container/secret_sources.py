"""Sources of build secrets whose value is not in the program itself.

Decides how a missing secret is refused. Values are read when an image is built, held in memory for that time, and never
become part of a key, a state, a log or a command line.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fast_container.core.ports import SecretReference
from fast_container.errors import ArgsError
from fast_container.shapes import one_line_refusals


@one_line_refusals
@dataclass(frozen=True, slots=True)
class SecretEnv:
    """The value of an environment variable of the machine that builds.

    Attributes:
        variable: The variable's name; it must be set, and not empty, if an image is to be built.
    """

    variable: str

    def check(self, property_path: str, environment: Mapping[str, str] = os.environ) -> None:
        """Refuse a variable that is not set."""
        if self.variable not in environment:
            raise ArgsError(
                f"The environment variable {self.variable} of a build secret is not set.",
                property_path=property_path,
                next_step=f"Set {self.variable}, or give the secret as a value: `config.require_secret(…)`.",
            )

    def read(self, property_path: str, environment: Mapping[str, str] = os.environ) -> bytes:
        """Return the value; the variable may be gone since the check."""
        self.check(property_path, environment)
        return os.fsencode(environment[self.variable])


@one_line_refusals
@dataclass(frozen=True, slots=True)
class SecretFile:
    """The content of a file of the machine that builds.

    Attributes:
        path: Relative to the program's working directory; ``~`` is the home directory.
    """

    path: str | os.PathLike[str]

    def check(self, property_path: str) -> None:
        """Refuse a file that does not exist or cannot be read."""
        path = Path(self.path).expanduser()
        if not path.is_file() or not os.access(path, os.R_OK):
            why = "it cannot be read" if path.exists() else "the file does not exist"
            raise ArgsError(
                f"The file of a build secret cannot be used: {self.path}",
                property_path=property_path,
                why=why,
                next_step="Create it, or give the secret as a value: `config.require_secret(…)`.",
            )

    def read(self, property_path: str) -> bytes:
        """Return the content; the file may be gone since the check."""
        self.check(property_path)
        return Path(self.path).expanduser().read_bytes()


@one_line_refusals
@dataclass(frozen=True, slots=True)
class SecretsManagerSecret:
    """A secret of AWS Secrets Manager, read where the image is built.

    Attributes:
        reference: Name or ARN, with ``:json-key`` (and stage and version) after it if only one value of it is meant.
        arn: The ARN that the build's role may read; default any secret of that name.
    """

    reference: str
    arn: str = ""


@one_line_refusals
@dataclass(frozen=True, slots=True)
class SsmParameter:
    """A parameter of AWS Systems Manager's Parameter Store, read where the image is built.

    Attributes:
        name: Its name.
        arn: The ARN that the build's role may read; default any parameter of that name.
    """

    name: str
    arn: str = ""


def references(secrets: Mapping[str, object]) -> dict[str, SecretReference]:
    """Return the secrets that AWS keeps, in CodeBuild's terms."""
    found: dict[str, SecretReference] = {}
    for secret, source in secrets.items():
        if isinstance(source, SecretsManagerSecret):
            found[secret] = SecretReference("SECRETS_MANAGER", source.reference)
        elif isinstance(source, SsmParameter):
            found[secret] = SecretReference("PARAMETER_STORE", source.name)
    return found
