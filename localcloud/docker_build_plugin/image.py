"""One image: built and pushed with buildx, and its manifest deleted from the registry.

Decides the command line and the credentials: those of the resource's ``registries``, in a private configuration.
"""

from __future__ import annotations

import base64
import http.client
import ipaddress
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from localcloud.aws_plugin.errors import PluginError
from localcloud.docker_build_plugin.arguments import context_folder, context_hash, dockerfile_of


def build(inputs: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Build and push; returns the outputs.

    Raises:
        PluginError: The build failed, or a registry is not on this machine.
    """
    for tag in inputs["tags"]:
        _check_loopback(_host(tag))
    with tempfile.TemporaryDirectory(prefix="docker-build-") as place:
        folder = Path(place)
        (folder / "Dockerfile").write_bytes(dockerfile_of(inputs))
        (folder / "config.json").write_text(json.dumps({"auths": _auths(inputs)}))
        metadata = folder / "metadata.json"
        options = [*_options(inputs), "--file", str(folder / "Dockerfile"), "--metadata-file", str(metadata)]
        done = subprocess.run(
            ["buildx", "build", *options, "--", str(context_folder(inputs))],
            env={**environment, "DOCKER_CONFIG": place},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise PluginError(f"buildx: {done.stderr.strip()[-2000:]}")
        digest = json.loads(metadata.read_bytes())["containerimage.digest"]
    ref = f"{inputs['tags'][0]}@{digest}"
    return {**inputs, "digest": digest, "ref": ref, "contextHash": context_hash(inputs)}


def _options(inputs: Mapping[str, Any]) -> list[str]:
    options = ["--push", "--provenance=false", "--progress=plain"]
    for option, values in (("--tag", inputs["tags"]), ("--platform", inputs.get("platforms", []))):
        for value in values:
            options += (option, value)
    for option, name in (("--build-arg", "buildArgs"), ("--label", "labels")):
        for key, value in inputs.get(name, {}).items():
            options += (option, f"{key}={value}")
    for option, name in (("--cache-from", "cacheFrom"), ("--cache-to", "cacheTo")):
        for cache in inputs.get(name, []):
            options += (option, _cache(cache["registry"]))
    return [*options, "--target", inputs["target"]] if inputs.get("target") else options


def _cache(registry: Mapping[str, Any]) -> str:
    names = {"imageManifest": "image-manifest", "ociMediaTypes": "oci-mediatypes", "ignoreError": "ignore-error"}
    parts = ["type=registry", f"ref={registry['ref']}"]
    if "mode" in registry:
        parts.append(f"mode={registry['mode']}")
    return ",".join([*parts, *(f"{names[key]}={str(registry[key]).lower()}" for key in names if key in registry)])


def delete(state: Mapping[str, Any]) -> None:
    """Delete the image's manifest from the registry, by digest; a missing one is not an error.

    Raises:
        PluginError: The registry refuses.
    """
    repository = str(state["tags"][0]).rpartition(":")[0]
    host, _, name = repository.partition("/")
    _check_loopback(host)
    auth = _auths(state).get(host, {}).get("auth", "")
    connection = http.client.HTTPConnection(host, timeout=30)
    try:
        headers = {"Authorization": f"Basic {auth}"} if auth else {}
        connection.request("DELETE", f"/v2/{name}/manifests/{state['digest']}", headers=headers)
        response = connection.getresponse()
        if response.status not in (http.client.ACCEPTED, http.client.NOT_FOUND):
            raise PluginError(f"deleting {repository}@{state['digest']}: {response.status} {response.read().decode()}")
    finally:
        connection.close()


def _auths(inputs: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Registry host → what Docker's configuration has of it."""
    return {
        _host(registry["address"]): {
            "auth": base64.b64encode(f"{registry['username']}:{registry['password']}".encode()).decode()
        }
        for registry in inputs.get("registries", [])
    }


def _host(reference: str) -> str:
    return reference.removeprefix("https://").removeprefix("http://").partition("/")[0]


def _check_loopback(host: str) -> None:
    name = host.rpartition(":")[0] or host
    try:
        local = name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        local = False
    if not local:
        raise PluginError(f"{host} is not on this machine: this stand-in is for the local cloud only")


def environment_of(process: Mapping[str, str]) -> dict[str, str]:
    """The environment of buildx: the process's, with the builders where the user's configuration has them."""
    config = process.get("DOCKER_CONFIG") or str(Path(process.get("HOME", os.sep)) / ".docker")
    return {"BUILDX_CONFIG": str(Path(config) / "buildx"), **process}
