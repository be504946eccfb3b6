"""Whose credentials Docker's configuration gives, and what a build's private copy of it holds."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from fast_container.adapters.docker_config import DockerConfig, private_docker_config
from fast_container.core.ports import Credentials
from fast_container.errors import AuthError

TOKEN = Credentials("AWS", "the-token")


def encoded(username: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{username}:{password}".encode()).decode()}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "docker").mkdir()
    (tmp_path / "bin").mkdir()
    return tmp_path


def load(home: Path, content: dict[str, Any] | None = None, **environment: str) -> DockerConfig:
    if content is not None:
        (home / "docker" / "config.json").write_text(json.dumps(content))
    return DockerConfig.load({"DOCKER_CONFIG": str(home / "docker"), "PATH": str(home / "bin"), **environment})


def install_helper(home: Path, name: str, answer: str, code: int = 0) -> None:
    helper = home / "bin" / f"docker-credential-{name}"
    helper.write_text(f"#!/bin/sh\nread -r host\necho \"$host\" >> {home}/asked\necho '{answer}'\nexit {code}\n")
    helper.chmod(0o755)


@pytest.mark.parametrize("name", ["reg.example", "https://reg.example", "https://reg.example/v2/"])
def test_a_host_is_found_however_it_was_written(home: Path, name: str) -> None:
    config = load(home, {"auths": {name: encoded("me", "pw:with:colons")}})
    assert config.credentials("reg.example") == Credentials("me", "pw:with:colons")
    assert config.credentials("other.example") is None


def test_docker_hub_has_its_own_name(home: Path) -> None:
    config = load(home, {"auths": {"https://index.docker.io/v1/": encoded("me", "pw")}})
    assert config.credentials("docker.io") == Credentials("me", "pw")


def test_an_identity_token_is_told_apart(home: Path) -> None:
    config = load(home, {"auths": {"reg.example": {**encoded("me", ""), "identitytoken": "T"}}})
    assert config.credentials("reg.example") == Credentials("<token>", "T")


def test_no_configuration_means_no_credentials(home: Path) -> None:
    assert load(home).credentials("reg.example") is None


def test_a_broken_configuration_is_an_error(home: Path) -> None:
    (home / "docker" / "config.json").write_text("{")
    with pytest.raises(AuthError, match="cannot be read"):
        load(home)


def test_a_helper_for_the_host_comes_before_the_store_and_the_file(home: Path) -> None:
    install_helper(home, "mine", '{"Username":"helped","Secret":"s"}')
    content = {"auths": {"reg.example": encoded("me", "pw")}, "credHelpers": {"reg.example": "mine"}, "credsStore": "x"}
    assert load(home, content).credentials("reg.example") == Credentials("helped", "s")
    assert (home / "asked").read_text() == "reg.example\n"


def test_a_store_that_knows_nothing_means_no_credentials(home: Path) -> None:
    install_helper(home, "store", "credentials not found in native keychain", 1)
    assert load(home, {"credsStore": "store"}).credentials("reg.example") is None


def test_a_helper_that_fails_is_an_error(home: Path) -> None:
    install_helper(home, "store", "keychain is locked", 1)
    with pytest.raises(AuthError) as caught:
        load(home, {"credsStore": "store"}).credentials("reg.example")
    assert caught.value.why == "keychain is locked"


def test_a_helper_that_is_not_installed_is_named(home: Path) -> None:
    with pytest.raises(AuthError, match="not installed") as caught:
        load(home, {"credsStore": "nosuch"}).credentials("reg.example")
    assert "docker-credential-nosuch" in caught.value.why


def test_a_private_copy_adds_our_host_and_changes_nothing_else(home: Path) -> None:
    content = {
        "auths": {"ghcr.io": encoded("me", "pw")},
        "credsStore": "desktop",
        "credHelpers": {"a.example": "mine"},
        "currentContext": "colima",
        "HttpHeaders": {"X": "y"},
    }
    merged = load(home, content).with_credentials({"reg.example": TOKEN})
    assert merged == {
        **content,
        "auths": {"ghcr.io": encoded("me", "pw"), "reg.example": encoded("AWS", "the-token")},
        # Docker reads the file for our host and its store for all others.
        "credHelpers": {"a.example": "mine", "reg.example": ""},
    }


def test_a_configuration_without_helpers_gets_none(home: Path) -> None:
    assert load(home, {}).with_credentials({"reg.example": TOKEN}) == {
        "auths": {"reg.example": encoded("AWS", "the-token")}
    }


def test_our_token_wins_over_a_helper_for_the_same_host(home: Path) -> None:
    content = {"credHelpers": {"reg.example": "ecr-login"}}
    private = DockerConfig(home, load(home, content).with_credentials({"reg.example": TOKEN}), {})
    assert private.credentials("reg.example") == TOKEN


def test_the_private_copy_is_for_its_owner_only_and_gone_afterwards(home: Path) -> None:
    config = load(home, {})
    with private_docker_config(config, {"reg.example": TOKEN}, home) as variables:
        directory = Path(variables["DOCKER_CONFIG"])
        assert directory.stat().st_mode & 0o777 == 0o700
        assert (directory / "config.json").stat().st_mode & 0o777 == 0o600
        assert "the-token" not in (directory / "config.json").read_text()
        assert DockerConfig.load(variables).credentials("reg.example") == TOKEN
    assert not directory.exists()
    assert not list(home.glob("docker-*"))


def test_the_private_copy_is_gone_after_a_failure(home: Path) -> None:
    with pytest.raises(RuntimeError), private_docker_config(load(home, {}), {}, home):
        raise RuntimeError
    assert not list(home.glob("docker-*"))


def test_contexts_plugins_and_builders_stay_the_users(home: Path) -> None:
    (home / "docker" / "contexts").mkdir()
    (home / "docker" / "contexts" / "x").touch()
    (home / "docker" / "cli-plugins").mkdir()
    config = load(home, {})
    with private_docker_config(config, {}, home) as variables:
        directory = Path(variables["DOCKER_CONFIG"])
        assert (directory / "contexts" / "x").exists()
        assert (directory / "cli-plugins").is_dir()
        assert variables["BUILDX_CONFIG"] == str(home / "docker" / "buildx")
    assert (home / "docker" / "contexts" / "x").exists()
    with private_docker_config(load(home, {}, BUILDX_CONFIG="/elsewhere"), {}, home) as variables:
        assert variables["BUILDX_CONFIG"] == "/elsewhere"
