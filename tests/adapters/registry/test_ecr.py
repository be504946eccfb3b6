"""What ECR's answers mean, when its token is fetched, and which registry a URL belongs to."""

from __future__ import annotations

import asyncio
import base64
import datetime
import hashlib
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.stub import Stubber

from fast_container.adapters.aws_session import AwsSession
from fast_container.adapters.registry.ecr import EcrRegistry, EcrToken
from fast_container.adapters.registry.http_transport import HttpTransport
from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.adapters.registry.put_rate import PutRate
from fast_container.adapters.registry.registries import Registries
from fast_container.core.aws_access import AwsAccess
from fast_container.core.oci.media_types import MANIFEST_TYPES
from fast_container.core.ports import Manifest
from fast_container.errors import AuthError, RegistryError
from tests.adapters.http_registry import http_registry
from tests.adapters.registry.conftest import TokenEndpoint

HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
URL = f"{HOST}/shop/images"
MANIFEST = '{"schemaVersion":2}'
DIGEST = f"sha256:{hashlib.sha256(MANIFEST.encode()).hexdigest()}"
OCI = "application/vnd.oci.image.manifest.v1+json"


@pytest.fixture(autouse=True)
def _no_ambient_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_ECR", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


class StubbedEcr:
    """An ECR client whose answers are given beforehand and checked against the service's model."""

    def __init__(self) -> None:
        self.client = botocore.session.Session().create_client("ecr", region_name="eu-west-1")
        self.stub = Stubber(self.client)
        self.stub.activate()
        self.registry = EcrRegistry(URL, lambda: self.client, OciRegistry(URL), registry_id="123456789012")

    def expect_look_up(self, tags: list[str], answer: Mapping[str, Any]) -> None:
        request = {
            "repositoryName": "shop/images",
            "registryId": "123456789012",
            "imageIds": [{"imageTag": tag} for tag in tags],
            "acceptedMediaTypes": list(MANIFEST_TYPES),
        }
        self.stub.add_response("batch_get_image", answer, request)

    def find(self, *tags: str) -> Any:
        return asyncio.run(self.registry.find(tags))


def image(tag: str, digest: str = DIGEST) -> dict[str, Any]:
    return {
        "imageId": {"imageTag": tag, "imageDigest": digest},
        "imageManifest": MANIFEST,
        "imageManifestMediaType": OCI,
    }


def failure(tag: str, code: str) -> dict[str, Any]:
    return {"imageId": {"imageTag": tag}, "failureCode": code, "failureReason": "because"}


def test_one_call_answers_for_present_and_absent_tags() -> None:
    ecr = StubbedEcr()
    answer = {"images": [image("key-1")], "failures": [failure("key-2", "ImageNotFound")]}
    ecr.expect_look_up(["key-1", "key-2"], answer)
    found = ecr.find("key-1", "key-2", "key-1")
    assert list(found) == ["key-1"]
    assert (found["key-1"].digest, found["key-1"].media_type) == (DIGEST, OCI)


@pytest.mark.parametrize("answer", [{}, {"images": [], "failures": []}, {"images": [image("key-1")]}])
def test_an_answer_that_does_not_name_an_image_does_not_mean_absent(answer: dict[str, Any]) -> None:
    ecr = StubbedEcr()
    ecr.expect_look_up(["key-1", "key-2"], answer)
    with pytest.raises(RegistryError, match="did not say whether"):
        ecr.find("key-1", "key-2")


def test_a_gateway_that_answers_for_ecr_is_one_clear_error() -> None:
    with http_registry() as gateway:
        gateway.script = [(200, {"Content_Type": "text/html"}, b"<html>log in</html>")] * 9
        session = AwsSession(AwsAccess(region="eu-west-1", endpoints={"ecr": f"http://{gateway.host}"}), {})
        registry = EcrRegistry(URL, lambda: session.client("ecr"), OciRegistry(URL))
        # To the SDK a page is an answer that says nothing.
        with pytest.raises(RegistryError, match="did not say whether"):
            asyncio.run(registry.find(["key-1"]))


@pytest.mark.parametrize(
    "answer", [{}, {"authorizationData": []}, {"authorizationData": [{"authorizationToken": "?"}]}]
)
def test_a_token_that_is_none_is_an_auth_error(answer: dict[str, Any]) -> None:
    class Client:
        def get_authorization_token(self) -> dict[str, Any]:
            return answer

    with pytest.raises(AuthError, match="cannot be read"):
        EcrToken(Client, HOST).credentials()


def test_a_tag_and_digest_that_do_not_match_mean_absent() -> None:
    ecr = StubbedEcr()
    ecr.expect_look_up(["key-1"], {"failures": [failure("key-1", "ImageTagDoesNotMatchDigest")]})
    assert ecr.find("key-1") == {}


