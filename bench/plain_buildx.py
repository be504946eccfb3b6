"""Plain buildx, with the login that a person would have: what builds are compared with."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from bench.engine import BenchFailed
from bench.workplace import Workplace


class PlainBuildx:
    """Plain buildx with a login as ``aws ecr get-login-password | docker login`` leaves it."""

    def __init__(self, workplace: Workplace, context: Path) -> None:
        self._context = context
        cloud = workplace.cloud
        environment = cloud.environment()
        config = workplace.folder / f"docker-config-{context.name}"
        shutil.copytree(environment["DOCKER_CONFIG"], config, symlinks=True)
        token = workplace.ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
        assert base64.b64decode(token).startswith(b"AWS:")
        (config / "config.json").write_text(json.dumps({"auths": {cloud.registry_host: {"auth": token}}}))
        self._environment = {**environment, "DOCKER_CONFIG": str(config)}
        self._buildx = shutil.which("buildx", path=environment["PATH"]) or "buildx"
        self._builder = cloud.builder_name

    def bake(self, references: Mapping[str, Mapping[str, str]]) -> None:
        """Build and push images in one client: reference → build args."""
        targets = {
            f"image-{number}": {"context": str(self._context), "tags": [reference], "args": dict(args)}
            for number, (reference, args) in enumerate(references.items())
        }
        definition = self._context.parent / f"{self._context.name}-bake.json"
        definition.write_text(json.dumps({"group": {"default": {"targets": list(targets)}}, "target": targets}))
        words = [self._buildx, "bake", "--builder", self._builder, "--push", "--provenance=false", "--progress=quiet"]
        self._run([*words, "--allow=fs.read=*", "-f", str(definition)])

    def build(self, reference: str, dockerfile: str = "Dockerfile", *, nonce: str = "") -> None:
        """Build and push one image."""
        words = [self._buildx, "build", "--builder", self._builder, "--push", "--provenance=false", "--progress=quiet"]
        words += ["--build-arg", f"NONCE={nonce}"] if nonce else []
        words += ["-f", str(self._context / dockerfile), "-t", reference, str(self._context)]
        self._run(words)

    def _run(self, words: list[str]) -> None:
        done = subprocess.run(words, env=self._environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchFailed(f"{' '.join(words)} failed:\n{done.stderr}")
