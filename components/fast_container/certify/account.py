"""The real content of the account, asked of AWS itself and never read from a program's output.

Decides what must be gone at the end. Leaves credentials and errors to ``adapters.aws_session``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fast_container.adapters.aws_session import AwsSession, aws_errors, error_code
from fast_container.certify.orphans import delete, left_over
from fast_container.core.json_document import parse_json
from fast_container.core.key import is_key_tag


@dataclass(frozen=True, slots=True)
class Identity:
    """The caller: the account's number and the ARN."""

    account: str
    arn: str


class Account:
    """The account and region that a certification runs in.

    Args:
        session: Clients with the credentials that the stack has too.
        name: Prefix of the names of everything that the stack makes.
    """

    def __init__(self, session: AwsSession, name: str) -> None:
        self._session = session
        self._name = name
        self._repository = f"{name}/images"

    def identity(self) -> Identity:
        """Return the caller's identity.

        Raises:
            AuthError: There are no credentials, or AWS rejects them.
        """
        with aws_errors("sts:GetCallerIdentity", "AWS"):
            found = self._session.client("sts").get_caller_identity()
        return Identity(str(found["Account"]), str(found["Arn"]))

    def key_tags(self) -> dict[str, str]:
        """Key tag → digest of the images that are in the repository."""
        with aws_errors("ecr:DescribeImages", self._repository):
            pages = (
                self._session.client("ecr").get_paginator("describe_images").paginate(repositoryName=self._repository)
            )
            return {
                tag: image["imageDigest"]
                for page in pages
                for image in page["imageDetails"]
                for tag in image.get("imageTags", [])
                if is_key_tag(tag)
            }

    def builds(self, project: str) -> int:
        """Count the builds that the project has had."""
        with aws_errors("codebuild:ListBuildsForProject", project):
            return len(self._session.client("codebuild").list_builds_for_project(projectName=project)["ids"])

    def build_states(self, project: str) -> list[str]:
        """The states of the project's builds, the newest first."""
        client = self._session.client("codebuild")
        with aws_errors("codebuild:BatchGetBuilds", project):
            ids = client.list_builds_for_project(projectName=project)["ids"]
            found: list[dict[str, Any]] = client.batch_get_builds(ids=ids)["builds"] if ids else []
        states = {str(build["id"]): str(build["buildStatus"]) for build in found}
        return [states[one] for one in ids if one in states]

    def invoke(self, function: str) -> Mapping[str, Any]:
        """Return the function's answer, once it is active."""
        client = self._session.client("lambda")
        with aws_errors("lambda:InvokeFunction", function):
            client.get_waiter("function_active_v2").wait(FunctionName=function)
            client.get_waiter("function_updated_v2").wait(FunctionName=function)
            answer = client.invoke(FunctionName=function, Payload=b"{}")
            payload = answer["Payload"].read().decode("utf-8", "replace")
        if "FunctionError" in answer:
            return {"error": payload}
        found: Any = parse_json(payload)
        return found if isinstance(found, dict) else {"answer": found}  # pyright: ignore[reportUnknownVariableType]

    def delete_images(self) -> int:
        """Delete all images of the repository, so that it can be deleted; return how many there were."""
        client = self._session.client("ecr")
        if not self._there("repository", client.describe_repositories, repositoryNames=[self._repository]):
            return 0
        with aws_errors("ecr:BatchDeleteImage", self._repository):
            pages = client.get_paginator("list_images").paginate(repositoryName=self._repository)
            digests = sorted({image["imageDigest"] for page in pages for image in page["imageIds"]})
            for start in range(0, len(digests), 100):
                ids = [{"imageDigest": digest} for digest in digests[start : start + 100]]
                client.batch_delete_image(repositoryName=self._repository, imageIds=ids)
        return len(digests)

    def delete_function_logs(self, function: str) -> None:
        """Delete the log group that Lambda itself made."""
        import botocore.exceptions  # noqa: PLC0415 - as ``adapters.aws_session``

        group = f"/aws/lambda/{function}"
        with aws_errors("logs:DeleteLogGroup", group):
            try:
                self._session.client("logs").delete_log_group(logGroupName=group)
            except botocore.exceptions.ClientError as error:
                if error_code(error) != "ResourceNotFoundException":
                    raise

    def delete_orphans(self) -> None:
        """Delete resources of a killed operation that the stack's state does not have."""
        for kind, name in left_over(self._session, self._name):
            delete(self._session, kind, name)

    def left_over(self) -> list[str]:
        """List everything that still exists with a name of the stack's."""
        return [f"{kind} {name}" for kind, name in left_over(self._session, self._name)]

    @staticmethod
    def _there(kind: str, ask: Any, **arguments: Any) -> str:
        import botocore.exceptions  # noqa: PLC0415 - as ``adapters.aws_session``

        name = next(iter(arguments.values()))
        shown = name if isinstance(name, str) else str(name[0])
        with aws_errors(f"looking for the {kind}", shown):
            try:
                ask(**arguments)
            except botocore.exceptions.ClientError as error:
                if error_code(error) in _ABSENT:
                    return ""
                raise
        return f"{kind} {shown}"


_ABSENT = frozenset({"RepositoryNotFoundException", "ResourceNotFoundException", "NoSuchBucket", "404"})