@pytest.mark.parametrize(
    "code", ["ImageInaccessible", "KmsError", "InvalidImageTag", "UpstreamUnavailable", "SomethingNew"]
)
def test_any_other_failure_code_is_an_error_and_never_absent(code: str) -> None:
    ecr = StubbedEcr()
    ecr.expect_look_up(["key-1"], {"images": [], "failures": [failure("key-1", code)]})
    with pytest.raises(RegistryError) as caught:
        ecr.find("key-1")
    assert caught.value.why == f"{code}: because"


def test_a_converted_manifest_is_refused() -> None:
    ecr = StubbedEcr()
    ecr.expect_look_up(["key-1"], {"images": [image("key-1", "sha256:" + "0" * 64)]})
    with pytest.raises(RegistryError, match="does not fit its digest"):
        ecr.find("key-1")


def test_a_hundred_tags_go_in_one_call_and_more_in_several() -> None:
    asked: list[int] = []

    class Client:
        def batch_get_image(self, **request: Any) -> dict[str, Any]:
            asked.append(len(request["imageIds"]))
            return {"images": [], "failures": [failure(i["imageTag"], "ImageNotFound") for i in request["imageIds"]]}

    registry = EcrRegistry(URL, Client, OciRegistry(URL))
    assert asyncio.run(registry.find([f"key-{n}" for n in range(100)])) == {}
    assert asked == [100]
    asyncio.run(registry.find([f"key-{n}" for n in range(230)]))
    assert sorted(asked[1:]) == [30, 100, 100]


def test_a_repository_that_is_not_there_holds_nothing() -> None:
    ecr = StubbedEcr()
    ecr.stub.add_client_error("batch_get_image", "RepositoryNotFoundException", http_status_code=400)
    assert ecr.find("key-1") == {}


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        ("ExpiredTokenException", AuthError, "have expired"),
        ("UnrecognizedClientException", AuthError, "does not accept"),
        ("AccessDeniedException", AuthError, "denied ecr:BatchGetImage"),
        ("ServerException", RegistryError, "refused ecr:BatchGetImage"),
        ("InvalidParameterException", RegistryError, "refused ecr:BatchGetImage"),
    ],
)
def test_each_error_of_the_service_is_one_of_ours(code: str, kind: type[Exception], said: str) -> None:
    ecr = StubbedEcr()
    ecr.stub.add_client_error("batch_get_image", code, "text of AWS", http_status_code=400)
    with pytest.raises(kind, match=said) as caught:
        ecr.find("key-1")
    assert isinstance(caught.value, kind)
    assert "text of AWS" in str(caught.value)


class TokenClient:
    def __init__(self, *, expires_in_s: float = 12 * 3600, proxy_endpoint: str = f"https://{HOST}") -> None:
        self.calls = 0
        self.expires_in_s = expires_in_s
        self.proxy_endpoint = proxy_endpoint

    def get_authorization_token(self) -> dict[str, Any]:
        self.calls += 1
        return {
            "authorizationData": [
                {
                    "authorizationToken": base64.b64encode(f"AWS:token-{self.calls}".encode()).decode(),
                    "expiresAt": datetime.datetime.fromtimestamp(1000.0 + self.expires_in_s, datetime.UTC),
                    "proxyEndpoint": self.proxy_endpoint,
                }
            ]
        }


def test_a_token_is_fetched_once_and_again_shortly_before_it_expires() -> None:
    client, now = TokenClient(), [1000.0]
    token = EcrToken(lambda: client, HOST, now=lambda: now[0])
    assert token.credentials() == token.credentials()
    now[0] += 11.5 * 3600
    token.credentials()
    assert client.calls == 1
    now[0] += 0.4 * 3600
    assert token.credentials().password == "token-2"


def test_a_token_that_seems_expired_already_is_used_for_some_minutes() -> None:
    client, now = TokenClient(expires_in_s=-1e6), [1000.0]
    token = EcrToken(lambda: client, HOST, now=lambda: now[0])
    for _ in range(10):
        token.credentials()
    assert client.calls == 1
    now[0] += 301
    token.credentials()
    assert client.calls == 2


def test_a_token_is_in_no_text() -> None:
    token = EcrToken(TokenClient, HOST, now=lambda: 1000.0)
    assert "token-1" not in repr(token.credentials())


def test_an_emulated_registry_is_known_by_the_endpoint_that_gives_tokens_for_it(
    http_endpoint: TokenEndpoint,
) -> None:
    registries = http_endpoint.registries(of="127.0.0.1:5000")
    assert isinstance(registries.registry_blocking("127.0.0.1:5000/shop/images"), EcrRegistry)
    assert isinstance(registries.registry_blocking("ghcr.io/shop/images"), OciRegistry)
    assert registries.push_credentials("127.0.0.1:5000") is not None
    assert registries.push_credentials("ghcr.io") is None
    assert http_endpoint.calls == ["AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"]


