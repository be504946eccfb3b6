"""Registry credentials: the tokens that ``GetAuthorizationToken`` issues and the registry demands.

Decides how long a token lives, when one is known, expired or unknown, and that it may do no more than its owner.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from typing import Literal

LIFETIME_S = 12 * 3600
"""ECR's tokens are valid for twelve hours."""


class Tokens:
    """The tokens of one cloud; they live in memory only.

    Attributes:
        may: Given an access key, an IAM action and a resource: why the call is refused; "" when it is not.
    """

    def __init__(self) -> None:
        self._expiry: dict[str, float] = {}
        self._owners: dict[str, str] = {}
        self._lock = threading.Lock()
        self.may: Callable[[str, str, str], str] = lambda _key, _action, _resource: ""

    def issue(self, access_key: str = "") -> tuple[str, float]:
        """A new password for the owner of an access key, and when it expires, in seconds since the epoch."""
        password, expires_at = secrets.token_urlsafe(96), time.time() + LIFETIME_S
        with self._lock:
            self._expiry[password] = expires_at
            self._owners[password] = access_key
        return password, expires_at

    def refusal(self, password: str, action: str, resource: str) -> str:
        """Why a password does not stand for an IAM action on a resource; "" when it does."""
        return self.may(self._owners.get(password, ""), action, resource)

    def state(self, password: str) -> Literal["valid", "expired", "unknown"]:
        """Whether a password is valid now."""
        expires_at = self._expiry.get(password)
        if expires_at is None:
            return "unknown"
        return "valid" if time.time() < expires_at else "expired"

    def expire_all(self) -> int:
        """Lets every token handed out so far expire now; returns how many."""
        with self._lock:
            self._expiry = dict.fromkeys(self._expiry, 0.0)
            return len(self._expiry)
