"""AWS clients as the stack has them, and AWS's errors as ours.

Decides the order of credentials (static, profile, then the ambient chain; roles assumed on top, refreshed by
themselves) and which of our errors an error of the SDK becomes. Leaves where the settings come from to the composition
root.

The SDK takes as long to import as all the rest of a program, so it is imported when AWS is asked, never by a program
whose images are unchanged.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from fast_container.adapters.call_log import observe
from fast_container.core.aws_access import AssumedRole, AwsAccess, WebIdentity
from fast_container.errors import AuthError, FastContainerError, RegistryError

if TYPE_CHECKING:
    import botocore.exceptions

_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_BAD_CREDENTIALS = frozenset(
    {
        *("UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException", "SignatureDoesNotMatch"),
        *("InvalidAccessKeyId", "InvalidToken"),
    }
)
# The JSON services put this into the message of InvalidSignatureException.
_SKEWED = ("RequestTimeTooSkewed", "Signature expired", "Signature not yet current")
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_SESSION_NAME = "fast-container"
_SOON_S = 3


class ExpiredCredentialsError(AuthError):
    """Credentials that were valid once; the same source may have new ones."""


class AwsSession:
    """Makes clients; one for a whole program, safe for threads.

    Args:
        access: The stack's or the builder's settings.
        environment: Ambient region variables, the last resort. The SDK itself reads ambient credentials and endpoints.
    """

    def __init__(self, access: AwsAccess, environment: Mapping[str, str]) -> None:
        self._access = access
        self._environment = environment
        self._session: Any = None
        self._clients: dict[tuple[str, str, bool], Any] = {}
        self._lock = threading.Lock()

    def region(self) -> str:
        """The configured region, else the ambient one, else ""."""
        ambient = self._environment.get("AWS_REGION") or self._environment.get("AWS_DEFAULT_REGION")
        return self._access.region or ambient or ""

    def client(self, service: str, region: str = "", *, is_patient: bool = True) -> Any:
        """Return a client of a service; kept for the session.

        Args:
            service: The service.
            region: Its region; the session's by default.
            is_patient: Whether a slow answer is worth waiting for; without it a call ends within seconds.

        Raises:
            AuthError: The profile does not exist, or there is no region.
        """
        import botocore.config  # noqa: PLC0415 - see the module

        where = region or self.region()
        with self._lock, aws_errors(f"{service} client", where or "AWS"):
            wanted = service, where, is_patient
            if wanted not in self._clients:
                if self._session is None:
                    self._session = self._new_session()
                client = self._session.create_client(
                    service,
                    region_name=where or None,
                    endpoint_url=self._access.endpoints.get(service) or None,
                    config=botocore.config.Config(
                        connect_timeout=10 if is_patient else _SOON_S,
                        read_timeout=60 if is_patient else _SOON_S,
                        retries={"mode": "standard", "total_max_attempts": 5 if is_patient else 2},
                        # None leaves it to the environment and the profile.
                        use_fips_endpoint=self._access.use_fips or None,
                        use_dualstack_endpoint=self._access.use_dualstack or None,
                    ),
                )
                self._clients[wanted] = observe(client, self._environment)
            return self._clients[wanted]

    def renew(self) -> None:
        """Look for credentials anew, so that a user who logged in again meanwhile need not start over."""
        with self._lock:
            self._session = None
            self._clients.clear()

    def _new_session(self) -> Any:
        access = self._access
        session = _session(access.profile)
        if access.access_key:
            session.set_credentials(access.access_key, access.secret_key, access.session_token or None)
        if access.web_identity is not None:
            session = self._with_web_identity(session, access.web_identity)
        for role in access.assume_roles:
            session = self._assume(session, role)
        return session

    def _assume(self, session: Any, role: AssumedRole) -> Any:
        import botocore.credentials  # noqa: PLC0415 - see the module
        import botocore.exceptions  # noqa: PLC0415 - see the module

        source = session.get_credentials()
        if source is None:
            raise botocore.exceptions.NoCredentialsError
        fetcher = botocore.credentials.AssumeRoleCredentialFetcher(
            client_creator=self._sts_of(session),
            source_credentials=source,
            role_arn=role.role_arn,
            extra_args=_role_arguments(role),
        )
        return self._refreshing("assume-role", fetcher.fetch_credentials)

    def _with_web_identity(self, session: Any, identity: WebIdentity) -> Any:
        import botocore.credentials  # noqa: PLC0415 - see the module

        def token() -> str:
            if identity.token:
                return identity.token
            try:
                return Path(identity.token_file).expanduser().read_text(encoding="utf-8").strip()
            except OSError as error:
                raise AuthError(
                    "The file of the web identity token cannot be read.",
                    where=identity.token_file,
                    why=error.strerror or str(error),
                    next_step="Correct aws:assumeRoleWithWebIdentity (webIdentityTokenFile).",
                ) from None

        known = ("RoleSessionName", "DurationSeconds", "Policy", "PolicyArns")
        arguments = {name: value for name, value in _role_arguments(identity.role).items() if name in known}
        fetcher = botocore.credentials.AssumeRoleWithWebIdentityCredentialFetcher(
            client_creator=self._sts_of(session),
            web_identity_token_loader=token,
            role_arn=identity.role.role_arn,
            extra_args=arguments,
        )
        return self._refreshing("assume-role-with-web-identity", fetcher.fetch_credentials)

    def _sts_of(self, session: Any) -> Callable[..., Any]:
        region, endpoint = self.region(), self._access.endpoints.get("sts")

        def create_client(service: str, **arguments: Any) -> Any:
            return session.create_client(
                service, region_name=region or None, endpoint_url=endpoint or None, **arguments
            )

        return create_client

    def _refreshing(self, method: str, fetch: Callable[[], Any]) -> Any:
        import botocore.credentials  # noqa: PLC0415 - see the module

        assumed = _session(self._access.profile)
        # botocore has no public way to give a session credentials that refresh themselves.
        setattr(  # noqa: B010
            assumed,
            "_credentials",
            botocore.credentials.DeferredRefreshableCredentials(method=method, refresh_using=fetch),
        )
        return assumed


class _AnyService:
    """Contains every name: the SDK lists its 400 services twice to see that one of them is there."""

    def __contains__(self, name: object) -> bool:
        return True


def _list_services(_kind: str) -> _AnyService:
    return _AnyService()


def _session(profile: str) -> Any:
    import botocore.session  # noqa: PLC0415 - see the module

    session: Any = botocore.session.Session(profile=profile or None)
    session.get_component("data_loader").list_available_services = _list_services
    return session


def _role_arguments(role: AssumedRole) -> dict[str, Any]:
    """Build the arguments of STS AssumeRole beside the role's ARN."""
    found: dict[str, Any] = {
        "RoleSessionName": role.session_name or _SESSION_NAME,
        "ExternalId": role.external_id,
        "DurationSeconds": role.duration_s,
        "SourceIdentity": role.source_identity,
        "Policy": role.policy,
        "PolicyArns": [{"arn": arn} for arn in role.policy_arns],
        "Tags": [{"Key": key, "Value": value} for key, value in role.tags],
        "TransitiveTagKeys": list(role.transitive_tags),
    }
    return {name: value for name, value in found.items() if value}


