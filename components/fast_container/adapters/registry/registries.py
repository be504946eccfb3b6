"""The one way to registries: which adapter a repository's URL needs, and with whose credentials.

Programs, their dynamic provider, the command line and builds inside CodeBuild all open repositories here. Decides by
the URL whether it is ECR's own (``core.oci.ecr_host``); if an ECR endpoint is configured (an emulator, a private
endpoint), by asking that endpoint which registry its tokens are for. Everything else is an OCI registry with the
credentials of Docker's configuration. Account and region come from the URL. AWS's SDK takes a third of a second to
import, so it is imported when the first ECR repository is used, never by a program that has nothing to ask.
"""

from __future__ import annotations

import threading
import urllib.parse
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from fast_container.adapters.call_log import CallLog
from fast_container.adapters.docker_config import DockerConfig
from fast_container.adapters.registry.deferred import DeferredRegistry
from fast_container.adapters.registry.http_transport import HttpTransport
from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.adapters.registry.patience import Patience
from fast_container.adapters.registry.proxies import Proxies
from fast_container.adapters.registry.put_rate import PutRate
from fast_container.core.aws_access import AwsAccess
from fast_container.core.oci.ecr_host import ecr_host
from fast_container.core.oci.repository import host_of
from fast_container.core.ports import Credentials, Registry

if TYPE_CHECKING:
    from fast_container.adapters.aws_session import AwsSession
    from fast_container.adapters.registry.ecr import EcrToken


class _Aws:
    """One access to AWS: its session, made when it is needed, and the registry of a configured ECR endpoint."""

    def __init__(self, access: AwsAccess, environment: Mapping[str, str]) -> None:
        self.access = access
        self._environment = environment
        self._session: AwsSession | None = None
        self._emulated: EcrToken | None = None
        self.has_endpoint = bool(
            access.endpoints.get("ecr")
            or environment.get("AWS_ENDPOINT_URL_ECR")
            or environment.get("AWS_ENDPOINT_URL")
        )
        self._lock = threading.Lock()

    def emulated_token(self, host: str) -> EcrToken | None:
        """Return the token of the configured endpoint, if it is for that host; asks the endpoint once."""
        with self._lock:
            if not self.has_endpoint:
                return None
            if self._emulated is None:
                self._emulated = self.new_token("", "the configured ECR endpoint")
            token = self._emulated
        return token if urllib.parse.urlsplit(token.proxy_endpoint()).netloc == host else None

    def new_token(self, region: str, where: str) -> EcrToken:
        from fast_container.adapters.registry.ecr import EcrToken  # noqa: PLC0415 - see the module

        return EcrToken(lambda: self.ecr_client(region), where)

    def ecr_client(self, region: str) -> Any:
        from fast_container.adapters.aws_session import AwsSession  # noqa: PLC0415 - see the module

        with self._lock:
            if self._session is None:
                self._session = AwsSession(self.access, self._environment)
            session = self._session
        return session.client("ecr", region)


