"""AWS as a configured provider sees it: clients, account, region, tags, waiting.

Decides where credentials come from (configuration, environment, profile, assumed roles) and how long to wait. botocore
is loaded when the first client is made: an `up` that changes nothing needs none.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from localcloud.aws_plugin.configuration import Configuration
from localcloud.aws_plugin.errors import PluginError, describe, error_code, error_message

T = TypeVar("T")

_DEFAULT_SESSION_NAME: Final = "pulumi"
_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 2.0


class Session:
    """What all resources of one configured provider share.

    Args:
        configuration: The provider's configuration.
        first_pause_s: Before the second look at what is awaited; later pauses are longer.
    """

    def __init__(self, configuration: Configuration, *, first_pause_s: float = _FIRST_PAUSE_S) -> None:
        self.configuration = configuration
        self.first_pause_s = first_pause_s
        self.cancelled = threading.Event()
        self._lock = threading.RLock()
        self._botocore: Any = None
        self._credentials: dict[str, str] | None = None
        self._clients: dict[tuple[str, str], Any] = {}
        self._identity: Mapping[str, str] | None = None

    def region(self) -> str:
        """The provider's region.

        Raises:
            PluginError: Neither configuration, environment nor profile says one.
        """
        region = self.configuration.region
        if region is None and self.configuration.text("profile", "AWS_PROFILE"):
            region = self._session().get_config_variable("region")
        if not region:
            raise PluginError(
                "Missing region configuration: set it with `pulumi config set aws:region <region>`, "
                "the region of the aws.Provider, or AWS_REGION"
            )
        return region

    def client(self, service: str, region: str) -> Any:
        """A botocore client; made once per service and region.

        Raises:
            PluginError: The service has no endpoint on this machine.
        """
        key = (service, region)
        with self._lock:
            if key not in self._clients:
                credentials = self._resolved_credentials()
                self._clients[key] = self._make_client(service, region, credentials)
            return self._clients[key]

    def identity(self) -> Mapping[str, str]:
        """STS's answer to GetCallerIdentity, asked once: ``Account``, ``Arn``, ``UserId``."""
        with self._lock:
            if self._identity is None:
                region = self.configuration.text("stsRegion") or self.region()
                answer = self.client("sts", region).get_caller_identity()
                self._identity = {key: answer[key] for key in ("Account", "Arn", "UserId")}
            return self._identity

    def validate(self) -> None:
        """Check credentials and account once, as the real provider does when it is configured.

        Raises:
            PluginError: The credentials are refused, or the account is not one of those allowed.
        """
        values = self.configuration.values
        allowed, forbidden = values.get("allowedAccountIds"), values.get("forbiddenAccountIds")
        if not self.configuration.flag("skipCredentialsValidation", "AWS_SKIP_CREDENTIALS_VALIDATION"):
            try:
                self.identity()
            except PluginError:
                raise
            except Exception as error:
                raise PluginError(f"unable to validate AWS credentials: {describe(error)}") from error
        if not allowed and not forbidden:
            return
        account = self.identity()["Account"]
        if (allowed and account not in allowed) or (forbidden and account in forbidden):
            raise PluginError(f"AWS account ID not allowed: {account}")

    def _session(self) -> Any:
        with self._lock:
            if self._botocore is None:
                import botocore.session  # noqa: PLC0415

                session = botocore.session.Session(profile=self.configuration.values.get("profile"))
                for key, variable in (
                    ("sharedConfigFiles", "config_file"),
                    ("sharedCredentialsFiles", "credentials_file"),
                ):
                    files = self.configuration.values.get(key)
                    if files:
                        session.set_config_variable(variable, files[0])
                self._botocore = session
            return self._botocore

    def _resolved_credentials(self) -> dict[str, str]:
        if self._credentials is None:
            credentials = self._own_credentials()
            for role in self.configuration.values.get("assumeRoles") or []:
                credentials = self._assume(role, credentials)
            self._credentials = credentials
        return self._credentials

    def _own_credentials(self) -> dict[str, str]:
        values = self.configuration.values
        if values.get("accessKey") and values.get("secretKey"):
            return _credentials(values["accessKey"], values["secretKey"], values.get("token"))
        found = self._session().get_credentials()
        if found is None:
            raise PluginError(
                "No valid credential sources found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, aws:profile, or "
                "aws:accessKey and aws:secretKey"
            )
        frozen = found.get_frozen_credentials()
        return _credentials(frozen.access_key, frozen.secret_key, frozen.token)

    def _assume(self, role: Mapping[str, Any], credentials: dict[str, str]) -> dict[str, str]:
        region = self.configuration.text("stsRegion") or self.region()
        request: dict[str, Any] = {
            "RoleArn": role.get("roleArn"),
            "RoleSessionName": role.get("sessionName") or _DEFAULT_SESSION_NAME,
        }
        for key, parameter in (("externalId", "ExternalId"), ("policy", "Policy")):
            if role.get(key):
                request[parameter] = role[key]
        try:
            answer = self._make_client("sts", region, credentials).assume_role(**request)["Credentials"]
        except Exception as error:
            raise PluginError(f"cannot assume IAM Role {role.get('roleArn')}: {describe(error)}") from error
        return _credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])

    def _make_client(self, service: str, region: str, credentials: dict[str, str]) -> Any:
        endpoint = self.configuration.endpoint(service)
        session = self._session()
        from botocore.config import Config  # noqa: PLC0415

        config = Config(
            connect_timeout=5,
            max_pool_connections=32,
            retries={"mode": "standard", "total_max_attempts": 1 + self.configuration.values.get("maxRetries", 4)},
            s3={"addressing_style": "path"},
        )
        return session.create_client(service, region_name=region, endpoint_url=endpoint, config=config, **credentials)


