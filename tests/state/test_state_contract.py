"""What existing states rely on: the provider's path and name, what a record holds, when it differs."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import pickle
import pickletools
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
from pulumi.dynamic import ConfigureRequest
from pulumi.dynamic.config import Config
from pulumi.dynamic.dynamic import serialize_provider

from fast_container.errors import BuilderError, FastContainerError, RegistryError, UnexpectedError
from fast_container.state import engine_watch
from fast_container.state.image_build import ImageBuild, ImageBuildProvider
from tests.adapters.http_registry import HttpRegistry, http_registry

RECORD: dict[str, Any] = {
    "build_key": "a" * 64,
    "tag": "key-" + "a" * 40,
    "repository_url": "127.0.0.1:5000/shop/images",
    "tagged_uri": "127.0.0.1:5000/shop/images:key-" + "a" * 40,
    "parts": {"platform": "0123456789ab"},
    "counts": {"context": "1/3"},
    "aws": {"region": "eu-west-1"},
}
ONE, ANOTHER = b'{"schemaVersion":2}', b'{"schemaVersion": 2}'
DIGEST, OTHER = (f"sha256:{hashlib.sha256(content).hexdigest()}" for content in (ONE, ANOTHER))


@pytest.fixture
def registry() -> Iterator[HttpRegistry]:
    with http_registry() as server:
        yield server


@pytest.fixture
def record(registry: HttpRegistry) -> dict[str, Any]:
    """A record of an image in that registry."""
    return RECORD | {"repository_url": registry.url, "tagged_uri": f"{registry.url}:{RECORD['tag']}"}


def provider(registry: HttpRegistry, manifest: bytes | None) -> ImageBuildProvider:
    """A provider, and a registry in which the record's tag names that manifest, or nothing."""
    if manifest is not None:
        registry.tags[RECORD["tag"]] = registry.push(manifest)
    made = ImageBuildProvider()
    made.configure(ConfigureRequest(Config({}, "shop")))
    return made


