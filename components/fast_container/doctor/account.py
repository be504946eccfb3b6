"""The AWS account: credentials, permissions, quotas, settings of ECR.

Decides what each answer of AWS means for builds, and that a question which the identity may not ask is a note: nothing
is wrong with the account. Permissions are simulated by IAM itself; what a resource's own policy, a boundary of the
organisation or a session takes away is not in its answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fast_container.adapters.aws_lists import Json, listed, object_in, objects_in
from fast_container.adapters.aws_session import aws_errors
from fast_container.doctor.answers import Answer, Examination, Level

ClientOf = Callable[[str], Any]

_PUSH: Final = (
    *("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImages"),
    *("ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"),
)
_ANYWHERE: Final = ("ecr:GetAuthorizationToken",)
_REMOTE: Final = (
    "codebuild:BatchGetBuilds",
    "codebuild:StartBuild",
    "logs:GetLogEvents",
    "s3:GetObject",
    "s3:PutObject",
)
_ASSUMED: Final = re.compile(r"arn:([\w-]+):sts::(\d{12}):assumed-role/([^/]+)/.+", re.ASCII)
_QUOTAS_PAGE: Final = "https://console.aws.amazon.com/servicequotas/home/services"
_CONCURRENT: Final = re.compile(r"Concurrently running builds for (?:Linux|ARM)", re.IGNORECASE)
_PUTS: Final = "Rate of PutImage requests"
_USUAL_PUTS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks: the account, and the ARN of the role or user."""

    account: str
    arn: str


def find_identity(client_of: ClientOf) -> Identity:
    """Ask who the credentials belong to; blocking.

    Raises:
        AuthError: There are no credentials, or AWS does not accept them.
        RegistryError: AWS cannot be reached.
    """
    with aws_errors("sts:GetCallerIdentity", "AWS"):
        answer: Json = client_of("sts").get_caller_identity()
    return Identity(str(answer["Account"]), str(answer["Arn"]))


def account_examinations(
    client_of: ClientOf, identity: Identity, repositories: Sequence[str], *, on_codebuild: bool
) -> list[Examination]:
    """Return the examinations of the account.

    Args:
        client_of: Makes the client of a service.
        identity: Who asks.
        repositories: ARNs of the repositories that images are pushed to.
        on_codebuild: Whether builds run on CodeBuild.
    """
    found = [
        Examination("permissions", lambda: permission_answers(client_of, identity, repositories, on_codebuild)),
        Examination("ECR", lambda: blob_mounting_answers(client_of)),
        Examination("ECR", lambda: ecr_rate_answers(client_of)),
    ]
    if on_codebuild:
        found.append(Examination("CodeBuild", lambda: codebuild_quota_answers(client_of)))
    return found


def permission_answers(
    client_of: ClientOf, identity: Identity, repositories: Sequence[str], on_codebuild: bool
) -> list[Answer]:
    """Let IAM simulate what builds do."""
    assumed = _ASSUMED.fullmatch(identity.arn)
    if identity.arn.endswith(":root"):
        return [Answer("permissions", Level.WARNING, "the account's root user may do everything", "Use a role.")]
    source = f"arn:{assumed[1]}:iam::{assumed[2]}:role/{assumed[3]}" if assumed else identity.arn
    denied = _denied(client_of, source, _PUSH, repositories)
    denied += _denied(client_of, source, _ANYWHERE + (_REMOTE if on_codebuild else ()), ())
    if denied:
        fix = "Allow them to the identity in use; `fast-container policy deployer` prints a policy."
        return [Answer("permissions", Level.PROBLEM, f"IAM denies {', '.join(dict.fromkeys(denied))}", fix)]
    return [Answer("permissions", Level.OK, f"IAM allows {source.rpartition(':')[2]} to push")]


def _denied(client_of: ClientOf, source: str, actions: Sequence[str], resources: Sequence[str]) -> list[str]:
    request: dict[str, Any] = {"PolicySourceArn": source, "ActionNames": list(actions)}
    if resources:
        request["ResourceArns"] = list(resources)
    call = client_of("iam").simulate_principal_policy
    results = listed("iam:SimulatePrincipalPolicy", call, "Marker", "EvaluationResults", **request)
    found: list[str] = []
    for one in results:
        decisions = [one, *objects_in(one, "ResourceSpecificResults")]
        names = ("EvalDecision", "EvalResourceDecision")
        if any(decision.get(name) not in (None, "allowed") for decision in decisions for name in names):
            found.append(str(one.get("EvalActionName")))
    return found


def codebuild_quota_answers(client_of: ClientOf) -> list[Answer]:
    """Look at how many builds may run at once: none, in many new accounts."""
    quotas = [one for one in _quotas(client_of, "codebuild") if _CONCURRENT.search(str(one.get("QuotaName")))]
    if not quotas:
        return [Answer("CodeBuild", Level.NOTE, "service quotas name no limit of concurrent builds")]
    none = [str(one["QuotaName"]) for one in quotas if not one.get("Value")]
    some = [one for one in quotas if one.get("Value")]
    fix = f"Ask for more: {_QUOTAS_PAGE}/codebuild/quotas (a new account has to; it may take days)."
    if not some:
        return [Answer("CodeBuild", Level.PROBLEM, "no build may run in this account: every quota is 0", fix)]
    found = [Answer("CodeBuild", Level.OK, f"{_quota_name(one)}: {float(one['Value']):.0f} at once") for one in some]
    if none:
        said = ", ".join(_quota_name({"QuotaName": name}) for name in none)
        found.append(Answer("CodeBuild", Level.NOTE, f"no build may run on {said}", fix))
    return found


def _quota_name(quota: Json) -> str:
    return str(quota["QuotaName"]).rpartition(" for ")[2].removesuffix(" environment")


def ecr_rate_answers(client_of: ClientOf) -> list[Answer]:
    """Look at how many manifests may be put a second."""
    rate = next((one for one in _quotas(client_of, "ecr") if _PUTS in str(one.get("QuotaName"))), None)
    value = float(rate.get("Value") or 0.0) if rate else 0.0
    if not rate:
        return [Answer("ECR", Level.NOTE, "service quotas name no rate of PutImage")]
    if value < _USUAL_PUTS:
        fix = f"Ask for more: {_QUOTAS_PAGE}/ecr/quotas"
        return [Answer("ECR", Level.WARNING, f"only {value:.0f} images may be put a second", fix)]
    return [Answer("ECR", Level.OK, f"{value:.0f} images may be put a second")]


def _quotas(client_of: ClientOf, service: str) -> list[Json]:
    client = client_of("service-quotas")
    return listed(
        "servicequotas:ListServiceQuotas", client.list_service_quotas, "NextToken", "Quotas", ServiceCode=service
    )


def blob_mounting_answers(client_of: ClientOf) -> list[Answer]:
    """Look at whether a layer of one repository can be used in another without an upload."""
    name = "BLOB_MOUNTING"
    with aws_errors("ecr:GetAccountSetting", "AWS"):
        answer: Json = client_of("ecr").get_account_setting(name=name)
    value = str(object_in(answer, "setting").get("value") or answer.get("value") or "")
    if value == "ENABLED":
        return [Answer("ECR", Level.OK, "layers are shared between repositories (BLOB_MOUNTING)")]
    fix = f"aws ecr put-account-setting --name {name} --value ENABLED"
    return [Answer("ECR", Level.NOTE, "a layer is uploaded again for each repository (BLOB_MOUNTING is off)", fix)]