class Registries:
    """The registries of one program or command: shared connections, one token and one PutImage rate a host.

    An ECR repository has one client, which is logged in once.

    A host is reached with the access of the first repository that is opened on it, since BuildKit gets one login for a
    host.

    Args:
        access: How to reach AWS if ``repository`` is not told; None if it always is.
        environment: For proxies, Docker's configuration, and the ambient region and endpoints.
        interrupted: Whether the run was interrupted; then waits for registries are short.
        put_rate: Makes the PutImage rate of a registry host.
    """

    def __init__(
        self,
        access: AwsAccess | None,
        environment: Mapping[str, str],
        *,
        interrupted: Callable[[], bool] = lambda: False,
        put_rate: Callable[[], PutRate] = PutRate,
    ) -> None:
        self._environment = environment
        self._patience = Patience(interrupted)
        calls = CallLog.from_environment(environment)
        self._http = HttpTransport(proxies=Proxies.from_environment(environment), calls=calls)
        self._default = _Aws(access, environment) if access is not None else None
        self._accesses = [self._default] if self._default else []
        self._by_host: dict[str, _Aws] = {}
        self._tokens: dict[str, EcrToken] = {}
        self._put_rate = put_rate
        self._put_rates: dict[str, PutRate] = {}
        self._of_ecr: dict[str, OciRegistry] = {}
        self._lock = threading.Lock()

    def repository(self, url: str, access: AwsAccess | None = None) -> Registry:
        """Return the repository at ``host/name``; nothing is asked before its first use.

        Args:
            url: The repository.
            access: How to reach its host; a host keeps the access that it was first opened with.
        """
        if access is not None:
            self._by_host.setdefault(host_of(url), self._aws(access))
        return DeferredRegistry(url, self.registry_blocking, self._patience)

    def load(self, url: str) -> None:
        """Load what asking a repository takes, and ask nothing: of ECR's, AWS's SDK and a client; blocking."""
        host = host_of(url)
        known, aws = ecr_host(host), self._aws_of(host)
        if known or aws.has_endpoint:
            aws.ecr_client(known.region if known else "")

    def is_reached_otherwise(self, url: str, access: AwsAccess) -> bool:
        """Whether the host of an opened repository is reached with another access than this one."""
        return self._aws_of(host_of(url)).access != access

    def registry_blocking(self, url: str) -> Registry:
        """Return the adapter for a repository; asks a configured ECR endpoint once.

        Raises:
            AuthError: That endpoint refused.
            RegistryError: It cannot be reached.
        """
        host = host_of(url)
        if self._token(host) is None:
            return self.oci_blocking(url)
        from fast_container.adapters.registry.ecr import EcrRegistry  # noqa: PLC0415 - see the module

        known, aws = ecr_host(host), self._aws_of(host)
        region, account = (known.region, known.account) if known else ("", "")
        return EcrRegistry(url, lambda: aws.ecr_client(region), self.oci_blocking(url), registry_id=account)

    def oci_blocking(self, url: str) -> OciRegistry:
        """Return the repository through its HTTP API alone, ECR's too; blocking, as ``registry_blocking``."""
        host = host_of(url)
        token = self._token(host)
        if token is None:
            return OciRegistry(
                url, lambda: DockerConfig.load(self._environment).credentials(host), transport=self._http
            )
        plain_http = None if ecr_host(host) else token.proxy_endpoint().startswith("http://")
        with self._lock:
            # ECR's login is the same for all that is asked, so it need not be refused once for each that asks.
            if url not in self._of_ecr:
                rate = self._put_rates.get(host) or self._put_rates.setdefault(host, self._put_rate())
                self._of_ecr[url] = OciRegistry(
                    url,
                    token.credentials,
                    refused=token.forget,
                    plain_http=plain_http,
                    transport=self._http,
                    turns=rate,
                )
            return self._of_ecr[url]

    def ecr_client_blocking(self, url: str) -> tuple[Any, str] | None:
        """Return ECR's client for a repository, and its account ("" for the caller's); None if it is not ECR's."""
        host = host_of(url)
        if self._token(host) is None:
            return None
        known = ecr_host(host)
        return self._aws_of(host).ecr_client(known.region if known else ""), known.account if known else ""

    def push_credentials(self, host: str) -> Credentials | None:
        """Return the credentials of an ECR host, which Docker's own configuration lacks; blocking.

        None for other registries: their credentials are in that configuration. None also for a host without an access
        to AWS.
        """
        if host not in self._by_host and self._default is None:
            return None
        token = self._token(host)
        return token.credentials() if token else None

    def _aws(self, access: AwsAccess) -> _Aws:
        found = next((aws for aws in self._accesses if aws.access == access), None)
        if found is None:
            found = _Aws(access, self._environment)
            self._accesses.append(found)
        return found

    def _aws_of(self, host: str) -> _Aws:
        found = self._by_host.get(host, self._default)
        assert found is not None, host
        return found

    def _token(self, host: str) -> EcrToken | None:
        known, aws = ecr_host(host), self._aws_of(host)
        if not known:
            return aws.emulated_token(host)
        with self._lock:
            if host not in self._tokens:
                self._tokens[host] = aws.new_token(known.region, host)
            return self._tokens[host]

    def close(self) -> None:
        """Close the kept connections."""
        self._http.close()
