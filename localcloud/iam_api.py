"""The parts of IAM that are mended before moto: quotas, rules for names and documents, and that changes take time.

Decides which calls IAM refuses (IAM, "IAM and AWS STS quotas"; the service model's patterns), and what the policies of
a role were a while ago: other services use those until a change has reached them. Leaves what a policy allows to
:mod:`localcloud.codebuild.role`, and everything else to moto.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from localcloud.aws_api import ApiRequest, ApiResponse
from localcloud.codebuild.role import role_documents
from localcloud.state import ACCOUNT_ID

MOST_INLINE_CHARACTERS = 10_240
"""Of all inline policies of a role together; whitespace does not count."""

MOST_MANAGED_CHARACTERS = 6_144
MOST_ATTACHED = 10
_KEPT_S = 600.0
_WORD = re.compile(r"[\w+=,.@-]+", re.ASCII)
_NAMES = {"CreateRole": ("RoleName", 64), "PutRolePolicy": ("PolicyName", 128), "CreatePolicy": ("PolicyName", 128)}
_ARN = re.compile(r'"arn:(aws[a-z-]*|[a-z-]+):')
_CHANGES = frozenset({"PutRolePolicy", "AttachRolePolicy", "CreatePolicyVersion"})


class IamApi:
    """The handlers of IAM.

    Attributes:
        delay_s: How long a change of a role's policies takes to hold; asked at each look.
    """

    def __init__(self) -> None:
        self.delay_s: Callable[[], float] = lambda: 0.0
        self._before: dict[str, list[tuple[float, list[Any]]]] = {}
        self._lock = threading.Lock()

    def answer(self, request: ApiRequest) -> ApiResponse | None:
        """Refuses what IAM would; notes what a role's policies were before a change."""
        form = {name: values[0] for name, values in parse_qs(request.body.decode(errors="replace")).items()}
        action = form.get("Action", "")
        refused = _bad_name(action, form) or _bad_document(form) or _over_quota(action, form)
        if refused is not None:
            return refused
        if action in _CHANGES:
            self._note(form)
        return None

    def documents(self, role: Any) -> list[Any]:
        """The policies of a role that hold now."""
        since = time.monotonic() - self.delay_s()
        with self._lock:
            fresh = [documents for when, documents in self._before.get(role.name, ()) if when > since]
        return fresh[0] if fresh else list(role_documents(role))

    def _note(self, form: Mapping[str, str]) -> None:
        now = time.monotonic()
        for role in _roles(form):
            documents = list(role_documents(role))
            with self._lock:
                kept = [entry for entry in self._before.get(role.name, ()) if entry[0] > now - _KEPT_S]
                self._before[role.name] = [*kept, (now, documents)]


def _roles(form: Mapping[str, str]) -> list[Any]:
    """The roles that a change concerns."""
    from moto.iam.models import iam_backends  # noqa: PLC0415 - slow to import

    roles = list(iam_backends[ACCOUNT_ID]["aws"].roles.values())
    if "RoleName" in form:
        return [role for role in roles if role.name == form["RoleName"]]
    return [role for role in roles if form.get("PolicyArn") in role.managed_policies]


def _bad_name(action: str, form: Mapping[str, str]) -> ApiResponse | None:
    key, most = _NAMES.get(action, ("", 0))
    name = form.get(key, "")
    if not key or (_WORD.fullmatch(name) and len(name) <= most):
        return None
    where = f"{key[0].lower()}{key[1:]}"
    if len(name) > most:
        rule = f"Member must have length less than or equal to {most}"
    else:
        rule = r"Member must satisfy regular expression pattern: [\w+=,.@-]+"
    text = f"1 validation error detected: Value at '{where}' failed to satisfy constraint: {rule}"
    return _refused(400, "ValidationError", text)


def _bad_document(form: Mapping[str, str]) -> ApiResponse | None:
    """A policy that names a resource of another partition is refused, as in each partition of AWS."""
    for partition in _ARN.findall(form.get("PolicyDocument", "")):
        if partition != "aws":
            text = f'Partition "{partition}" is not valid for resource "arn:{partition}:*".'
            return _refused(400, "MalformedPolicyDocument", text)
    return None


def _over_quota(action: str, form: Mapping[str, str]) -> ApiResponse | None:
    document = _size(form.get("PolicyDocument", ""))
    if action in {"CreatePolicy", "CreatePolicyVersion"} and document > MOST_MANAGED_CHARACTERS:
        return _refused(409, "LimitExceeded", f"Cannot exceed quota for PolicySize: {MOST_MANAGED_CHARACTERS}")
    for role in _roles(form) if "RoleName" in form else ():
        if action == "PutRolePolicy":
            others = sum(_size(text) for name, text in role.policies.items() if name != form.get("PolicyName"))
            if others + document > MOST_INLINE_CHARACTERS:
                text = f"Maximum policy size of {MOST_INLINE_CHARACTERS} bytes exceeded for role {role.name}"
                return _refused(409, "LimitExceeded", text)
        attached = {*role.managed_policies, form.get("PolicyArn")}
        if action == "AttachRolePolicy" and len(attached) > MOST_ATTACHED:
            return _refused(409, "LimitExceeded", f"Cannot exceed quota for PoliciesPerRole: {MOST_ATTACHED}")
    return None


def _size(document: object) -> int:
    return len(re.sub(r"\s", "", str(document)))


def _refused(status: int, code: str, message: str) -> ApiResponse:
    error = f"<Type>Sender</Type><Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    text = f"<ErrorResponse><Error>{error}</Error></ErrorResponse>"
    return ApiResponse(status, text.encode(), [("Content-Type", "text/xml")])