class Ecr(BaseHTTPRequestHandler):
    """ECR's own API with one tag, that counts what it is asked."""

    asked: ClassVar[Counter[str]] = Counter()

    def do_POST(self) -> None:
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        self.asked[operation] += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        manifest = json.dumps({"mediaType": "application/vnd.oci.image.manifest.v1+json"})
        digest = f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"
        image = {"imageId": {"imageTag": RECORD["tag"], "imageDigest": digest}, "imageManifest": manifest}
        token = base64.b64encode(b"AWS:token").decode()
        answers = {
            "BatchGetImage": {"images": [image], "failures": []},
            "GetAuthorizationToken": {
                "authorizationData": [
                    {"authorizationToken": token, "proxyEndpoint": "http://127.0.0.1:5000", "expiresAt": 4e9}
                ]
            },
        }
        body = json.dumps(answers[operation]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_the_records_of_one_run_share_a_session_and_its_token(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with ThreadingHTTPServer(("127.0.0.1", 0), Ecr) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_port}"
        record = RECORD | {"aws": {"region": "eu-west-1", "endpoints": {"ecr": endpoint}}}
        made = ImageBuildProvider()
        made.configure(ConfigureRequest(Config({}, "shop")))
        assert len({made.create(dict(record)).outs["digest"] for _ in range(3)}) == 1
        server.shutdown()
    assert Ecr.asked == {"GetAuthorizationToken": 1, "BatchGetImage": 3}


def test_the_module_and_class_that_states_name_stay_where_they_are() -> None:
    assert ImageBuildProvider.__module__ == ImageBuild.__module__ == "fast_container.state.image_build"
    assert (ImageBuildProvider.__qualname__, ImageBuild.__qualname__) == ("ImageBuildProvider", "ImageBuild")


def test_the_provider_is_pickled_by_reference_and_always_the_same() -> None:
    pickled = base64.b64decode(serialize_provider(ImageBuildProvider()))
    assert pickled == base64.b64decode(serialize_provider(ImageBuildProvider()))
    texts = [argument for _, argument, _ in pickletools.genops(pickled) if isinstance(argument, str)]
    assert texts == ["fast_container.state.image_build", "ImageBuildProvider"]
    assert isinstance(pickle.loads(pickled), ImageBuildProvider)


def test_a_state_of_the_first_version_can_still_be_read() -> None:
    """Bytes as the first version wrote them; they must stay readable whatever is moved."""
    written = "gASVPgAAAAAAAACMIGZhc3RfY29udGFpbmVyLnN0YXRlLmltYWdlX2J1aWxklIwSSW1hZ2VCdWlsZFByb3ZpZGVylJOUKYGULg=="
    assert isinstance(pickle.loads(base64.b64decode(written)), ImageBuildProvider)


def test_the_provider_is_no_secret_of_the_state() -> None:
    assert ImageBuildProvider.serialize_as_secret_always is False


@pytest.mark.parametrize("name", ["build_key", "repository_url", "runs_on"])
def test_a_record_differs_when_its_key_its_repository_or_its_place_does(name: str) -> None:
    different = ImageBuildProvider().diff("", RECORD, {**RECORD, name: "other"})
    assert different.changes is True
    assert not different.replaces


@pytest.mark.parametrize("name", ["parts", "counts", "aws", "tag", "tagged_uri"])
def test_a_record_does_not_differ_by_what_follows_or_says_how_to_reach_the_registry(name: str) -> None:
    assert ImageBuildProvider().diff("", RECORD, {**RECORD, name: "other"}).changes is False


def test_read_keeps_the_record_of_an_image_that_is_there(registry: HttpRegistry, record: dict[str, Any]) -> None:
    kept = provider(registry, ONE).read("id", {**record, "digest": DIGEST})
    assert kept.id == "id"
    assert kept.outs == {**record, "digest": DIGEST}


def test_read_drops_the_record_of_an_image_that_is_gone(registry: HttpRegistry, record: dict[str, Any]) -> None:
    assert provider(registry, None).read("id", {**record, "digest": DIGEST}).id is None


def test_read_keeps_the_record_of_an_image_that_another_one_replaced_and_says_so(
    registry: HttpRegistry, record: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    kept = provider(registry, ANOTHER).read("id", {**record, "digest": DIGEST})
    assert (kept.id, kept.outs) == ("id", {**record, "digest": DIGEST})
    said = capsys.readouterr().err
    assert DIGEST in said
    assert OTHER in said
    assert f"--accept-replaced-tag {record['tagged_uri']}@{OTHER}" in said
    assert f"delete the tag {record['tag']}" in said


def test_an_update_takes_another_image_under_the_same_key_only_when_it_is_accepted(
    registry: HttpRegistry,
    record: dict[str, Any],
) -> None:
    made = provider(registry, ANOTHER)
    olds = {**record, "digest": DIGEST, "status": ""}
    with pytest.raises(RegistryError, match="names another image") as refused:
        made.update("id", olds, {**record, "runs_on": "lambda"})
    assert DIGEST in refused.value.why
    assert OTHER in refused.value.why
    assert made.update("id", olds, {**record, "accepted": OTHER}).outs["digest"] == OTHER
    assert made.update("id", {**olds, "status": "building"}, record).outs["digest"] == OTHER
    assert made.update("id", {**olds, "repository_url": "elsewhere/images"}, record).outs["digest"] == OTHER


@pytest.mark.parametrize(("found", "differs"), [(DIGEST, False), (OTHER, True), ("absent", True)])
def test_a_record_differs_when_the_registry_was_asked_and_has_not_its_image(found: str, differs: bool) -> None:
    olds = {**RECORD, "digest": DIGEST, "lookup": "absent"}
    assert ImageBuildProvider().diff("", olds, {**RECORD, "lookup": found}).changes is differs
    assert ImageBuildProvider().diff("", olds, RECORD).changes is False


def test_what_was_gone_and_is_built_again_may_be_another_image(registry: HttpRegistry, record: dict[str, Any]) -> None:
    made = provider(registry, ANOTHER)
    olds = {**record, "digest": DIGEST, "status": ""}
    assert made.update("id", olds, {**record, "lookup": "absent"}).outs["digest"] == OTHER
    with pytest.raises(RegistryError, match="names another image"):
        made.update("id", olds, {**record, "lookup": OTHER})


def test_a_record_differs_once_when_the_user_accepts_another_image(monkeypatch: pytest.MonkeyPatch) -> None:
    del monkeypatch
    news = {**RECORD, "accepted": OTHER}
    assert ImageBuildProvider().diff("", {**RECORD, "digest": DIGEST}, news).changes is True
    for done in ({"digest": OTHER}, {"digest": DIGEST, "accepted": OTHER}):
        assert ImageBuildProvider().diff("", {**RECORD, **done}, news).changes is False
    assert ImageBuildProvider().diff("", {**RECORD, "digest": DIGEST}, {**RECORD, "accepted": ""}).changes is False


def test_read_drops_nothing_when_the_registry_does_not_answer(registry: HttpRegistry, record: dict[str, Any]) -> None:
    made = provider(registry, ONE)
    registry.script = [400]
    with pytest.raises(RegistryError):
        made.read("id", {**record, "digest": DIGEST})


def test_create_and_update_record_the_digest_that_the_registry_names(
    registry: HttpRegistry, record: dict[str, Any]
) -> None:
    made = provider(registry, ONE)
    recorded = {**record, "digest": DIGEST, "status": ""}
    assert made.create(record).outs == recorded
    assert made.update("id", {**record, "build_key": "old"}, record).outs == recorded


def test_an_image_that_vanished_before_it_was_recorded_is_an_error(
    registry: HttpRegistry, record: dict[str, Any]
) -> None:
    with pytest.raises(RegistryError, match="not in its repository"):
        provider(registry, None).create(record)


def test_delete_asks_nobody(registry: HttpRegistry, record: dict[str, Any]) -> None:
    provider(registry, None).delete("id", record)
    assert registry.requests == []


def test_the_record_is_plain_json() -> None:
    assert json.loads(json.dumps(RECORD)) == RECORD


WATCHES = """
import sys, threading, time
from fast_container.state.engine_watch import watch_engine

class DynamicResourceProviderServicer:
    # As in the SDK's own process: what differs is told to the engine, and this one would not answer for 10 s.
    def Cancel(self, request, context):
        pass

watch_engine(interval_s=0.05)
print(threading.active_count(), flush=True)
time.sleep(60 if threading.active_count() > 1 else 0)
"""


def watching(*arguments: str) -> subprocess.Popen[str]:
    """A process with such a command line, which says how many threads it has once it watches its engine, if it does."""
    components = str(Path(__file__).parents[2] / "components")
    environment = {**os.environ, "PYTHONPATH": components}
    return subprocess.Popen(
        [sys.executable, "-c", WATCHES, *arguments], env=environment, stdout=subprocess.PIPE, text=True
    )


def test_a_dynamic_providers_process_ends_with_its_engine() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as engine,
        watching("pulumi.dynamic", f"127.0.0.1:{engine.getsockname()[1]}") as process,
    ):
        assert process.stdout is not None
        assert process.stdout.readline() == "2\n"
        engine.accept()[0].close()  # it has looked, and goes on
        assert process.poll() is None
        engine.close()
        assert process.wait(timeout=30) == 1


@pytest.mark.parametrize("arguments", [["__main__.py"], ["pulumi.dynamic", "no-address"]])
def test_only_a_dynamic_providers_process_watches_its_engine(arguments: list[str]) -> None:
    with watching(*arguments) as process:
        assert process.communicate(timeout=30)[0] == "1\n"
        assert process.returncode == 0


def test_a_program_sees_that_its_engine_was_interrupted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path))
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "pulumi.dynamic", "127.0.0.1:4711"])
    mine, other = engine_watch.Interruption("127.0.0.1:4711"), engine_watch.Interruption("127.0.0.1:4712")
    mine.refuse_to_begin()
    engine_watch.note_cancel()
    other.refuse_to_begin()
    for _ in range(2):
        with pytest.raises(BuilderError, match="interrupted"):
            mine.refuse_to_begin()
    engine_watch.note_cancel()
    engine_watch.Interruption("127.0.0.1:4711").refuse_to_begin()


@pytest.mark.parametrize("operation", ["create", "update", "read", "diff"])
@pytest.mark.parametrize("damage", [{"aws": ["eu"]}, {"repository_url": 3}, {"tag": None, "repository_url": None}])
def test_a_record_that_cannot_be_dealt_with_is_one_message(
    operation: str, damage: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A state that was edited by hand, or a fault of ours: no traceback on the terminal, all of it in a file."""
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path))
    made = ImageBuildProvider()
    made.configure(ConfigureRequest(Config({}, "shop")))
    record = RECORD | damage
    words = {"create": (record,), "read": ("id", record), "diff": ("id", [], record), "update": ("id", {}, record)}
    with pytest.raises(FastContainerError) as caught:
        getattr(made, operation)(*words[operation])
    said = str(caught.value)
    assert caught.value.__cause__ is None
    assert "Traceback" not in said
    if isinstance(caught.value, UnexpectedError):
        assert any("Traceback" in file.read_text() for file in (tmp_path / "logs").iterdir())
        assert str(tmp_path / "logs") in said
