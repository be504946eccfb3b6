"""A repository that exists already, by its URL or its name in ECR.

Decides which of the two a string is, and the error for a repository that does not exist, also one to be adopted. Leaves
a repository that a stack creates or adopts to ``repository``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar, cast

import pulumi

from fast_container.args import check_repository_name, check_repository_url
from fast_container.core.oci.repository import host_of
from fast_container.errors import ArgsError, FastContainerError
from fast_container.shapes import check_engine_string, check_opts, one_line_refusals
from fast_container.state.inputs import Lazy

if TYPE_CHECKING:
    import pulumi_aws as aws
else:
    from fast_container import lazy_aws as aws

T = TypeVar("T")
_PATH: Final = "ImageRepository.get"


@one_line_refusals
@dataclass(frozen=True, slots=True)
class ExistingRepository:
    """A repository that another stack or a person created; used, never managed."""

    url: pulumi.Input[str]


def existing_repository(name_or_url: str, opts: pulumi.InvokeOptions | None) -> ExistingRepository:
    """Return a repository by its URL (no call), or by its ECR name (one lookup, in preview too).

    Raises:
        pulumi.RunError: It can be neither a URL nor a name.
    """
    try:
        check_opts(opts, pulumi.InvokeOptions)
        check_engine_string(name_or_url, _PATH)
        first = host_of(name_or_url.removeprefix("https://"))
        if "/" in name_or_url and ("." in first or ":" in first):
            return ExistingRepository(check_repository_url(name_or_url, _PATH))
        name = check_repository_name(name_or_url, _PATH)
    except FastContainerError as error:
        raise pulumi.RunError(str(error)) from None
    found = aws.ecr.get_repository_output(name=name, opts=opts)
    return ExistingRepository(_found(name, found.repository_url))


def check_adoption(name: str, kms_key: object, component: pulumi.Resource) -> None:
    """Refuse to import a repository that does not exist, or that has another encryption, which AWS cannot change.

    Asks through the component's AWS provider, in preview too.

    Raises:
        ArgsError: With what to do instead.
    """
    try:
        # The plain form: an error of the other form ends the program, even if it is caught.
        found = aws.ecr.get_repository(name=name, opts=pulumi.InvokeOptions(parent=component))
    except Exception as error:  # any error of the provider or the SDK
        raise ArgsError(
            f"The repository {name!r} cannot be adopted.",
            property_path="adopt",
            why=" ".join(str(error).split()),
            next_step="If it does not exist in this account and region, leave adopt out, and it is created.",
        ) from None
    # Mocks, and a provider that is not configured yet, do not know the encryption.
    for actual in found.encryption_configurations or ():
        key = actual.kms_key if actual.encryption_type != "AES256" else None
        if isinstance(kms_key, str | None) and kms_key != key:
            raise ArgsError(
                f"The repository {name!r} has another encryption, and ECR cannot change that.",
                property_path="kms_key",
                why=f"it is encrypted with {key or 'AES256'}, and kms_key= says {kms_key or 'AES256'}",
                next_step=(f"Give kms_key={key!r}" if key else "Leave kms_key out") + " to adopt it.",
            )


def _found(name: str, url: pulumi.Output[str]) -> pulumi.Output[str]:
    """Return the URL that the lookup found; if it fails, an error with advice in place of a traceback."""

    def asked(fact: Callable[[], Awaitable[T]]) -> Lazy[T]:
        async def answer() -> T:
            try:
                return await fact()
            except Exception as error:  # any error of the provider or the SDK
                raise _not_found(name, error) from None

        return Lazy(answer)

    value = cast("Callable[[], Awaitable[str]]", url.future)
    return pulumi.Output(asked(url.resources), asked(value), asked(url.is_known), asked(url.is_secret))


def _not_found(name: str, error: Exception) -> pulumi.RunError:
    missing = ArgsError(
        f"The repository {name!r} could not be looked up.",
        property_path=_PATH,
        why=" ".join(str(error).split()),
        next_step="Give the name of one in this account and region, or a URL; ImageRepository(…, name=…) makes one.",
    )
    return pulumi.RunError(str(missing))
