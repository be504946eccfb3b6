"""A reference means every image that it could name; one that cannot be read and mentions a repository stops all."""

from __future__ import annotations

import pytest

from fast_container.core.cleanup.stored import StoredImage
from fast_container.core.cleanup.uses import UnclearUse, Use, images_in_use
from tests.core.cleanup.worlds import digest, key_tag

URL = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/a"
IMAGES = [
    StoredImage(URL, digest(1), (key_tag(1), "v1"), 1.0),
    StoredImage(URL, digest(2), ("latest",), 1.0),
    StoredImage("two.example/shop/b", digest(1), (key_tag(1),), 1.0),
]


def meant(reference: str) -> list[str]:
    return [f"{url.rpartition('/')[2]} {found[-1]}" for url, found in images_in_use(IMAGES, [Use(reference, "x")])]


@pytest.mark.parametrize(
    ("reference", "images"),
    [
        (f"{URL}@{digest(1)}", ["a 1", "b 1"]),
        (digest(2), ["a 2"]),
        (key_tag(1), ["a 1", "b 1"]),
        (f"{URL}:v1", ["a 1"]),
        (f"{URL}:{key_tag(1)}", ["a 1", "b 1"]),
        # A replica in another region, a pull-through cache, the dual-stack name of the host.
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/a:v1", ["a 1"]),
        ("999988887777.dkr.ecr.us-east-1.amazonaws.com/ecr-eu/shop/a:v1", ["a 1"]),
        (f"123456789012.dkr-ecr.eu-central-1.on.aws/shop/a@{digest(2)}", ["a 2"]),
        (f"{URL}:v2@{digest(2)}", ["a 2"]),
        (URL, ["a 2"]),
        # As charts and other tools write it.
        (f"oci://{URL}:v1", ["a 1"]),
        (f"docker-image://{URL}@{digest(2)}", ["a 2"]),
        (f"{URL}:v2", []),
        ("nginx", []),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/bookshop/a:v1", []),
        # Not references: what stands in them counts.
        (f"${{REGISTRY}}/shop/a@{digest(2)}", ["a 2"]),
        (f"${{REGISTRY}}:{key_tag(1)} ", ["a 1", "b 1"]),
        ("${REGISTRY}/other:v1", []),
    ],
)
def test_a_reference_means(reference: str, images: list[str]) -> None:
    assert meant(reference) == images


def test_a_tag_that_was_moved_and_what_it_was_resolved_to_are_both_in_use() -> None:
    uses = [Use(f"{URL}:v1", "a function"), Use(f"{URL}@{digest(2)}", "a function")]
    assert images_in_use(IMAGES, uses) == {(URL, digest(1)): ["a function"], (URL, digest(2)): ["a function"]}


def test_a_reference_that_cannot_be_read_and_mentions_a_repository_is_refused() -> None:
    with pytest.raises(UnclearUse, match=r"task x: '\$\{REGISTRY\}/shop/a:\$\{TAG\}'"):
        images_in_use(IMAGES, [Use("${REGISTRY}/shop/a:${TAG}", "task x")])
