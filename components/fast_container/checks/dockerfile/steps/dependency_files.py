"""Which files declare dependencies, and which are source.

Decides by name alone. A file that is neither (a script, a certificate, data) counts as neither, so that no rule speaks
of it.
"""

from __future__ import annotations

import re
from typing import Final

_DECLARING: Final = re.compile(
    r"(?:.*requirements.*|constraints.*)\.(?:txt|in)|pyproject\.toml|setup\.(?:py|cfg)|uv\.(?:lock|toml)"
    r"|(?:poetry|pdm|pixi)\.lock|pylock.*\.toml|Pipfile(?:\.lock)?|package(?:-lock)?\.json|npm-shrinkwrap\.json"
    r"|yarn\.lock|pnpm-(?:lock|workspace)\.yaml|\.npmrc|\.yarnrc(?:\.yml)?|pip\.conf|environment\.ya?ml|turbo\.json|lerna\.json"
    r"|bun\.lockb?|_version\.py|__about__\.py|version\.py"
)
_SOURCE: Final = re.compile(
    r".*\.(?:py|pyx|pyi|ipynb|js|mjs|cjs|jsx|ts|tsx|vue|svelte|html?|css|scss|jinja2?|j2|go|rs|java|kt|rb|php|c|cc|cpp|h|hpp)"
)


def declares_dependencies(path: str) -> bool:
    """Whether a file says which packages are needed."""
    return _DECLARING.fullmatch(path.rpartition("/")[2]) is not None


def is_source(path: str) -> bool:
    """Whether a file is source that people edit."""
    return not declares_dependencies(path) and _SOURCE.fullmatch(path.rpartition("/")[2]) is not None
