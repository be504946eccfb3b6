"""What can be refused from an argument's value alone is refused with its property path."""

from __future__ import annotations

from pathlib import Path

import pytest

from fast_container import args as rules
from fast_container import shapes
from fast_container.errors import ArgsError
from fast_container.secret_sources import SecretEnv, SecretFile
from fast_container.state.secret_values import check_sources


@pytest.mark.parametrize("name", ["shop/images", "a1", "a__b", "a--b/c.d", "0-x"])
def test_a_repository_name_that_ecr_takes_is_taken(name: str) -> None:
    assert rules.check_repository_name(name, "name") == name


@pytest.mark.parametrize("name", ["Shop/images", "a", "", "-a", "a//b", "a/", "/a", "a___b", "ä/b", "a" * 257, "a\n"])
def test_a_repository_name_that_ecr_refuses_is_refused_with_its_property(name: str) -> None:
    with pytest.raises(ArgsError) as refused:
        rules.check_repository_name(name, "name")
    assert refused.value.property_path == "name"
    assert refused.value.next_step


def test_a_capital_is_answered_with_the_name_in_lower_case() -> None:
    with pytest.raises(ArgsError, match="'Shop/Images'") as refused:
        rules.check_repository_name("Shop/Images", "name")
    assert "'shop/images'" in refused.value.next_step


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/images", None),
        ("https://ghcr.io/shop/images/", "ghcr.io/shop/images"),
        ("127.0.0.1:5000/a1", None),
        ("localhost/a1", None),
    ],
)
def test_a_repository_url_is_host_and_name(given: str, url: str | None) -> None:
    assert rules.check_repository_url(given, "repository") == (url or given)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("ghcr.io/shop/images:latest", "tag"),
        ("ghcr.io/shop/images@sha256:00", "tag or a digest"),
        ("shop/images", "name"),
        ("GHCR.io/Shop", "lower case"),
        ("", "form"),
    ],
)
def test_what_is_not_a_repository_url_is_refused_with_the_reason(given: str, why: str) -> None:
    with pytest.raises(ArgsError) as refused:
        rules.check_repository_url(given, "repository")
    assert why in refused.value.why


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), True])
def test_a_time_limit_is_a_positive_number_of_seconds(timeout: float) -> None:
    with pytest.raises(ArgsError, match="time limit"):
        rules.check_timeout(timeout)
    assert rules.check_timeout(5) == 5.0


def test_a_lone_text_is_no_list_of_patterns() -> None:
    with pytest.raises(ArgsError) as refused:
        shapes.check_strings("*.log", "ignore")
    assert "ignore=['*.log']" in refused.value.next_step


def test_a_place_that_is_not_known_is_refused_with_those_that_are() -> None:
    with pytest.raises(ArgsError) as refused:
        rules.check_runs_on("fargate")
    assert "ecs" in refused.value.next_step


def test_a_secret_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.delenv("NO_SUCH_TOKEN", raising=False)
    for source in (None, "", " \n"):
        with pytest.raises(ArgsError) as refused:
            rules.check_secrets({"token": source})  # pyright: ignore[reportArgumentType]
        assert refused.value.property_path == 'secrets["token"]'
    (Path(str(tmp_path)) / "empty").write_text("\n")
    for source in (SecretEnv("NO_SUCH_TOKEN"), SecretFile(f"{tmp_path}/absent"), SecretFile(f"{tmp_path}/empty")):
        # Where nothing is built, nobody looks for them.
        rules.check_secrets({"token": source})
        with pytest.raises(ArgsError) as refused:
            check_sources({"token": source})
        assert refused.value.property_path == 'secrets["token"]'


def test_a_secret_is_read_when_it_is_there(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("A_TOKEN", "value")
    assert SecretEnv("A_TOKEN").read('secrets["a"]') == b"value"
    path = f"{tmp_path}/secret"
    with open(path, "wb") as file:
        file.write(b"\x00bytes")
    assert SecretFile(path).read('secrets["b"]') == b"\x00bytes"


def test_a_secret_id_can_be_named_in_a_dockerfile() -> None:
    with pytest.raises(ArgsError, match="cannot be the id"):
        rules.check_secret_ids({"a,b": "x"})
