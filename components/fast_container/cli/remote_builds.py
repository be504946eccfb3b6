"""The builds of a CodeBuild project, for the verbs ``cancel`` and ``wait``.

Decides which of a project's builds are ours (those whose environment names a build key) and how one is shown. Leaves
asking to ``adapters.codebuild.api``.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from typing import Any

from fast_container.adapters.aws_session import AwsSession
from fast_container.adapters.codebuild.api import RUNNING, Build, CodeBuildApi, image_of, link_of
from fast_container.core.aws_access import AwsAccess

_SHOWN_DIGITS = 12


def api_of(arguments: argparse.Namespace, environment: Mapping[str, str] = os.environ) -> CodeBuildApi:
    """Return the API of the project that the arguments name."""
    session = AwsSession(AwsAccess(region=arguments.region or "", profile=arguments.profile or ""), environment)
    return CodeBuildApi(session.client, arguments.project, session.renew)


def under_way(api: CodeBuildApi, arguments: argparse.Namespace) -> list[Build]:
    """Return running builds of images, the oldest first, limited by ``--repository`` and ``--key`` if given."""
    return [
        build for build in reversed(api.recent()) if build.get("buildStatus") == RUNNING and _meant(build, arguments)
    ]


def shown(build: Build) -> str:
    """Describe a build in one line."""
    key, repository = image_of(build)
    phase = str(build.get("currentPhase") or "").lower()
    return f"{repository} key {key[:_SHOWN_DIGITS]}: {phase} {link_of(build)}"


def _meant(build: Build, arguments: argparse.Namespace) -> bool:
    key, repository = image_of(build)
    wanted: dict[str, Any] = vars(arguments)
    return bool(key) and key.startswith(wanted["key"] or "") and wanted["repository"] in (None, repository)
