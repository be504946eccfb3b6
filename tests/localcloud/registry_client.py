"""What the tests push and pull with: a plain HTTP client of the registry, and small images made in memory."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import hashlib
import http.client
import io
import json
import tarfile
from typing import Any

import boto3

from localcloud import LocalCloud

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
GZIP_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def client(cloud: LocalCloud, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=cloud.aws_endpoint,
        region_name=cloud.region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def sha256(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def errors(self) -> list[dict[str, str]]:
        return json.loads(self.body)["errors"]


class RegistryClient:
    def __init__(self, host: str, token: str | None = None) -> None:
        self.host = host
        self.token = token

    @classmethod
    def of(cls, cloud: LocalCloud) -> RegistryClient:
        data = client(cloud, "ecr").get_authorization_token()["authorizationData"][0]
        return cls(cloud.registry_host, data["authorizationToken"])

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection(self.host, timeout=30)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent["Authorization"] = f"Basic {self.token}"
        try:
            connection.request(method, path, body=body, headers=sent)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())
        finally:
            connection.close()

    def push_blob(self, repository: str, content: bytes) -> dict[str, Any]:
        started = self.send("POST", f"/v2/{repository}/blobs/uploads/")
        assert started.status == 202, started
        location = started.headers["location"].removeprefix(f"http://{self.host}")
        done = self.send("PUT", f"{location}{'&' if '?' in location else '?'}digest={sha256(content)}", content)
        assert done.status == 201, done
        return {"digest": sha256(content), "size": len(content)}

    def put_manifest(self, repository: str, reference: str, manifest: bytes, media_type: str = OCI_MANIFEST) -> Answer:
        return self.send("PUT", f"/v2/{repository}/manifests/{reference}", manifest, Content_Type=media_type)


def make_layer(files: dict[str, bytes], modes: dict[str, int] | None = None) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), (modes or {}).get(name, 0o644)
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)


def push_image(
    registry: RegistryClient,
    repository: str,
    *,
    tag: str = "",
    files: dict[str, bytes] | None = None,
    architecture: str = "amd64",
    layer_type: str = GZIP_LAYER,
    config: dict[str, Any] | None = None,
    lower: list[tuple[dict[str, Any], bytes]] | None = None,
) -> tuple[str, bytes]:
    """Pushes a small image; returns its digest and manifest. ``lower`` are layers (descriptor, content) below it."""
    layer = make_layer(files or {"f": repository.encode()})
    for _, content in lower or []:
        registry.push_blob(repository, content)
    described = [descriptor for descriptor, _ in lower or []]
    described.append({"mediaType": layer_type, **registry.push_blob(repository, layer)})
    document = {"architecture": architecture, "os": "linux", "config": config or {}, "rootfs": {"type": "layers"}}
    configuration = registry.push_blob(repository, json.dumps(document).encode())
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": OCI_CONFIG, **configuration},
            "layers": described,
        }
    ).encode()
    answer = registry.put_manifest(repository, tag or sha256(manifest), manifest)
    assert answer.status == 201, answer
    return sha256(manifest), manifest


def make_index(*children: bytes) -> bytes:
    manifests = [
        {
            "mediaType": OCI_MANIFEST,
            "digest": sha256(child),
            "size": len(child),
            "platform": {"os": "linux", "architecture": "amd64"},
        }
        for child in children
    ]
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}).encode()


def basic(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()
