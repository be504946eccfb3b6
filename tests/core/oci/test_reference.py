"""Image references: their normal form, and what is refused."""

from __future__ import annotations

import pytest

from fast_container.core.dockerfile.model import RefusedError
from fast_container.core.dockerfile.named_contexts import NamedContexts
from fast_container.core.oci.reference import NotAReferenceError, parse_reference

DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("text", "normalised", "familiar"),
    [
        ("python", "docker.io/library/python:latest", "python"),
        ("index.docker.io/shop/api:1", "docker.io/shop/api:1", "shop/api:1"),
        ("localhost/api", "localhost/api:latest", "localhost/api"),
        ("r.example:5000/a/b:1@" + DIGEST, "r.example:5000/a/b:1@" + DIGEST, "r.example:5000/a/b:1@" + DIGEST),
    ],
)
def test_the_normal_form(text: str, normalised: str, familiar: str) -> None:
    reference = parse_reference(text)
    assert (reference.normalised, reference.familiar) == (normalised, familiar)
    assert parse_reference(reference.normalised).normalised == normalised


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a" * 64, "is an image's id, not a name"),
        ("shop/API", "an image's name is in lower case"),
        ("shop//api", "is not the name of an image"),
        (f"shop/api@sha256:{'a' * 63}", "is not a digest"),
    ],
)
def test_what_is_not_a_reference(text: str, why: str) -> None:
    with pytest.raises(NotAReferenceError, match=why):
        parse_reference(text)


def test_a_dockerfile_with_such_a_name_is_refused_in_the_same_words() -> None:
    with pytest.raises(RefusedError, match=r"an image's name is in lower case"):
        NamedContexts([]).find("shop/API", "linux/amd64")
