"""Which adapter a repository's URL needs, and with whose credentials.

Decides by the URL where it is ECR's own (``core.oci.ecr_host``); where an ECR endpoint is configured (an emulator, a
private endpoint), by asking that endpoint which registry its tokens are for. All else is an OCI registry with the
credentials of Docker's configuration. Account and region come from the URL. AWS's SDK takes a third of a second to
import, so it is imported when the first ECR repository is used, never by a program that has nothing to ask.
"""

from __future__ import annotations

import threading
import urllib.parse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fast_container.adapters.call_log import CallLog
from fast_container.adapters.docker_config import DockerConfig
from fast_container.adapters.registry.http_transport import HttpTransport
from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.adapters.registry.proxies import Proxies
from fast_container.adapters.registry.put_rate import PutRate
from fast_container.adapters.threads import in_thread
from fast_container.core.aws_access import AwsAccess
from fast_container.core.oci.ecr_host import ecr_host
from fast_container.core.oci.repository import host_of
from fast_container.core.ports import Credentials, Registry

if TYPE_CHECKING:
    from fast_container.adapters.aws_session import AwsSession
    from fast_container.adapters.registry.ecr import EcrToken


class Registries:
    """The registries of one program: shared connections, one token and one PutImage rate per registry host.

    Args:
        access: How to reach AWS.
        environment: For proxies, Docker's configuration, and the ambient region and endpoints.
    """

    def __init__(self, access: AwsAccess, environment: Mapping[str, str]) -> None:
        self._access = access
        self._environment = environment
        self._session: AwsSession | None = None
        calls = CallLog.from_environment(environment)
        self._http = HttpTransport(proxies=Proxies.from_environment(environment), calls=calls)
        self._tokens: dict[str, EcrToken] = {}
        self._emulated: EcrToken | None = None
        self._put_rates: dict[str, PutRate] = {}
        self._has_endpoint = bool(
            access.endpoints.get("ecr")
            or environment.get("AWS_ENDPOINT_URL_ECR")
            or environment.get("AWS_ENDPOINT_URL")
        )
        self._lock = threading.Lock()

    async def registry(self, url: str) -> Registry:
        """The adapter for ``host/name``."""
        return await in_thread(self.registry_blocking, url)

    def registry_blocking(self, url: str) -> Registry:
        """As ``registry``; asks a configured ECR endpoint once.

        Raises:
            AuthError: That endpoint refused.
            RegistryError: It cannot be reached.
        """
        host = host_of(url)
        if self._token(host) is None:
            return self.oci_blocking(url)
        from fast_container.adapters.registry.ecr import EcrRegistry  # noqa: PLC0415 - see the module

        known = ecr_host(host)
        region = known.region if known else ""
        oci = self.oci_blocking(url)
        account = known.account if known else ""
        return EcrRegistry(url, lambda: self._ecr_client(region), oci, registry_id=account)

    def oci_blocking(self, url: str) -> OciRegistry:
        """The repository through its HTTP API alone, ECR's too; blocking, as ``registry_blocking``."""
        host = host_of(url)
        token = self._token(host)
        if token is None:
            return OciRegistry(
                url, lambda: DockerConfig.load(self._environment).credentials(host), transport=self._http
            )
        plain_http = None if ecr_host(host) else token.proxy_endpoint().startswith("http://")
        with self._lock:
            rate = self._put_rates.setdefault(host, PutRate())
        return OciRegistry(
            url,
            token.credentials,
            refused=token.forget,
            plain_http=plain_http,
            transport=self._http,
            before_put=rate.wait,
        )

    def push_credentials(self, host: str) -> Credentials | None:
        """What a builder needs beyond the user's own Docker configuration to use a registry host; blocking.

        None for registries that are not ECR: their credentials are in that configuration.
        """
        token = self._token(host)
        return token.credentials() if token else None

    def _token(self, host: str) -> EcrToken | None:
        known = ecr_host(host)
        with self._lock:
            if known:
                if host not in self._tokens:
                    self._tokens[host] = self._new_token(known.region, host)
                return self._tokens[host]
            if not self._has_endpoint:
                return None
            if self._emulated is None:
                self._emulated = self._new_token("", "the configured ECR endpoint")
            token = self._emulated
        return token if urllib.parse.urlsplit(token.proxy_endpoint()).netloc == host else None

    def _new_token(self, region: str, where: str) -> EcrToken:
        from fast_container.adapters.registry.ecr import EcrToken  # noqa: PLC0415 - see the module

        return EcrToken(lambda: self._ecr_client(region), where)

    def _ecr_client(self, region: str) -> Any:
        from fast_container.adapters.aws_session import AwsSession  # noqa: PLC0415 - see the module

        with self._lock:
            if self._session is None:
                self._session = AwsSession(self._access, self._environment)
            session = self._session
        return session.client("ecr", region)

    def close(self) -> None:
        """Close the connections that are kept."""
        self._http.close()


def registry_for(url: str, access: AwsAccess, environment: Mapping[str, str]) -> Registry:
    """One repository's adapter, for a caller that needs only one (the dynamic provider); blocking."""
    return Registries(access, environment).registry_blocking(url)