@contextmanager
def aws_errors(action: str, where: str, *, error_type: type[FastContainerError] = RegistryError) -> Generator[None]:
    """Turn the SDK's errors into ours.

    Args:
        action: The call, as IAM names it (``ecr:BatchGetImage``).
        where: Repository, registry or endpoint.
        error_type: For errors that are not about credentials.

    Raises:
        AuthError: Credentials are missing, expired, wrong, or lack a permission; or there is no region.
        FastContainerError: Any other error of the service or the network, as ``error_type``.
    """
    import botocore.exceptions  # noqa: PLC0415 - see the module
    import botocore.parsers  # noqa: PLC0415 - see the module

    try:
        yield
    except botocore.exceptions.ClientError as error:
        raise _service_error(error, action, where, error_type) from error
    except (botocore.exceptions.NoCredentialsError, botocore.exceptions.PartialCredentialsError) as error:
        raise AuthError(
            "There are no AWS credentials.",
            where=where,
            why=str(error),
            next_step="Set them in the stack's aws: configuration, by a profile, or in the environment.",
        ) from error
    except botocore.exceptions.NoRegionError as error:
        raise AuthError(
            "The AWS region is not known.", where=where, next_step="Set it: pulumi config set aws:region <region>"
        ) from error
    except botocore.exceptions.ProfileNotFound as error:
        raise AuthError("The AWS profile does not exist.", where=where, why=str(error)) from error
    except (
        botocore.exceptions.TokenRetrievalError,
        botocore.exceptions.SSOError,
        botocore.exceptions.CredentialRetrievalError,
    ) as error:
        raise AuthError(
            "AWS credentials could not be obtained.",
            where=where,
            why=str(error),
            next_step="Log in again (aws sso login).",
        ) from error
    except (botocore.exceptions.HTTPClientError, botocore.exceptions.ConnectionError) as error:
        raise error_type(
            "AWS cannot be reached.",
            where=where,
            why=str(error),
            next_step="Check the network, any proxy, and the configured endpoint.",
        ) from error
    except botocore.parsers.ResponseParserError as error:
        raise error_type(
            "Something other than AWS answered.",
            where=where,
            why=f"{action}: {str(error)[:200]}",
            next_step="Check the configured endpoint, and any proxy or gateway in between.",
        ) from error
    except botocore.exceptions.BotoCoreError as error:
        raise error_type(f"AWS could not be asked ({action}).", where=where, why=str(error)) from error


def error_code(error: botocore.exceptions.ClientError) -> str:
    """Return the service's error code."""
    response = cast("Mapping[str, Mapping[str, Any]]", error.response)
    return str(response.get("Error", {}).get("Code", ""))


def _service_error(
    error: botocore.exceptions.ClientError, action: str, where: str, error_type: type[FastContainerError]
) -> FastContainerError:
    response = cast("Mapping[str, Mapping[str, Any]]", error.response)
    code, message = error_code(error), str(response.get("Error", {}).get("Message", ""))
    why = f"{code}: {message}"
    if any(mark in why for mark in _SKEWED):
        return AuthError(
            "AWS does not accept this machine's clock.", where=where, why=why, next_step="Set the clock (NTP)."
        )
    if code in _EXPIRED:
        return ExpiredCredentialsError(
            "The AWS credentials have expired.", where=where, why=why, next_step="Log in again."
        )
    if code in _BAD_CREDENTIALS:
        return AuthError("AWS does not accept the credentials.", where=where, why=why)
    if code in _DENIED:
        return AuthError(
            f"AWS denied {action}.", where=where, why=why, next_step=f"Allow {action} to the identity in use."
        )
    return error_type(f"AWS refused {action}.", where=where, why=why)
