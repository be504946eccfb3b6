"""Which requests go through a proxy, and how a proxy is spoken to."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
import itertools
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fast_container.adapters.registry.http_transport import ATTEMPTS, HttpTransport
from fast_container.adapters.registry.oci_registry import OciRegistry
from fast_container.adapters.registry.proxies import Proxies, Proxy, is_loopback, parse_proxy
from fast_container.core.ports import Credentials
from fast_container.errors import AuthError, RegistryError
from tests.adapters.http_registry import HttpRegistry, http_registry
from tests.adapters.raw_server import raw_server, whole

ABSENT = b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}'


def proxies(no_proxy: str) -> Proxies:
    return Proxies.from_environment({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "x", "no_proxy": no_proxy})


@pytest.mark.parametrize(
    ("rule", "direct", "through"),
    [
        ("example.org", ["example.org", "a.example.org", "EXAMPLE.ORG"], ["notexample.org", "example.org.evil"]),
        (".corp", ["a.corp", "a.b.corp"], ["corp", "acorp"]),
        ("*.corp", ["a.corp"], ["corp"]),
        (" a , b ", ["a", "b", "x.b"], ["c"]),
        ("*", ["anything"], []),
        ("example.org:443", ["example.org"], ["example.org:8443"]),
        ("example.org:8443", ["example.org:8443"], ["example.org"]),
        ("10.1.2.3", ["10.1.2.3"], ["10.1.2.4", "a.10.1.2.3"]),
        ("10.0.0.0/8", ["10.255.0.1"], ["11.0.0.1", "name"]),
        ("[fd00::1]", ["fd00::1"], ["fd00::2"]),
        ("fd00::/16", ["fd00::2"], ["fe00::2"]),
        ("0.0.1/33,:,", [], ["example.org", "10.0.0.1"]),
    ],
)
def test_what_is_reached_directly_is_what_docker_reaches_directly(
    rule: str, direct: list[str], through: list[str]
) -> None:
    def chosen(place: str) -> str:
        host, _, port = place.rpartition(":") if place.count(":") == 1 else (place, "", "")
        return proxies(rule).choose("https", host, int(port) if port else None)

    assert [chosen(place) for place in direct] == [""] * len(direct)
    assert [chosen(place) for place in through] == ["http://proxy:3128"] * len(through)


def test_this_machine_is_never_reached_through_a_proxy() -> None:
    for host in ("127.0.0.1", "localhost", "::1", "[::1]", "a.localhost"):
        assert is_loopback(host)
        assert proxies("").choose("https", host) == ""
    assert not is_loopback("registry.example")


def test_a_proxy_without_a_scheme_is_spoken_to_without_tls() -> None:
    assert parse_proxy("proxy.corp:3128") == Proxy(False, "proxy.corp", 3128)
    assert parse_proxy("https://u:p%40w@proxy.corp") == Proxy(True, "proxy.corp", 443, "u", "p@w")
    assert parse_proxy("http://[fd00::1]").port == 80


@pytest.mark.parametrize("url", ["socks5://u:secret@proxy:1080", "http://", "http://u:secret@proxy:port", "https://[x"])
def test_a_proxy_that_cannot_be_used_is_an_error_without_its_password(url: str) -> None:
    with pytest.raises(RegistryError, match="proxy") as caught:
        parse_proxy(url)
    assert "secret" not in str(caught.value)


def test_plain_http_goes_through_the_proxy_by_its_whole_address() -> None:
    with http_registry() as server:
        transport = HttpTransport(proxies=Proxies(http=f"http://user:pw@{server.host}"))
        registry = OciRegistry("registry.example/shop/images", plain_http=True, transport=transport)
        server.script = [(404, {}, ABSENT)]
        assert asyncio.run(registry.find(["key-1"])) == {}
        transport.close()
    _, path, headers = server.requests[0]
    assert path == "http://registry.example/v2/shop/images/manifests/key-1"
    assert headers["host"] == "registry.example"
    assert headers["proxy-authorization"].startswith("Basic ")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of registry.example and of this machine, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("registry.example"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "all.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


class Tunnels:
    """A proxy that connects everything to one place; ``asked`` is what came before the tunnels."""

    def __init__(self, target: tuple[str, int], tls: ssl.SSLContext | None, answer: bytes) -> None:
        self.target, self.tls, self.answer = target, tls, answer
        self.asked: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                one, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._tunnel, args=(one,), daemon=True).start()

    def _tunnel(self, one: socket.socket) -> None:
        try:
            if self.tls:
                one = self.tls.wrap_socket(one, server_side=True)
            request = b""
            while b"\r\n\r\n" not in request:
                if not (piece := one.recv(4096)):
                    return
                request += piece
            self.asked.append(request)
            one.sendall(self.answer)
            with socket.create_connection(self.target) as other:
                while True:
                    ready = [one] if isinstance(one, ssl.SSLSocket) and one.pending() else []
                    for source in ready or select.select([one, other], [], [], 5)[0]:
                        if not (data := source.recv(65536)):
                            return
                        (other if source is one else one).sendall(data)
        except OSError:
            pass
        finally:
            one.close()


@pytest.fixture
def origin(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpRegistry]:
    """A registry over TLS."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with http_registry(tls=server_tls(certificate)) as server:
        yield server


