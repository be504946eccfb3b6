"""The images of Lambda functions: of ``$LATEST`` and of every published version.

Decides that a version counts whether an alias names it or not, since it can be invoked by its number, and that it uses
both what its URI says and what that was resolved to when it was deployed: a tag may have been moved since. Aliases
only give the reason. A version that has not changed since it was asked (its revision) is not asked again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from fast_container.adapters.aws_lists import Json, at_once, listed, object_in, unless_gone
from fast_container.core.cleanup.uses import Use

_GONE: Final = "ResourceNotFoundException"
_LATEST: Final = "$LATEST"
_HEX: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class LambdaFunctions:
    """The functions of an account in a region.

    Args:
        client: Makes the client.
        place: Account and region in reasons; "" for the only one.
    """

    name = "lambda"

    def __init__(self, client: Callable[[], Any], place: str = "") -> None:
        self._client = client
        self._place = place
        self._known: dict[tuple[str, str], tuple[str, ...]] = {}
        self._aliases: dict[str, dict[str, list[str]]] = {}

    def read(self) -> list[Use]:
        """Return the uses; blocking.

        Raises:
            AuthError: A permission is missing; the message names it.
            RegistryError: AWS could not be asked.
        """
        client = self._client()
        found = listed(
            "lambda:ListFunctions", client.list_functions, ("Marker", "NextMarker"), "Functions", FunctionVersion="ALL"
        )
        images = [one for one in found if one.get("PackageType") == "Image"]
        unknown = [one for one in images if _identity(one) not in self._known]
        for one, references in zip(unknown, at_once(self._references, unknown), strict=True):
            if references is not None:
                self._known[_identity(one)] = references
        named = sorted({str(one["FunctionName"]) for one in images} - self._aliases.keys())
        self._aliases |= dict(zip(named, at_once(self._aliases_of, named), strict=True))
        return [
            Use(reference, self._reason(one)) for one in images for reference in self._known.get(_identity(one), ())
        ]

    def _references(self, version: Json) -> tuple[str, ...] | None:
        answer = unless_gone(
            "lambda:GetFunction",
            str(version["FunctionArn"]),
            self._client().get_function,
            _GONE,
            FunctionName=version["FunctionName"],
            Qualifier=version.get("Version") or _LATEST,
        )
        if answer is None:
            return None
        code = object_in(answer, "Code")
        said = [str(code[name]) for name in ("ImageUri", "ResolvedImageUri") if code.get(name)]
        digest = str(version.get("CodeSha256") or "")
        # Of an image this is the manifest's digest.
        return (*said, f"sha256:{digest}") if _HEX.fullmatch(digest) else tuple(said)

    def _aliases_of(self, function: str) -> dict[str, list[str]]:
        """Return version → the aliases that name it, by weight too."""
        client = self._client()
        found: dict[str, list[str]] = {}

        def call(**request: Any) -> Any:
            gone = unless_gone("lambda:ListAliases", function, client.list_aliases, _GONE, **request)
            return gone or {}

        for alias in listed("lambda:ListAliases", call, ("Marker", "NextMarker"), "Aliases", FunctionName=function):
            routed = object_in(object_in(alias, "RoutingConfig"), "AdditionalVersionWeights")
            for version in (alias.get("FunctionVersion"), *routed):
                found.setdefault(str(version), []).append(str(alias["Name"]))
        return found

    def _reason(self, version: Json) -> str:
        function, number = str(version["FunctionName"]), str(version.get("Version") or _LATEST)
        aliases = self._aliases.get(function, {}).get(number, ())
        where = f" ({self._place})" if self._place else ""
        said = _LATEST if number == _LATEST else f"version {number}"
        if aliases:
            return f"alias {', '.join(aliases)} of function {function}, {said}{where}"
        return f"{said} of function {function}{where}"


def _identity(version: Json) -> tuple[str, str]:
    """A version as it is now: any change gives it another revision."""
    changed = version.get("RevisionId") or version.get("LastModified") or ""
    return str(version["FunctionArn"]), f"{changed} {version.get('CodeSha256', '')}"
