"""Registry credentials: what ``GetAuthorizationToken`` hands out and the registry demands.

Decides how long a token lives and when one is known, expired or unknown.
"""

from __future__ import annotations

import secrets
import threading
import time
from typing import Literal

LIFETIME_S = 12 * 3600
"""ECR's tokens are valid for twelve hours."""


class Tokens:
    """The tokens of one cloud; they live in memory only."""

    def __init__(self) -> None:
        self._expiry: dict[str, float] = {}
        self._lock = threading.Lock()

    def issue(self) -> tuple[str, float]:
        """A new password and when it expires, in seconds since the epoch."""
        password, expires_at = secrets.token_urlsafe(96), time.time() + LIFETIME_S
        with self._lock:
            self._expiry[password] = expires_at
        return password, expires_at

    def state(self, password: str) -> Literal["valid", "expired", "unknown"]:
        """What a password is worth now."""
        expires_at = self._expiry.get(password)
        if expires_at is None:
            return "unknown"
        return "valid" if time.time() < expires_at else "expired"

    def expire_all(self) -> int:
        """Lets every token handed out so far expire now; returns how many."""
        with self._lock:
            self._expiry = dict.fromkeys(self._expiry, 0.0)
            return len(self._expiry)