def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.parametrize("secure", [False, True])
def test_a_proxy_is_spoken_to_over_tls_where_its_url_says_so(
    origin: HttpRegistry, certificate: Path, secure: bool
) -> None:
    digest = origin.push(b'{"schemaVersion":2}' + b" " * 300_000)
    origin.tags["key-1"] = digest
    tls = server_tls(certificate) if secure else None
    proxy = Tunnels(("127.0.0.1", origin.port), tls, b"HTTP/1.1 200 Connection established\r\n\r\n")
    url = f"http{'s' if secure else ''}://user:pass@127.0.0.1:{proxy.port}"
    transport = HttpTransport(proxies=Proxies(https=url), timeout_s=5.0)
    found = asyncio.run(OciRegistry("registry.example/shop/images", transport=transport).find(["key-1"]))
    transport.close()
    proxy.listener.close()
    assert found["key-1"].digest == digest
    [asked] = proxy.asked
    assert asked.startswith(b"CONNECT registry.example:443 HTTP/1.1\r\nHost: registry.example:443\r\n")
    assert b"Proxy-Authorization: Basic " in asked
    assert "proxy-authorization" not in origin.requests[0][2]


def asked_through(origin: HttpRegistry) -> tuple[OciRegistry, HttpTransport, Tunnels]:
    """The registry over TLS by its name, which a proxy knows."""
    proxy = Tunnels(("127.0.0.1", origin.port), None, b"HTTP/1.1 200 Connection established\r\n\r\n")
    transport = HttpTransport(proxies=Proxies(https=f"http://127.0.0.1:{proxy.port}"), timeout_s=5.0)
    user = Credentials("ci-user", "registry-password")
    return OciRegistry("registry.example/shop/images", lambda: user, transport=transport), transport, proxy


def test_a_connection_over_tls_is_used_again(origin: HttpRegistry) -> None:
    registry, transport, proxy = asked_through(origin)
    for number in range(5):
        assert asyncio.run(registry.find([f"key-{number}"])) == {}
    transport.close()
    proxy.listener.close()
    assert len(proxy.asked) == origin.connections == 1


def test_a_registry_elsewhere_does_not_choose_this_machine_as_its_token_service(origin: HttpRegistry) -> None:
    registry, transport, proxy = asked_through(origin)
    with raw_server(whole(200, b'{"token":"t"}')) as service:
        origin.script = [(401, {"WWW_Authenticate": f'Bearer realm="http://{service.host}/token"'}, b"")]
        with pytest.raises(AuthError, match="does not use TLS"):
            asyncio.run(registry.find(["key-1"]))
    transport.close()
    proxy.listener.close()
    assert not service.requests


