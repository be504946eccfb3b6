"""The builds of a CodeBuild project, for the verbs ``cancel`` and ``wait``.

Decides which of a project's builds are ours (those whose environment names a build key), which images of a build are
meant, and how one is shown. Leaves asking to ``adapters.codebuild.api``.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from typing import Any

from fast_container.adapters.aws_session import AwsSession
from fast_container.adapters.codebuild.api import RUNNING, Build, CodeBuildApi, Image, images_of, link_of
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


def shown(build: Build, arguments: argparse.Namespace) -> str:
    """Describe a build in one line: the images that the arguments mean."""
    phase = str(build.get("currentPhase") or "").lower()
    return f"{_named(_meant(build, arguments))}: {phase} {link_of(build)}"


def others_of(build: Build, arguments: argparse.Namespace) -> str:
    """Return the images that share a build with those that the arguments mean; "" if there is no other."""
    meant = _meant(build, arguments)
    return _named([image for image in images_of(build) if image not in meant])


def _named(images: Sequence[Image]) -> str:
    return ", ".join(f"{repository} key {key[:_SHOWN_DIGITS]}" for key, repository in images)


def _meant(build: Build, arguments: argparse.Namespace) -> list[Image]:
    wanted: dict[str, Any] = vars(arguments)
    return [
        (key, repository)
        for key, repository in images_of(build)
        if key.startswith(wanted["key"] or "") and wanted["repository"] in (None, repository)
    ]