def _credentials(access_key: str, secret_key: str, token: str | None) -> dict[str, str]:
    credentials = {"aws_access_key_id": access_key, "aws_secret_access_key": secret_key}
    return {**credentials, "aws_session_token": token} if token else credentials


class Aws:
    """AWS for one operation on one resource: a region and a time limit.

    Args:
        session: What the provider shares.
        region: The resource's region.
        timeout_s: How long the operation may wait, in seconds.
    """

    def __init__(self, session: Session, region: str, *, timeout_s: float = 600.0) -> None:
        self._session = session
        self.region = region
        self._deadline = time.monotonic() + timeout_s

    def client(self, service: str) -> Any:
        """A botocore client in this region."""
        return self._session.client(service, self.region)

    @property
    def identity(self) -> Mapping[str, str]:
        """``Account``, ``Arn`` and ``UserId`` of the caller."""
        return self._session.identity()

    @property
    def partition(self) -> str:
        """``aws``, ``aws-cn`` or ``aws-us-gov``."""
        if self.region.startswith("cn-"):
            return "aws-cn"
        return "aws-us-gov" if self.region.startswith("us-gov-") else "aws"

    @property
    def dns_suffix(self) -> str:
        """The domain of AWS's own hosts in this partition."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"

    def tags(self, tags: Mapping[str, str]) -> dict[str, str]:
        """The tags that AWS reports without those that are none of the provider's business."""
        return {key: value for key, value in tags.items() if not self._session.configuration.ignores_tag(key)}

    def poll(self, look: Callable[[], T | None], *, waiting_for: str) -> T:
        """Ask again and again, with growing pauses, until ``look`` answers.

        Raises:
            PluginError: The time limit is over or the operation was cancelled.
        """
        pause = self._session.first_pause_s
        while True:
            answer = look()
            if answer is not None:
                return answer
            if time.monotonic() + pause > self._deadline:
                raise PluginError(f"timeout while waiting for {waiting_for}")
            if self._session.cancelled.wait(pause):
                raise PluginError(f"cancelled while waiting for {waiting_for}")
            pause = min(pause * 1.5, _LONGEST_PAUSE_S)

    def retry(
        self, call: Callable[[], T], *, refusals: Mapping[str, tuple[str, ...]], longest_s: float, waiting_for: str
    ) -> T:
        """Call again while AWS refuses for a reason that passes by itself.

        Args:
            call: One call of AWS.
            refusals: AWS's error code to parts of its message, any of which makes it worth another try.
            longest_s: How long to try, in seconds.
            waiting_for: What is awaited, for the message.
        """
        limited = Aws(self._session, self.region, timeout_s=min(longest_s, self._deadline - time.monotonic()))
        last: list[BaseException] = []

        def attempt() -> tuple[T] | None:
            try:
                return (call(),)
            except Exception as error:
                parts = refusals.get(error_code(error), ())
                if not any(part in error_message(error) for part in parts):
                    raise
                last.append(error)
                return None

        try:
            return limited.poll(attempt, waiting_for=waiting_for)[0]
        except PluginError as error:
            raise PluginError(f"{error}: {describe(last[-1])}" if last else str(error)) from None
