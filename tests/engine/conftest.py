"""Stacks of the real engine on the local cloud, each in folders of its own.

The steps of one story cost seconds each, so a module runs its steps once, on demand, and its tests read the results:
README.md beside this file shows how such a story is written.
"""

from __future__ import annotations

import json
import shutil
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from localcloud import LocalCloud
from localcloud.aws_plugin import COMMAND

# Test modules are imported in importlib mode, which puts no folder on the path.
sys.path.insert(0, str(Path(__file__).parent))

from engine_stack import EngineStack, wait_until
from key_service import SETTINGS, key_service

COMPANIONS = ("pulumi-language-python", "pulumi-language-python-exec", "pulumi-resource-pulumi-python")
AWS_KEY_ID = "AKIAENGINETESTS"
AWS_SECRET_KEY = "aws-s3cr3t-key-of-the-engine-tests"


class Stacks:
    """Makes the stacks of one test module; they share a backend, so that two checkouts can have one stack."""

    def __init__(
        self, cloud: LocalCloud, folder: Path, prefix: str, python: dict[str, str], keys: dict[str, str]
    ) -> None:
        self.cloud = cloud
        self.python = python
        self.keys = keys
        self.folder = folder
        self.prefix = prefix
        self.made: list[EngineStack] = []
        self.ecr: Any = boto3.client(
            "ecr",
            endpoint_url=cloud.aws_endpoint,
            region_name=cloud.region,
            aws_access_key_id="localcloud",
            aws_secret_access_key="localcloud",
        )

    def __call__(
        self,
        program: str,
        *,
        folder: str = "program",
        name: str = "test",
        project: str = "engine-test",
        cache: str = "",
        passphrase: bool = False,
    ) -> EngineStack:
        """A stack whose program may name ``{prefix}``, the start of this module's repository names.

        Args:
            passphrase: Its secrets are encrypted as without a provider; costs 0.15 s more an operation.
        """
        backend, temporary = self.folder / "backend", self.folder / "tmp"
        for place in (backend, temporary):
            place.mkdir(exist_ok=True)
        environment = {
            **self.cloud.environment(),
            **self.python,
            **({} if passphrase else self.keys),
            "PULUMI_BACKEND_URL": f"file://{backend}",
            "AWS_ACCESS_KEY_ID": AWS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": AWS_SECRET_KEY,
            "FAST_CONTAINER_CACHE": str(self.folder / (cache or f"cache-{folder.replace('/', '-')}-{name}")),
            "TMPDIR": str(temporary),
            # The CLI and BuildKit's client live for seconds, in which there is no need to collect garbage so often.
            "GOGC": "400",
        }
        config = {key: value for key, value in self.cloud.stack_config().items() if not key.endswith("Key")}
        stack = EngineStack(self.folder / folder, environment, config, name=name, project=project)
        stack.settings = {} if passphrase else SETTINGS
        stack.write(program.replace("{prefix}", self.prefix))
        self.made.append(stack)
        return stack

    @property
    def plain_python(self) -> dict[str, str]:
        """Changes to the environment of an operation after which its Python processes are plain interpreters."""
        return {"PULUMI_PYTHON_CMD": self.cloud.environment()["PULUMI_PYTHON_CMD"], COMMAND: ""}

    def without_docker(self, stack: EngineStack) -> dict[str, str]:
        """Changes to the environment of an operation after which no docker, buildx or BuildKit can be found."""
        bare = self.folder / "bare"
        if not bare.exists():
            bare.mkdir()
            (bare / "docker").mkdir()
            for name in ("pulumi", *COMPANIONS):
                found = shutil.which(name, path=stack.environment["PATH"])
                assert found, name
                (bare / name).symlink_to(found)
        path = [str(bare), str(Path(sys.executable).parent), "/usr/bin", "/bin"]
        assert not any(shutil.which(name, path=":".join(path)) for name in ("docker", "buildx", "buildctl"))
        return {
            "PATH": ":".join(path),
            "DOCKER_CONFIG": str(bare / "docker"),
            "BUILDX_BUILDER": "",
            "BUILDX_CONFIG": "",
        }

    def left_behind(self) -> list[Path]:
        """Folders that hold whatever an operation leaves: state, caches, logs, Docker's and Pulumi's own."""
        environment = self.cloud.environment()
        return [self.folder, *(Path(environment[name]) for name in ("BUILDX_CONFIG", "DOCKER_CONFIG", "PULUMI_HOME"))]

    def repository(self, name: str) -> str:
        """Make an empty repository, as somebody else would; returns its URL."""
        made = self.ecr.create_repository(repositoryName=f"{self.prefix}/{name}", imageTagMutability="IMMUTABLE")
        return made["repository"]["repositoryUri"]

    def tags(self, repository: str) -> dict[str, str]:
        """Tag → digest of a repository's images."""
        images = self.ecr.describe_images(repositoryName=f"{self.prefix}/{repository}")["imageDetails"]
        return {tag: image["imageDigest"] for image in images for tag in image.get("imageTags", [])}

    def layers(self, repository: str, digest: str) -> list[str]:
        """Digests of an image's layers, the lowest first."""
        return [layer["digest"] for layer in self.manifest(repository, digest)["layers"]]

    def manifest(self, repository: str, digest: str) -> dict[str, Any]:
        """A manifest or an index as it is stored."""
        name = f"{self.prefix}/{repository}"
        image = self.ecr.batch_get_image(repositoryName=name, imageIds=[{"imageDigest": digest}])["images"][0]
        return json.loads(image["imageManifest"])

    def blob(self, repository: str, digest: str) -> bytes:
        """A layer as it is stored."""
        asked = {"repositoryName": f"{self.prefix}/{repository}", "layerDigest": digest}
        with urllib.request.urlopen(self.ecr.get_download_url_for_layer(**asked)["downloadUrl"]) as answer:
            return answer.read()

    def delete_tag(self, repository: str, tag: str) -> None:
        answer = self.ecr.batch_delete_image(repositoryName=f"{self.prefix}/{repository}", imageIds=[{"imageTag": tag}])
        assert not answer["failures"], answer

    def put_tag(self, repository: str, tag: str, digest: str) -> None:
        name = f"{self.prefix}/{repository}"
        image = self.ecr.batch_get_image(repositoryName=name, imageIds=[{"imageDigest": digest}])["images"][0]
        self.ecr.put_image(
            repositoryName=name,
            imageTag=tag,
            imageManifest=image["imageManifest"],
            imageManifestMediaType=image["imageManifestMediaType"],
        )


@pytest.fixture(scope="session")
def keys() -> Iterator[dict[str, str]]:
    with key_service() as environment:
        yield environment


@pytest.fixture(scope="module")
def stacks(
    cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest, keys: dict[str, str]
) -> Iterator[Stacks]:
    """Makes stacks; at the end nothing that they started lives."""
    prefix = request.module.__name__.rpartition("test_")[2].replace("_", "-")
    is_plain = request.node.get_closest_marker("plain_python")
    python = {} if is_plain else request.getfixturevalue("warm_environment")
    made = Stacks(cloud, tmp_path_factory.mktemp(prefix), prefix, python, keys)
    yield made
    assert wait_until(lambda: not any(stack.processes() for stack in made.made)), [s.processes() for s in made.made]
