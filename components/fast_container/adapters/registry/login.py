"""Logging in to a registry: the answer to its challenge, and who gets the credentials.

Decides that only a challenge of the registry itself counts, and that credentials are sent over TLS only (or from this
machine's own registry to this machine). Leaves where credentials come from to its caller.
"""

from __future__ import annotations

import base64
import re
import threading
import urllib.parse
from collections.abc import Callable, Mapping

from fast_container.adapters.registry.answers import challenge, error_text, json_object
from fast_container.adapters.registry.http_transport import HttpTransport, Response
from fast_container.adapters.registry.proxies import is_loopback
from fast_container.core.oci.ecr_host import login_command
from fast_container.core.oci.repository import Repository, host_of
from fast_container.core.ports import Credentials
from fast_container.errors import AuthError

IDENTITY_TOKEN_USER = "<token>"  # noqa: S105 - Docker's marker for an identity token, not a password
_CLIENT = "fast-container"
_TOKEN = re.compile(r"[!-~]+")

CredentialsSource = Callable[[], Credentials | None]


class RegistryLogin:
    """The authorization for one repository; safe for threads.

    Args:
        url: ``host/name``.
        plain_http: Whether the registry is used without TLS.
        transport: For its token service.
        credentials: Asked when the registry demands them, and once more when it refuses them.
        refused: Called before credentials are asked for once more.
    """

    def __init__(
        self,
        url: str,
        plain_http: bool,
        transport: HttpTransport,
        credentials: CredentialsSource,
        refused: Callable[[], None],
    ) -> None:
        self._url, self._plain_http, self._http = url, plain_http, transport
        self._repository = Repository.parse(url)
        self._credentials, self._refused = credentials, refused
        self._lock = threading.Lock()
        self.authorization = ""

    def renew(self, response: Response, used: str, *, push: bool) -> str:
        """Return the authorization that a refusal asks for; blocking.

        Args:
            response: The registry's own refusal.
            used: The authorization that was refused, or "".
            push: Whether to ask for the right to push.

        Raises:
            AuthError: There are no credentials, or the token service refused them.
        """
        with self._lock:
            if self.authorization != used:
                return self.authorization
            if used:
                self._refused()
            scheme, parameters = challenge(response.headers.get("www-authenticate", ""))
            credentials = self._credentials()
            if scheme == "bearer":
                self.authorization = "Bearer " + self._bearer_token(parameters, credentials, push=push)
            elif credentials is None:
                raise AuthError(
                    "The registry demands credentials, and there are no credentials for it.",
                    where=self._url,
                    next_step=f"Log in: {login_command(self._repository.host)}",
                )
            else:
                self.authorization = basic(credentials)
            return self.authorization

    def _bearer_token(self, parameters: Mapping[str, str], credentials: Credentials | None, *, push: bool) -> str:
        realm = parameters.get("realm", "")
        self._check_token_service(realm)
        scope = parameters.get("scope") or f"repository:{self._repository.name}:{'pull,push' if push else 'pull'}"
        query = {"service": parameters.get("service", ""), "scope": scope}
        if credentials is not None and credentials.username == IDENTITY_TOKEN_USER:
            form = {
                **query,
                "grant_type": "refresh_token",
                "client_id": _CLIENT,
                "refresh_token": credentials.password,
            }
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            response = self._http.request("POST", realm, headers, urllib.parse.urlencode(form).encode())
        else:
            headers = {"Authorization": basic(credentials)} if credentials else {}
            separator = "&" if "?" in realm else "?"
            response = self._http.request("GET", realm + separator + urllib.parse.urlencode(query), headers)
        if response.status != 200:
            raise denied(response, self._url)
        answer = json_object(response.body)
        token = answer.get("token") or answer.get("access_token")
        # It becomes a header, so it must not contain a line end; and no error may show it.
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise AuthError("The token service returned no token.", where=realm)
        return token

    def _check_token_service(self, realm: str) -> None:
        """Allow a token service over TLS only, or from this machine's own registry to this machine."""
        try:
            parts = urllib.parse.urlsplit(realm)
            secure, local = parts.scheme == "https" and parts.hostname, is_loopback(parts.hostname or "")
        except ValueError:
            parts, secure, local = urllib.parse.SplitResult("", "", "", "", ""), False, False
        if not secure and not (parts.scheme == "http" and local and self._plain_http):
            raise AuthError("The registry's token service does not use TLS.", where=self._url, why=realm[:200])


def denied(response: Response, url: str) -> AuthError:
    """Make the error for credentials that the registry refused, or that lack a permission."""
    text = error_text(response)
    what = "The registry refused the credentials." if response.status == 401 else "The registry denied access."
    return AuthError(
        what,
        where=url,
        why=f"HTTP {response.status}{f': {text}' if text else ''}",
        next_step=f"Check that the identity in use may read from and push to this repository of {host_of(url)}.",
    )


def basic(credentials: Credentials) -> str:
    """Return the value of an ``Authorization`` header."""
    pair = f"{credentials.username}:{credentials.password}".encode()
    return "Basic " + base64.b64encode(pair).decode()
