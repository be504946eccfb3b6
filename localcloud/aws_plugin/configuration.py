"""The provider's configuration: the settings of the stack or of an explicit ``aws.Provider``, and of the environment.

Decides which keys exist, how they are read (all arrive as strings, other types as JSON), in which order the environment
is asked (pulumi-aws ``provider/config.go``), and that every endpoint is on this machine. Credentials and clients are
made in ``session``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from localcloud.aws_plugin.errors import PluginError

_TEXTS: Final = frozenset(
    {
        *("accessKey", "customCaBundle", "ec2MetadataServiceEndpoint", "ec2MetadataServiceEndpointMode"),
        *("httpProxy", "httpsProxy", "noProxy", "profile", "region", "retryMode", "s3UsEast1RegionalEndpoint"),
        *("secretKey", "stsRegion", "tagPolicyCompliance", "token"),
    }
)
_JSON: Final = {
    **dict.fromkeys(("allowedAccountIds", "forbiddenAccountIds", "assumeRoles", "endpoints"), list),
    **dict.fromkeys(("sharedConfigFiles", "sharedCredentialsFiles", "userAgents"), list),
    **dict.fromkeys(("assumeRoleWithWebIdentity", "defaultTags", "ignoreTags"), dict),
    **dict.fromkeys(("insecure", "s3UsePathStyle", "skipCredentialsValidation", "skipMetadataApiCheck"), bool),
    **dict.fromkeys(("skipRegionValidation", "skipRequestingAccountId", "useDualstackEndpoint"), bool),
    "useFipsEndpoint": bool,
    **dict.fromkeys(("maxRetries", "tokenBucketRateLimiterCapacity"), int),
}
_ENGINE_KEYS: Final = frozenset({"version", "pluginDownloadURL", "pluginChecksums", "__internal"})
_UNSUPPORTED: Final = frozenset({"assumeRoleWithWebIdentity"})

# Names of `endpoints` that mean the same service (names_data of terraform-provider-aws), to botocore's names.
_SERVICE_NAMES: Final = {
    "cloudwatchevents": "events",
    "cloudwatchlog": "logs",
    "cloudwatchlogs": "logs",
    "eventbridge": "events",
    "lambda_": "lambda",
    "s3api": "s3",
}
# botocore's service name to the suffix of AWS_ENDPOINT_URL_<SUFFIX>.
_ENVIRONMENT_SUFFIXES: Final = {"events": "EVENTBRIDGE", "logs": "CLOUDWATCH_LOGS"}


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """A configuration that has been read and found right.

    Attributes:
        values: All keys of the provider, in their own types.
        endpoints: botocore's service name to URL, from the key ``endpoints``.
        environment: The plugin's environment; only names starting with ``AWS_`` are read.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    endpoints: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    def text(self, key: str, *variables: str) -> str | None:
        """A key's text, else the first of the environment variables that says something."""
        value = self.values.get(key)
        if value:
            return str(value)
        return next((self.environment[name] for name in variables if self.environment.get(name)), None)

    def flag(self, key: str, variable: str = "") -> bool:
        """A key's boolean, else the environment variable's; ``False`` when neither says anything."""
        value = self.values.get(key)
        if value is None:
            return self.environment.get(variable, "").lower() in {"1", "true"}
        return bool(value)

    @property
    def region(self) -> str | None:
        """The region as configured, or of the environment; ``None`` when only a profile could say it."""
        return self.text("region", "AWS_REGION", "AWS_DEFAULT_REGION")

    @property
    def default_tags(self) -> dict[str, str]:
        """The tags that every resource gets."""
        return dict((self.values.get("defaultTags") or {}).get("tags") or {})

    def ignores_tag(self, key: str) -> bool:
        """Whether a tag is none of the provider's business (AWS's own, or ``ignoreTags``)."""
        ignored = self.values.get("ignoreTags") or {}
        prefixes = ("aws:", *(ignored.get("keyPrefixes") or ()))
        return key.startswith(prefixes) or key in (ignored.get("keys") or ())

    def endpoint(self, service: str) -> str:
        """The URL of a service.

        Raises:
            PluginError: None is configured, or it is not on this machine.
        """
        suffix = _ENVIRONMENT_SUFFIXES.get(service, service.upper().replace("-", "_"))
        url = (
            self.endpoints.get(service)
            or self.environment.get(f"AWS_ENDPOINT_URL_{suffix}")
            or self.environment.get("AWS_ENDPOINT_URL")
        )
        if not url:
            raise PluginError(
                f"no endpoint is configured for the service {service}: this stand-in of the AWS provider talks to "
                f"emulators on this machine only; set aws:endpoints[0].{service} or AWS_ENDPOINT_URL"
            )
        require_loopback(url, where=f"the endpoint of {service}")
        return url


def read_configuration(raw: Mapping[str, Any], environment: Mapping[str, str]) -> Configuration:
    """The configuration in its own types.

    Raises:
        PluginError: A key is unknown, a value has the wrong type, or an endpoint is not on this machine. The message
            starts with the key.
    """
    values: dict[str, Any] = {}
    for key, value in raw.items():
        if key in _ENGINE_KEYS or value is None:
            continue
        values[key] = _read_value(key, value)
    return Configuration(
        values=values, endpoints=_read_endpoints(values.get("endpoints") or []), environment=dict(environment)
    )


def _read_value(key: str, value: Any) -> Any:
    if key == "assumeRole":
        raise PluginError("assumeRole: use the list assumeRoles instead")
    if key in _UNSUPPORTED:
        raise PluginError(f"{key}: this stand-in does not support it")
    if key in _TEXTS:
        if not isinstance(value, str):
            raise PluginError(f"{key}: expected a string, got {type(value).__name__}")
        return value
    expected = _JSON.get(key)
    if expected is None:
        raise PluginError(f"{key}: unknown configuration key of the aws provider")
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise PluginError(f"{key}: not valid JSON: {error}") from None
    if isinstance(value, str) and expected in {bool, int}:
        # `pulumi config set` keeps true and 3 as strings.
        value = {"true": True, "false": False}.get(value, value) if expected is bool else _integer(value)
    if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
        raise PluginError(f"{key}: expected a {expected.__name__}, got {value!r}")
    return value


def _integer(text: str) -> Any:
    return int(text) if text.isdigit() else text


def _read_endpoints(blocks: list[Any]) -> dict[str, str]:
    endpoints: dict[str, str] = {}
    for index, block in enumerate(blocks):
        if not isinstance(block, Mapping):
            raise PluginError(f"endpoints[{index}]: expected an object of service names and URLs")
        for name, url in block.items():
            where = f"endpoints[{index}].{name}"
            if not isinstance(url, str):
                raise PluginError(f"{where}: expected a URL, got {url!r}")
            if url:
                require_loopback(url, where=where)
                endpoints[_SERVICE_NAMES.get(name, name)] = url
    return endpoints


def require_loopback(url: str, *, where: str) -> None:
    """Refuse a URL that leaves this machine.

    Raises:
        PluginError: It is not ``http(s)`` on a loopback address.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        local = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        local = False
    if parts.scheme not in {"http", "https"} or not local:
        raise PluginError(
            f"{where}: {url} is not on this machine: this stand-in of the AWS provider talks to emulators on a "
            "loopback address only"
        )
