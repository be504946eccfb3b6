"""A base image whose tag moves, in the registry that stands in for docker.io."""

from __future__ import annotations

import hashlib
import http.client
import json
from collections.abc import Mapping, Sequence
from typing import Any

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"


class MovingBase:
    """One repository of the mirror; its images are busybox with another environment.

    Args:
        host: The mirror, without credentials.
        name: Such as ``library/moving``.
    """

    def __init__(self, host: str, name: str) -> None:
        self.host = host
        self.name = name

    def move(
        self, tag: str, env: Mapping[str, str], onbuild: Sequence[str] = (), others: Sequence[str] = ()
    ) -> tuple[str, str]:
        """Puts the tag on an index; returns the digests of the index and of this machine's image.

        Args:
            others: Further platforms, whose image is one that holds nothing but its platform's name.
        """
        source = json.loads(self._get("library/busybox", "manifests/latest", _MANIFEST))
        config = json.loads(self._get("library/busybox", f"blobs/{source['config']['digest']}", "*/*"))
        config["config"] = {"Env": [f"{name}={value}" for name, value in env.items()], "OnBuild": list(onbuild)}
        for layer in source["layers"]:
            self._send("POST", f"blobs/uploads/?mount={layer['digest']}&from=library/busybox", b"", 201)
        own = f"{config['os']}/{config['architecture']}"
        manifests = [self._image(own, config, source["layers"])]
        manifests += [self._image(other, {}, []) for other in others]
        content = json.dumps({"schemaVersion": 2, "mediaType": _INDEX, "manifests": manifests}).encode()
        self._send("PUT", f"manifests/{tag}", content, 201, _INDEX)
        return _digest(content), manifests[0]["digest"]

    def environment(self, digest: str) -> list[str]:
        """The environment in the configuration of one of this repository's images."""
        manifest = json.loads(self._get(self.name, f"manifests/{digest}", _MANIFEST))
        config = json.loads(self._get(self.name, f"blobs/{manifest['config']['digest']}", "*/*"))
        return config["config"]["Env"]

    def _image(self, platform: str, config: Mapping[str, Any], layers: Sequence[Any]) -> dict[str, Any]:
        system, _, architecture = platform.partition("/")
        blob = json.dumps({**config, "os": system, "architecture": architecture}).encode()
        self._send("POST", f"blobs/uploads/?digest={_digest(blob)}", blob, 201)
        described = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": _digest(blob)}
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "layers": layers,
            "config": {**described, "size": len(blob)},
        }
        content = json.dumps(manifest).encode()
        self._send("PUT", f"manifests/{_digest(content)}", content, 201, _MANIFEST)
        return {
            "mediaType": _MANIFEST,
            "digest": _digest(content),
            "size": len(content),
            "platform": {"os": system, "architecture": architecture},
        }

    def _get(self, name: str, path: str, accept: str) -> bytes:
        connection = http.client.HTTPConnection(self.host, timeout=20)
        try:
            connection.request("GET", f"/v2/{name}/{path}", headers={"Accept": accept})
            answer = connection.getresponse()
            content = answer.read()
            assert answer.status == 200, content
            return content
        finally:
            connection.close()

    def _send(self, method: str, path: str, body: bytes, expect: int, media_type: str = "") -> None:
        headers = {"Content-Type": media_type or "application/octet-stream"}
        location = f"/v2/{self.name}/{path}"
        connection = http.client.HTTPConnection(self.host, timeout=20)
        try:
            connection.request(method, location, body=body, headers=headers)
            answer = connection.getresponse()
            content = answer.read()
            if answer.status == 202 and path.startswith("blobs/uploads/?digest="):
                # A registry that does not take a blob in one request.
                target = answer.headers["Location"].partition(self.host)[2] or answer.headers["Location"]
                digest = path.partition("digest=")[2]
                connection.request("PUT", f"{target}{'&' if '?' in target else '?'}digest={digest}", body, headers)
                answer = connection.getresponse()
                content = answer.read()
            assert answer.status == expect, content
        finally:
            connection.close()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
