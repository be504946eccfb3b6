"""``ImageRepository``: an ECR repository as images of this library need it.

Decides immutability, scanning, and what stays when the stack goes. Leaves the policies to ``repository_policies``, the
advice about a repository that exists already to ``retained_repository``, creating to the AWS provider, and removing
images that are no longer in use to an explicit command.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import pulumi

from fast_container.args import (
    MIN_UNTAGGED_DAYS,
    UNTAGGED_DAYS,
    check_repository_name,
)
from fast_container.deprecated import renamed
from fast_container.errors import ArgsError, FastContainerError
from fast_container.existing_repository import ExistingRepository, check_adoption, existing_repository
from fast_container.repository_policies import lifecycle_policy, pull_policy
from fast_container.retained_repository import NewRepository, repository_hook
from fast_container.shapes import (
    check_count,
    check_flag,
    check_opts,
    check_plain,
    check_resource_name,
    check_strings,
    engine_input,
    engine_inputs,
    is_later,
    refused_as_one_line,
    shown,
)

if TYPE_CHECKING:
    import pulumi_aws as aws
else:
    from fast_container import lazy_aws as aws

TYPE = "fast-container:index:ImageRepository"
_ACCOUNT = re.compile(r"\d{12}")


class ImageRepository(pulumi.ComponentResource):
    """An ECR repository for images that are found by their build key and deployed by their digest.

    Tags are immutable, images are scanned on push, Lambda of the same account may pull. By default it survives
    ``pulumi destroy`` with its images; ``adopt=True`` makes such a repository part of a stack again.

    Args:
        resource_name: The Pulumi name.
        name: The repository's name in ECR; default ``<project>/<stack>/<resource_name>`` in lower case.
        kms_key: ARN of a KMS key; default ECR's own AES-256. Changing it replaces the repository.
        pull_accounts: Other accounts (12 digits) that may pull, their Lambda functions included.
        lambda_pull: Whether Lambda functions of this account may pull.
        untagged_days: Untagged images expire after that many days, at least 14: an image is untagged between push and
            tag, and a running task may still name an untagged one by digest.
        retain_on_delete: Keep the repository and its images when the resource goes; default True, unless
            ``force_delete``. With False ECR refuses to delete it while there are images in it.
        force_delete: Delete the repository when the resource goes, **with every image in it**, also those that other
            stacks have pushed or deployed: a Lambda function or a task that still names one cannot start any more.
            For stacks that live for hours, such as those of pull requests. It counts once an ``up`` has recorded it.
        immutable: Whether a tag can never be moved. False only for a repository of build caches (``RegistryCache``),
            whose tags are overwritten; images do not belong there.
        adopt: Import the repository of that name instead of creating it, and write the policies of a new one; remove
            the argument after the first ``up``.
        tags: AWS tags.
        opts: Resource options of the component.
        take_up: The former name of ``adopt``.

    Raises:
        pulumi.RunError: An argument cannot be right.
    """

    url: pulumi.Output[str]
    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    registry_id: pulumi.Output[str]

    @refused_as_one_line("ImageRepository")
    def __init__(
        self,
        resource_name: str,
        *,
        name: str | None = None,
        kms_key: pulumi.Input[str] | None = None,
        pull_accounts: Sequence[str] | None = None,
        lambda_pull: bool = True,
        untagged_days: int = UNTAGGED_DAYS,
        retain_on_delete: bool | None = None,
        force_delete: bool = False,
        immutable: bool = True,
        adopt: bool = False,
        tags: Mapping[str, pulumi.Input[str]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
        take_up: bool | None = None,
    ) -> None:
        try:
            repository_name = _checked_name(check_resource_name(resource_name, "resource_name"), name)
            pull_accounts = _checked_accounts(pull_accounts)
            _check_days(untagged_days)
            for flag, property_path in (
                (lambda_pull, "lambda_pull"),
                (immutable, "immutable"),
                (adopt, "adopt"),
                (force_delete, "force_delete"),
            ):
                check_flag(flag, property_path)
            retained = _checked_retention(retain_on_delete, force_delete=force_delete)
            if take_up is not None:
                check_flag(take_up, "take_up")
            named = f"ImageRepository {shown(resource_name)}"
            adopt = bool(renamed(take_up, adopt or None, old="take_up", new="adopt", component=named))
            kms_key = None if kms_key is None else engine_input(kms_key, "kms_key")
            tags = engine_inputs(tags, "tags")
            check_opts(opts, pulumi.ResourceOptions)
        except FastContainerError as error:
            raise pulumi.RunError(f"ImageRepository {shown(resource_name)}: {error}") from None
        super().__init__(TYPE, resource_name, {}, opts)

        if adopt:
            try:
                check_adoption(repository_name, kms_key, self)
            except FastContainerError as error:
                raise pulumi.RunError(f"ImageRepository {shown(resource_name)}: {error}") from None
        # The policies are never imported: a repository may have none, and creating one writes over what is there.
        child = pulumi.ResourceOptions(parent=self, retain_on_delete=retained)
        hook = repository_hook()
        repository = aws.ecr.Repository(
            f"{resource_name}-repository",
            name=repository_name,
            image_tag_mutability="IMMUTABLE" if immutable else "MUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[_encryption(kms_key)],
            # None, not False, so that the inputs of existing repositories stay as they are.
            force_delete=force_delete or None,
            tags=tags,
            opts=pulumi.ResourceOptions.merge(
                child,
                pulumi.ResourceOptions(import_=repository_name)
                if adopt
                else pulumi.ResourceOptions(hooks=hook.binding),
            ),
        )
        hook.declare(repository_name, NewRepository(repository, resource_name, retained))
        settings: list[pulumi.Output[str]] = [
            aws.ecr.LifecyclePolicy(
                f"{resource_name}-lifecycle",
                repository=repository.name,
                policy=json.dumps(lifecycle_policy(untagged_days)),
                opts=child,
            ).id
        ]
        if lambda_pull or pull_accounts:
            policy = pulumi.Output.all(repository.arn, repository.registry_id).apply(
                lambda found: (
                    json.dumps(pull_policy(found[0], found[1], pull_accounts, lambda_pull=lambda_pull))
                    # Only a unit test's mocks lack an ARN.
                    if found[0]
                    else ""
                )
            )
            settings.append(
                aws.ecr.RepositoryPolicy(
                    f"{resource_name}-policy", repository=repository.name, policy=policy, opts=child
                ).id
            )
        # The URL waits for the policies too: Lambda needs its permission before the function is created.
        self.url = pulumi.Output.all(repository.repository_url, *settings).apply(lambda found: str(found[0]))
        self.name = repository.name
        self.arn = repository.arn
        self.registry_id = repository.registry_id
        self.register_outputs({"url": self.url, "name": self.name, "arn": self.arn, "registry_id": self.registry_id})

    @staticmethod
    @refused_as_one_line("ImageRepository.get")
    def get(name_or_url: str, opts: pulumi.InvokeOptions | None = None) -> ExistingRepository:
        """Return an existing repository by its URL (no call), or by its ECR name (one lookup, in preview too).

        Raises:
            pulumi.RunError: It can be neither a URL nor a name.
        """
        return existing_repository(name_or_url, opts)


RepositoryInput: TypeAlias = "ImageRepository | ExistingRepository | aws.ecr.Repository | pulumi.Input[str]"


def url_of(repository: RepositoryInput) -> pulumi.Input[str]:
    """Return the URL of any kind of repository.

    Raises:
        ArgsError: It is not a repository.
    """
    if isinstance(repository, ImageRepository | ExistingRepository):
        return repository.url
    # Asked first, because naming the AWS class loads its package.
    if isinstance(repository, str) or is_later(repository):
        return repository
    if isinstance(repository, aws.ecr.Repository):
        return repository.repository_url
    raise ArgsError(
        f"{shown(repository)} is not a repository.",
        property_path="repository",
        next_step="Give an ImageRepository, `ImageRepository.get(name)`, an aws.ecr.Repository, or a repository URL.",
    )


def push_target(repository: RepositoryInput) -> tuple[str, pulumi.Input[str]]:
    """Return a repository's identity in a program, and its ARN or URL for a policy."""
    # Asked first, because naming the AWS class loads its package.
    if isinstance(repository, str | ExistingRepository) or is_later(repository):
        url = url_of(repository)
        return url if isinstance(url, str) else f"output {id(repository)}", url
    if isinstance(repository, ImageRepository | aws.ecr.Repository):
        return f"resource {id(repository)}", repository.arn
    return f"output {id(repository)}", url_of(repository)