def test_without_an_endpoint_nobody_is_asked_about_another_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    def client(*_: object, **__: object) -> Any:
        raise AssertionError("asked AWS")

    monkeypatch.setattr(botocore.session.Session, "create_client", client)
    registries = Registries(AwsAccess(), {})
    assert isinstance(registries.registry_blocking("127.0.0.1:5000/shop/images"), OciRegistry)
    assert isinstance(registries.registry_blocking(URL), EcrRegistry)


def test_what_asks_nobody_does_not_import_the_sdk() -> None:
    program = (
        "import sys; from fast_container.adapters.registry.registries import Registries, AwsAccess;"
        "Registries(AwsAccess(), {}).registry_blocking('127.0.0.1:5000/x');"
        "sys.exit('botocore' in sys.modules)"
    )
    components = Path(__file__).parents[3] / "components"
    subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": str(components)}, check=True)


def test_all_repositories_of_an_ecr_registry_share_one_rate_of_puts(http_endpoint: TokenEndpoint) -> None:
    slept: list[float] = []
    with http_registry() as server, http_registry() as another:
        server.repositories = {"shop/images", "shop/bases"}
        rate = partial(PutRate, 1.0, now_s=lambda: 0.0, sleep=slept.append)
        registries = http_endpoint.registries(of=server.host, put_rate=rate)
        manifest = Manifest(DIGEST, OCI, MANIFEST.encode())
        for url in (f"{server.host}/shop/images", f"{server.host}/shop/bases", another.url):
            for number in range(2):
                asyncio.run(registries.registry_blocking(url).tag(manifest, f"key-{url[-5:]}-{number}"))
        registries.close()
    assert slept == [1.0, 2.0]  # the first two at once, those of the other repository in their turn, the last at will


def test_a_repository_of_ecr_is_logged_in_to_once(http_endpoint: TokenEndpoint) -> None:
    with http_registry() as server:
        server.user = "AWS:token"
        digest = server.push(MANIFEST.encode())
        registries = http_endpoint.registries(of=server.host)
        for _ in range(3):
            assert registries.oci_blocking(server.url).manifest_blocking(digest) is not None
        asyncio.run(registries.registry_blocking(server.url).manifest(digest))
        registries.close()
    assert len(server.requests) == 5  # the first is refused, without a login


def test_the_rate_hears_of_a_throttled_put() -> None:
    slept: list[float] = []
    throttled = (429, {}, b'{"errors":[{"code":"TOOMANYREQUESTS","message":"Rate exceeded"}]}')
    with http_registry() as server:
        rate = PutRate(10.0, now_s=lambda: 0.0, sleep=slept.append)
        oci = OciRegistry(server.url, transport=HttpTransport(sleep=lambda _: None), turns=rate)
        manifest = Manifest(DIGEST, OCI, MANIFEST.encode())
        server.script = [UNKNOWN, throttled]
        for tag in ("key-1", "key-2"):
            asyncio.run(oci.tag(manifest, tag))
    assert slept == [pytest.approx(0.1)]


UNKNOWN = (404, {}, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')


def test_a_throttled_tag_is_waited_out_in_ecr(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    throttled = (429, {}, b'{"errors":[{"code":"TOOMANYREQUESTS","message":"Rate exceeded"}]}')
    with http_registry() as server:
        server.script = [UNKNOWN, throttled, throttled]
        oci = OciRegistry(server.url, transport=HttpTransport(sleep=slept.append))
        registry = EcrRegistry(server.url, TokenClient, oci)
        manifest = Manifest(DIGEST, OCI, MANIFEST.encode())
        assert asyncio.run(registry.tag(manifest, "key-1")) == DIGEST
        assert server.tags == {"key-1": DIGEST}
    assert slept == [0.25, 0.5]


def test_tags_are_put_through_the_registry_with_the_token() -> None:
    with http_registry() as server:
        server.user = "AWS:token-1"
        client = TokenClient(proxy_endpoint=f"http://{server.host}")
        token = EcrToken(lambda: client, server.host, now=lambda: 1000.0)
        registry = EcrRegistry(server.url, lambda: client, OciRegistry(server.url, token.credentials))
        digest = server.push(MANIFEST.encode())
        manifest = asyncio.run(registry.manifest(digest))
        assert manifest is not None
        assert asyncio.run(registry.tag(manifest, "key-1")) == digest
        assert server.tags == {"key-1": digest}
