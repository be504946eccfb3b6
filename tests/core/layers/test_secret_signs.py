"""Which strings are secrets, and which only look so."""

from __future__ import annotations

import pytest

from fast_container.core.layers.kept import is_searched
from fast_container.core.layers.secret_signs import secret_signs

# Put together here, so that no scanner takes this file for a leak.
SECRETS = {
    "AWS access key": "AKIA" + "Z7" * 8,
    "GitHub token": "ghp_" + "aB3d" * 9,
    "npm token": "//registry.npmjs.org/:_authToken=" + "0123456789ab",
    "PyPI token": "pypi-AgE" + "IcHlwaS5vcmc" * 3,
    "private key": "-----BEGIN " + "RSA PRIVATE KEY-----",
    "password in a URL": "https://deploy:" + "hunter22@pypi.example.com/simple",
    "Slack token": "xoxb-" + "123456789012",
}


@pytest.mark.parametrize(("kind", "text"), SECRETS.items())
def test_a_secret_is_found(kind: str, text: str) -> None:
    assert secret_signs(f"x = '{text}'\n") == (kind,)


@pytest.mark.parametrize(
    "text",
    [
        "AKIA" + "IOSFODNN7EXAMPLE",
        "//registry.npmjs.org/:_authToken=${NPM_TOKEN}",
        "https://user:password@example.com",
        "https://example.com:8080/a@b",
        "-----BEGIN CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----",
        "",
    ],
)
def test_what_only_looks_like_one_is_not(text: str) -> None:
    assert secret_signs(text) == ()


@pytest.mark.parametrize("path", ["app/.env", ".npmrc", "root/.aws/credentials", "a/b.pem", "x/.env.local", "id_rsa"])
def test_files_with_settings_and_keys_are_searched(path: str) -> None:
    assert is_searched(path, 100)
    assert not is_searched(path, 1 << 20)


@pytest.mark.parametrize("path", ["app/main.py", "usr/bin/environment", "a/environ", "x.so"])
def test_others_are_not(path: str) -> None:
    assert not is_searched(path, 100)
