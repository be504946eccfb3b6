"""Names and flags of a registry cache."""

from __future__ import annotations

from dataclasses import replace

from fast_container.core.registry_cache import RegistryCache

CACHE = RegistryCache("123.dkr.ecr.eu-west-1.amazonaws.com/shop/cache", branch="feature/x y")


def reference(option: str) -> str:
    return dict(part.split("=", 1) for part in option.split(","))["ref"]


def test_a_branch_reads_its_own_cache_first_and_falls_back_to_the_trunks() -> None:
    own, trunk = (reference(option).rpartition(":")[2] for option in CACHE.imports("api"))
    assert own.startswith("cache-api-feature-x-y-")
    assert trunk == "cache-api-main"


def test_the_trunk_has_nothing_to_fall_back_to() -> None:
    assert len(replace(CACHE, branch="main").imports("api")) == 1


def test_a_branch_writes_its_own_cache_only_with_all_stages_and_the_flags_that_ecr_needs() -> None:
    (option,) = CACHE.exports("api")
    assert reference(option) == reference(CACHE.imports("api")[0])
    assert {"mode=max", "image-manifest=true", "oci-mediatypes=true", "ignore-error=true"} <= set(option.split(","))


def test_a_cache_that_is_only_read_is_not_written() -> None:
    assert replace(CACHE, export=False).exports("api") == ()


def test_two_images_do_not_share_a_tag_even_with_long_names() -> None:
    one, two = (reference(CACHE.exports("x" * 150 + last)[0]) for last in ("a", "b"))
    assert one != two
    assert max(len(name.rpartition(":")[2]) for name in (one, two)) <= 128


def test_names_that_differ_in_letters_that_tags_lack_do_not_share_a_tag() -> None:
    assert CACHE.exports("a/b") != CACHE.exports("a-b")
