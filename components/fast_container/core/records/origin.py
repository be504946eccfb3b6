"""Who built an image, and from which state of the sources.

Decides what is known from a CI system's variables (GitHub Actions, GitLab CI, CodeBuild, Jenkins, Bitbucket). Leaves
asking git, where no CI system says it, to an adapter. A record goes to the registry, so there is no user's name, no
machine's name and no path in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from fast_container.core.json_document import string_field

_LOGIN: Final = re.compile(r"//[^/@]*@")
_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}", re.ASCII)
_LONGEST: Final = 300
# CI system → the variables that have the commit, the branch and the place of the run; the first that is set counts.
_SYSTEMS: Final[Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]]] = {
    "GitHub Actions": ("GITHUB_ACTIONS", ("GITHUB_SHA",), ("GITHUB_HEAD_REF", "GITHUB_REF_NAME"), ()),
    "GitLab CI": ("GITLAB_CI", ("CI_COMMIT_SHA",), ("CI_COMMIT_REF_NAME",), ("CI_PIPELINE_URL",)),
    "CodeBuild": (
        "CODEBUILD_BUILD_ID",
        ("CODEBUILD_RESOLVED_SOURCE_VERSION",),
        ("CODEBUILD_WEBHOOK_HEAD_REF",),
        ("CODEBUILD_BUILD_ID",),
    ),
    "Jenkins": ("JENKINS_URL", ("GIT_COMMIT",), ("BRANCH_NAME", "GIT_BRANCH"), ("BUILD_URL",)),
    "Bitbucket": ("BITBUCKET_BUILD_NUMBER", ("BITBUCKET_COMMIT",), ("BITBUCKET_BRANCH",), ("BITBUCKET_BUILD_NUMBER",)),
}


@dataclass(frozen=True, slots=True)
class Origin:
    """The run that an image's record is of.

    Attributes:
        run: Id of the ``up``, the same for all its images.
        stack: ``project/stack``; "" without an engine.
        ci: The CI system, or "" on a developer's machine.
        ci_run: Its run: an address or a number, or "".
        commit: The commit that was checked out, or "".
        branch: Its branch, or "".
        dirty: ``yes`` if tracked files differed from the commit, ``no``, or "" where that is not known.
    """

    run: str = ""
    stack: str = ""
    ci: str = ""
    ci_run: str = ""
    commit: str = ""
    branch: str = ""
    dirty: str = ""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Origin:
        """Read it from a record.

        Raises:
            ValueError: A field is of another type.
        """
        return cls(*(string_field(document, name)[:_LONGEST] for name in cls.__slots__))


def of_ci(environment: Mapping[str, str]) -> Origin:
    """The part of an origin that a CI system's variables tell; empty elsewhere."""
    for system, (mark, commits, branches, runs) in _SYSTEMS.items():
        if environment.get(mark):
            commit = _first(environment, commits)
            return Origin(
                ci=system,
                ci_run=_github_run(environment) if system == "GitHub Actions" else _first(environment, runs),
                commit=commit if _COMMIT.fullmatch(commit) else "",
                branch=_first(environment, branches),
            )
    return Origin(ci="CI" if environment.get("CI") else "")


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str:
    found = next((environment[name] for name in names if environment.get(name)), "")
    return _LOGIN.sub("//", found)[:_LONGEST]


def _github_run(environment: Mapping[str, str]) -> str:
    parts = [environment.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")]
    server, repository, run = parts
    address = _LOGIN.sub("//", f"{server}/{repository}/actions/runs/{run}")
    return address[:_LONGEST] if all(parts) else run[:_LONGEST]
