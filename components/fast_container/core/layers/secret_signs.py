"""Tokens and private keys in a string, told by their prefixes.

Decides which kinds are known; a kind is named, the secret itself is never passed on. The prefixes are those that their
makers document so that scanners find them. Leaves which files and settings are searched, and what a find means, to
others.
"""

from __future__ import annotations

import re
from typing import Final

_KINDS: Final = {
    "private key": re.compile(r"-----BEGIN (?:[A-Z0-9]+ ){0,2}PRIVATE KEY(?: BLOCK)?-----"),
    "AWS access key": re.compile(r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Z0-9])"),
    "GitHub token": re.compile(r"(?<!\w)(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40,255})"),
    "GitLab token": re.compile(r"(?<!\w)glpat-[\w-]{20}"),
    "npm token": re.compile(r"(?<!\w)npm_[A-Za-z0-9]{36}|:_authToken=(?!\$)[^\s$]{8,200}"),
    "PyPI token": re.compile(r"(?<!\w)pypi-AgE[\w-]{20,200}"),
    "Slack token": re.compile(r"(?<!\w)xox[abprs]-[A-Za-z0-9-]{10,200}"),
    "Stripe key": re.compile(r"(?<!\w)[rs]k_live_[A-Za-z0-9]{16,200}"),
    "Google API key": re.compile(r"(?<!\w)AIza[\w-]{35}(?![\w-])"),
    "password in a URL": re.compile(r"(?<!\w)https?://[^\s/:@$<>{}]{1,64}:[^\s/:@$<>{}]{3,128}@[\w.-]+"),
}
_NEEDED: Final = {
    "private key": ("PRIVATE KEY",),
    "AWS access key": ("AKIA", "ASIA"),
    "GitHub token": ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    "GitLab token": ("glpat-",),
    "npm token": ("npm_", "_authToken="),
    "PyPI token": ("pypi-AgE",),
    "Slack token": ("xoxa-", "xoxb-", "xoxp-", "xoxr-", "xoxs-"),
    "Stripe key": ("rk_live_", "sk_live_"),
    "Google API key": ("AIza",),
    "password in a URL": ("@",),
}
"""Kind → strings of which one is in each find: looking for them costs a tenth of looking for the patterns."""
_EXAMPLES: Final = re.compile(
    r"EXAMPLE|(?i:(?::|//)(?:user(?:name)?|pass(?:word|wd)?|x+):(?:pass(?:word|wd)?|x+|\*+)@)"
)


def secret_signs(text: str) -> tuple[str, ...]:
    """The kinds of secrets in a string, without those of the makers' own examples."""
    return tuple(
        kind
        for kind, pattern in _KINDS.items()
        if any(sign in text for sign in _NEEDED[kind])
        and any(not _EXAMPLES.search(found[0]) for found in pattern.finditer(text))
    )