def _checked_name(resource_name: str, name: str | None) -> str:
    check_plain(name, "name")
    if name is None:
        return check_repository_name(
            f"{pulumi.get_project()}/{pulumi.get_stack()}/{resource_name}".lower(), "resource_name"
        )
    return check_repository_name(name, "name")


def _checked_accounts(accounts: Sequence[str] | None) -> tuple[str, ...]:
    found = check_strings(accounts or (), "pull_accounts")
    for index, account in enumerate(found):
        if not _ACCOUNT.fullmatch(account):
            raise ArgsError(
                f"{account!r} is not an AWS account id.",
                property_path=f"pull_accounts[{index}]",
                why="it has 12 digits",
            )
    return found


def _checked_retention(retain_on_delete: bool | None, *, force_delete: bool) -> bool:
    """Return whether the repository stays when the resource goes."""
    if retain_on_delete is None:
        return not force_delete
    if check_flag(retain_on_delete, "retain_on_delete") and force_delete:
        raise ArgsError(
            "force_delete cannot be combined with retain_on_delete.",
            property_path="force_delete",
            why="a repository that is retained is never deleted",
            next_step="Leave one of them out.",
        )
    return retain_on_delete


def _check_days(days: int) -> None:
    # A longer time is not valid in an AWS lifecycle rule.
    if check_count(days, "untagged_days", least=0, most=100_000) < MIN_UNTAGGED_DAYS:
        raise ArgsError(
            f"Untagged images must be kept for at least {MIN_UNTAGGED_DAYS} days, not {days}.",
            property_path="untagged_days",
            why="an image is untagged between push and tag, and running tasks may name an untagged one by digest",
        )


def _encryption(kms_key: pulumi.Input[str] | None) -> Any:
    if kms_key is None:
        return {"encryption_type": "AES256"}
    return {"encryption_type": "KMS", "kms_key": kms_key}
