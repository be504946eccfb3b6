"""Everything that reaches buildx and BuildKit from here: options, variables, Docker's configuration; and its effect.

Decides what is passed on: an input is either in the build key (``COUNTED``), or cannot change the image and is listed
with the reason (``CANNOT_CHANGE_THE_IMAGE``), or does not get through. Buildx's and BuildKit's own variables do not,
unless they are listed, so a new one of a new version changes nothing here. All other variables are passed, because
registries' helpers, drivers and proxies of connections need them, and BuildKit never sees them. A test writes a job
that uses everything and looks each input up here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fast_container.core.recipe import OPTIONS

COUNTED: Final[Mapping[str, str]] = {
    "--file": "dockerfile",
    "--platform": "platform",
    "--target": "target",
    "--build-arg": "arg",
    "--label": "label",
    "--": "context",
    "--build-context": "context, image or base",
    "--secret": "secret",
    "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY": "image",
    **{option.flag: "option" for option in OPTIONS},
}
"""Option or variable → the kind of part of the build key that covers it; for secrets, on purpose, only the ids."""

CANNOT_CHANGE_THE_IMAGE: Final[Mapping[str, str]] = {
    "--builder": "where it is built",
    "--output": "a constant, and the repository, which is not part of an image",
    "--metadata-file": "what buildx writes afterwards",
    "--progress": "a constant: what buildx says",
    "--provenance": "a constant: none",
    "--sbom": "a constant: none",
    "--cache-from": "steps of the same cache key; writers of a cache are trusted",
    "--cache-to": "written afterwards",
    "BUILDX_CONFIG": "which builders there are",
    "BUILDX_BUILDER": "where it is built",
    "BUILDKIT_HOST": "where it is built",
    "BUILDX_DEFAULT_POLICY": "it can refuse a frontend that is not signed, and changes nothing",
    "BUILDX_METADATA_PROVENANCE": "a constant: none",
    "BUILDX_GIT_INFO": "a constant: no, so that buildx runs no git for provenance that is not wanted",
    "GOGC": "how often buildx looks for garbage",
    "DOCKER_CONFIG": "credentials and endpoints, see DOCKER_SETTINGS",
}
"""Option or variable → why it is not in the key."""

DOCKER_SETTINGS: Final = frozenset(
    {"auths", "credHelpers", "credsStore", "HttpHeaders", "currentContext", "cliPluginsExtraDirs"}
)
"""Settings of Docker's ``config.json`` that are passed on: the user's identity, and which Docker is used.
Not ``proxies``: buildx makes build args of them, so their values, passwords too, would be in every ``RUN`` and in no
key.
"""

# With OpenTelemetry's, buildx sends spans of its own, and ends ten seconds later if their receiver does not answer.
_OWN_PREFIXES: Final = ("BUILDX_", "BUILDKIT_", "EXPERIMENTAL_BUILDKIT_", "PULUMI_", "OTEL_", "DELEGATED_OTEL_")
# Buildx turns the first two into a build arg and the platform.
_OWN_NAMES: Final = frozenset({"SOURCE_DATE_EPOCH", "DOCKER_DEFAULT_PLATFORM", "TRACEPARENT", "TRACESTATE"})


def passed_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the user's environment without the variables that could change the image or concern only the engine."""
    return {name: value for name, value in environment.items() if is_passed(name)}


def is_passed(variable: str) -> bool:
    """Whether a variable of the user's environment gets through."""
    own = variable in _OWN_NAMES or variable.startswith(_OWN_PREFIXES)
    return not own or variable in CANNOT_CHANGE_THE_IMAGE


def passed_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of Docker's ``config.json`` that are passed on."""
    return {name: value for name, value in settings.items() if name in DOCKER_SETTINGS}