@pytest.mark.parametrize("secure", [False, True])
def test_tls_that_only_drips_has_an_end(certificate: Path, monkeypatch: pytest.MonkeyPatch, secure: bool) -> None:
    """A record of TLS that never gets complete is one read for whoever waits for what is in it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip(one: socket.socket) -> None:
            with one, contextlib.suppress(OSError):
                one.recv(4096)
                one.sendall(b"\x16\x03\x03\x40\x00")
                for _ in range(2000):
                    time.sleep(0.05)
                    one.sendall(b"\x02")

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=drip, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        tls = server_tls(certificate) if secure else None
        proxy = Tunnels(listener.getsockname(), tls, b"HTTP/1.1 200 Connection established\r\n\r\n")
        url = f"http{'s' if secure else ''}://127.0.0.1:{proxy.port}"
        transport = HttpTransport(proxies=Proxies(https=url), sleep=lambda _: None, timeout_s=0.4)
        began_s = time.monotonic()
        with pytest.raises(RegistryError) as caught:
            transport.request("GET", "https://registry.example/v2/", {})
        assert time.monotonic() - began_s < 30
        proxy.listener.close()
        listener.shutdown(socket.SHUT_RDWR)
    assert caught.value.why == "it did not answer in time"


def failure(url: str, **proxies: str) -> RegistryError:
    transport = HttpTransport(proxies=Proxies(**proxies), sleep=lambda _: None, timeout_s=5.0)
    with pytest.raises(RegistryError) as caught:
        transport.request("GET", url, {})
    transport.close()
    return caught.value


def test_a_certificate_that_is_not_trusted_is_named_as_the_cause(certificate: Path) -> None:
    with http_registry(tls=server_tls(certificate)) as server:
        error = failure(f"https://{server.host}/v2/")
    assert "certificate was not accepted: self-signed certificate" in error.why
    assert "SSL_CERT_FILE" in error.next_step


def test_a_registry_without_tls_is_named_as_the_cause() -> None:
    with http_registry() as server:
        error = failure(f"https://{server.host}/v2/")
    assert error.why == "it does not speak TLS"


def test_a_connection_that_ends_before_tls_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepted: list[int] = []

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    one, _ = listener.accept()
                    accepted.append(1)
                    with one:
                        one.recv(4096)

        threading.Thread(target=serve, daemon=True).start()
        error = failure(f"https://127.0.0.1:{listener.getsockname()[1]}/v2/")
        listener.shutdown(socket.SHUT_RDWR)
    assert len(accepted) == ATTEMPTS
    assert error.what == "The registry cannot be reached."


def test_a_proxy_that_is_not_there_is_named_and_not_the_registry(certificate: Path) -> None:
    with http_registry(tls=server_tls(certificate)) as untrusted:
        closed = f"http://u:secret@127.0.0.1:{free_port()}"
        errors = [
            failure("https://registry.example/v2/", https=closed),
            failure("http://registry.example/v2/", http=closed),
            failure("https://registry.example/v2/", https="http://u:secret@proxy.invalid:3128"),
            failure("https://registry.example/v2/", https=f"https://u:secret@{untrusted.host}"),
        ]
    for error, why in zip(errors, ("refused", "refused", "proxy.invalid:3128", "self-signed"), strict=True):
        assert error.why.startswith("the proxy ")
        assert why in error.why
        assert "HTTPS_PROXY" in error.next_step
        assert "secret" not in str(error)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "refused: 502 Bad Gateway"),
        (b"garbage\r\n\r\n", "did not answer with HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", "did not answer with HTTP"),
        (itertools.repeat(b"HTTP/1.1 100 Continue\r\nX: " + b"y" * 60_000 + b"\r\n\r\n"), "no end"),
        (itertools.chain([b"HTTP/1.1 200 OK\r\nX: "], itertools.repeat(b"y")), "too slowly"),
    ],
    ids=["refuses", "garbage", "headers", "never stops", "drips"],
)
def test_what_a_proxy_says_instead_of_a_tunnel_has_an_end(answer: bytes | Iterable[bytes], why: str) -> None:
    with raw_server(answer, pause_s=0.05 if why == "too slowly" else 0.0) as proxy:
        transport = HttpTransport(proxies=Proxies(https=f"http://{proxy.host}"), timeout_s=1.0)
        with pytest.raises(RegistryError) as caught:
            transport.request("GET", "https://registry.example/v2/", {})
    assert why in caught.value.why
    assert len(proxy.requests) == 1


def test_a_proxy_that_refuses_is_one_clear_error(certificate: Path) -> None:
    proxy = Tunnels(("127.0.0.1", 1), None, b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
    transport = HttpTransport(proxies=Proxies(https=f"http://u:secret@127.0.0.1:{proxy.port}"), timeout_s=5.0)
    with pytest.raises(RegistryError, match="cannot be reached") as caught:
        asyncio.run(OciRegistry("registry.example/shop/images", transport=transport).find(["key-1"]))
    proxy.listener.close()
    assert "407" in caught.value.why
    assert "secret" not in str(caught.value)
