"""Which images SnapStart takes as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from fast_container.core.declared import DeclaredImage, InlineDockerfile
from fast_container.core.oci.snapstart import ALLOW, LABEL, needs_label
from fast_container.core.select import with_snapstart


@pytest.mark.parametrize(
    ("reference", "needed"),
    [
        ("public.ecr.aws/lambda/python:3.12", False),
        ("public.ecr.aws/lambda/python:3.13.2026.01.05.12-arm64", False),
        ("public.ecr.aws/lambda/python:3.12@sha256:" + "0" * 64, False),
        ("amazon/aws-lambda-python:3.12", False),
        ("public.ecr.aws/lambda/java:21", False),
        ("public.ecr.aws/lambda/dotnet:8", False),
        ("public.ecr.aws/lambda/python:3.11", True),
        ("public.ecr.aws/lambda/java:8.al2", True),
        ("public.ecr.aws/lambda/dotnet:6", True),
        ("public.ecr.aws/lambda/python:latest", True),
        ("public.ecr.aws/lambda/python@sha256:" + "0" * 64, True),
        ("public.ecr.aws/lambda/nodejs:22", True),
        ("public.ecr.aws/lambda/provided:al2023", True),
        ("python:3.12", True),
        ("registry.example/lambda/python:3.12", True),
        ("base-parent", True),
    ],
)
def test_the_label_is_needed_unless_it_is_known_that_it_is_not(reference: str, needed: bool) -> None:
    assert needs_label(reference) is needed


def labels(tmp_path: Path, dockerfile: str) -> dict[str, str]:
    image = DeclaredImage("f", str(tmp_path), InlineDockerfile(dockerfile), "Dockerfile")
    return dict(with_snapstart(image).recipe.labels)


def test_the_image_that_the_target_goes_back_to_decides(tmp_path: Path) -> None:
    own = "FROM public.ecr.aws/lambda/python:3.12 AS base\n"
    assert labels(tmp_path, f"{own}FROM base\n") == {}
    assert labels(tmp_path, f"{own}FROM python:3.12\nCOPY --from=base /x /\n") == {LABEL: ALLOW}
    assert labels(tmp_path, "FROM scratch\n") == {LABEL: ALLOW}
    assert labels(tmp_path, "ARG V=3.12\nFROM public.ecr.aws/lambda/python:${V}\n") == {}
