"""Docker's client configuration: the credentials in it, and a private copy of it with ours added.

Decides how ``config.json`` is read (``credHelpers`` before ``credsStore`` before ``auths``, as Docker does) and how a
registry's token reaches a build without being written to anything permanent. Leaves where the user's configuration is
to the composition root.
"""

from __future__ import annotations

import base64
import binascii
import json
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from fast_container.adapters.buildx_inputs import passed_settings
from fast_container.core.json_document import parse_json, parse_object
from fast_container.core.oci.repository import HOSTS_OF_DOCKER_HUB, host_of
from fast_container.core.ports import Credentials
from fast_container.errors import AuthError

_HELPER_TIMEOUT_S = 30.0
_DOCKER_HUB_KEY = "https://index.docker.io/v1/"
_IDENTITY_TOKEN_USER = "<token>"  # noqa: S105 - the marker of the helpers' protocol
_LINKED = ("contexts", "cli-plugins", "tls", "trust")


def docker_directory(environment: Mapping[str, str]) -> Path:
    """``DOCKER_CONFIG``, else ``~/.docker``."""
    given = environment.get("DOCKER_CONFIG")
    return Path(given) if given else Path(environment.get("HOME") or Path.home()) / ".docker"


def buildx_directory(environment: Mapping[str, str]) -> Path:
    """``BUILDX_CONFIG``, else ``buildx`` in Docker's directory."""
    given = environment.get("BUILDX_CONFIG")
    return Path(given) if given else docker_directory(environment) / "buildx"


@dataclass(frozen=True)
class DockerConfig:
    """A user's ``config.json``.

    Attributes:
        directory: Its folder; need not exist.
        content: The parsed file; empty without a file.
        environment: For credential helpers, which are looked up on its ``PATH``.
    """

    directory: Path
    content: Mapping[str, Any] = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)

    @property
    def has_proxies(self) -> bool:
        """Whether it names proxies, which ``docker build`` would pass to every step."""
        return any(_mapping(self.content.get("proxies")).values())

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> DockerConfig:
        """Read the file.

        Raises:
            AuthError: The file exists and cannot be read or parsed.
        """
        directory = docker_directory(environment)
        path = directory / "config.json"
        try:
            loaded: object = parse_json(path.read_bytes())
        except FileNotFoundError:
            loaded = {}
        except (OSError, ValueError) as error:
            raise AuthError("Docker's configuration cannot be read.", where=str(path), why=str(error)) from error
        if not isinstance(loaded, dict):
            raise AuthError("Docker's configuration is not a JSON object.", where=str(path))
        return cls(directory, cast("dict[str, Any]", loaded), environment)

    def credentials(self, host: str) -> Credentials | None:
        """Return the credentials for a registry host (with port), or None.

        An identity token comes with the user name ``<token>``, as Docker's helpers give it.

        Raises:
            AuthError: A credential helper is missing or failed.
        """
        key = _DOCKER_HUB_KEY if host in HOSTS_OF_DOCKER_HUB else host
        helper = self._helper(key)
        if helper:
            return self._ask_helper(helper, key)
        for name, entry in _mapping(self.content.get("auths")).items():
            if name in (key, host) or _host_of(name) == host:
                return _decode(_mapping(entry))
        return None

    def _helper(self, key: str) -> str:
        helpers = _mapping(self.content.get("credHelpers"))
        return str(helpers[key]) if key in helpers else str(self.content.get("credsStore") or "")

    def _ask_helper(self, helper: str, key: str) -> Credentials | None:
        program = f"docker-credential-{helper}"
        path = shutil.which(program, path=self.environment.get("PATH"))
        if path is None:
            raise AuthError(
                "A credential helper of Docker's configuration is not installed.",
                where=str(self.directory / "config.json"),
                why=f"{program} is not on PATH",
                next_step=f"Install {program}, or take it out of config.json.",
            )
        try:
            answer = subprocess.run(
                [path, "get"],
                input=key.encode(),
                env=dict(self.environment),
                capture_output=True,
                timeout=_HELPER_TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise AuthError("A credential helper failed.", where=program, why=type(error).__name__) from error
        if answer.returncode != 0:
            text = answer.stdout.decode(errors="replace").strip()
            if "credentials not found" in text:
                return None
            raise AuthError(
                "A credential helper failed.",
                where=program,
                why=text[:200] or f"exit code {answer.returncode}",
                next_step=f"Try: echo {key} | {program} get",
            )
        try:
            given = parse_object(answer.stdout)
        except ValueError as error:
            raise AuthError("A credential helper did not answer in JSON.", where=program) from error
        username, secret = str(given.get("Username") or ""), str(given.get("Secret") or "")
        return Credentials(username, secret) if username and secret else None

    def with_credentials(self, credentials: Mapping[str, Credentials]) -> dict[str, Any]:
        """Return the configuration for a build (``adapters.buildx_inputs``), with these hosts' credentials in it.

        A ``credsStore`` would hide ``auths`` for every host. An empty ``credHelpers`` entry makes Docker read ``auths``
        for
        that host alone (``cli/config/configfile``: the entry is used as it is, and no helper means the file), so the
        user's
        store still serves all other hosts.
        """
        merged = passed_settings(self.content)
        auths, helpers = _mapping(merged.get("auths")), _mapping(merged.get("credHelpers"))
        for host, known in credentials.items():
            key = _DOCKER_HUB_KEY if host in HOSTS_OF_DOCKER_HUB else host
            pair = base64.b64encode(f"{known.username}:{known.password}".encode()).decode()
            auths[key] = {"auth": pair}
            helpers[key] = ""
        merged["auths"] = auths
        if helpers and (merged.get("credsStore") or "credHelpers" in merged):
            merged["credHelpers"] = helpers
        return merged


@contextmanager
def private_docker_config(
    config: DockerConfig, credentials: Mapping[str, Credentials], parent: Path
) -> Generator[Mapping[str, str]]:
    """Make a private Docker configuration for one build.

    Yields the variables that make Docker and buildx use it; contexts, plugins and builders stay the user's. The
    directory
    (0700) and its ``config.json`` (0600) are removed afterwards.

    Args:
        config: The user's.
        credentials: Host → credentials to add.
        parent: Directory to make it in.
    """
    directory = Path(tempfile.mkdtemp(prefix="docker-", dir=parent))
    try:
        path = directory / "config.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(config.with_credentials(credentials)), encoding="utf-8")
        for name in _LINKED:
            if (config.directory / name).exists():
                (directory / name).symlink_to((config.directory / name).absolute(), target_is_directory=True)
        yield {
            "DOCKER_CONFIG": str(directory),
            "BUILDX_CONFIG": str(buildx_directory(config.environment).absolute()),
        }
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _mapping(value: object) -> dict[str, Any]:
    return dict(cast("Mapping[str, Any]", value)) if isinstance(value, dict) else {}


def _host_of(name: str) -> str:
    return host_of(name.removeprefix("https://").removeprefix("http://"))


def _decode(entry: Mapping[str, Any]) -> Credentials | None:
    token = entry.get("identitytoken")
    if isinstance(token, str) and token:
        return Credentials(_IDENTITY_TOKEN_USER, token)
    auth = entry.get("auth")
    if isinstance(auth, str) and auth:
        try:
            username, _, password = base64.b64decode(auth).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise AuthError("Docker's configuration holds credentials that cannot be decoded.") from error
        return Credentials(username, password.rstrip("\0"))
    if entry.get("username") and entry.get("password"):
        return Credentials(str(entry["username"]), str(entry["password"]))
    return None
