"""Many Dockerfiles built by one client of a real BuildKit, on one stand-in for all images that they start from."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from localcloud import LocalCloud

NAMES = (
    *("alpine:3", "busybox", "debian", "debian:13", "debian:latest", "gcr.io/distroless/python3:nonroot", "node:22"),
    *("nvidia/cuda:13.0-runtime", "own:1", "public.ecr.aws/lambda/python:3.12", "python:3.12", "python:3.12-slim"),
)
"""What the Dockerfiles start from: each is the stand-in."""

_TOOLS = ("apk", "apt-get", "curl", "make", "npm", "strip", "uv")
_BASE = """\
FROM docker.io/library/python:3.12-slim
COPY --chmod=755 tool /usr/local/bin/the-tool
RUN for name in {tools}; do ln -sf the-tool /usr/local/bin/$name; done; \\
  ln -sf "$(command -v python3)" /usr/local/bin/python; \\
  mkdir -p /a /app /x/site-packages /opt/own /venv /build /w /root/.local; touch /a/marker /w/x.whl
"""


@dataclass
class Baked:
    """The targets of one bake.

    Attributes:
        folder: Where they are written.
        tools: Programs that do nothing and succeed.
        files: Files of the stand-in: path → content.
    """

    folder: Path
    tools: tuple[str, ...] = (*_TOOLS, "pip")
    files: Mapping[str, str | bytes] = field(default_factory=dict[str, "str | bytes"])
    targets: dict[str, dict[str, object]] = field(default_factory=dict[str, dict[str, object]])

    def add(self, name: str, dockerfile: str, files: Mapping[str, str | int], target: str = "") -> None:
        """Add a Dockerfile with the files beside it; a number is a size."""
        context = self.folder / name
        for path, content in files.items():
            place = context / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(content if isinstance(content, str) else "x" * content)
        context.mkdir(parents=True, exist_ok=True)
        self.targets[name] = {
            "context": str(context),
            "dockerfile": self._dockerfile(name, dockerfile),
            "contexts": {image: "target:base" for image in NAMES},
            "output": ["type=cacheonly"],
            **({"target": target} if target else {}),
        }

    def build(self, cloud: LocalCloud) -> str:
        """Build all; the error of the first that fails, ``""`` if none does."""
        base = self.folder / "base-context"
        base.mkdir()
        (base / "tool").write_text("#!/bin/sh\nexit 0\n")
        copies = ""
        for number, (path, content) in enumerate(self.files.items()):
            (base / f"file{number}").write_bytes(content if isinstance(content, bytes) else content.encode())
            copies += f"COPY --chmod=755 file{number} {path}\n"
        text = _BASE.format(tools=" ".join(self.tools)) + copies
        dockerfile = self._dockerfile("base", text)
        base_target = {"context": str(base), "dockerfile": dockerfile, "output": ["type=cacheonly"]}
        plan = {
            "group": {"default": {"targets": sorted(self.targets)}},
            "target": {"base": base_target, **self.targets},
        }
        file = self.folder / "bake.json"
        file.write_text(json.dumps(plan))
        command = ["buildx", "bake", "--file", str(file), "--progress", "plain", "--allow", f"fs.read={self.folder}"]
        done = subprocess.run(
            command, env=cloud.environment(), capture_output=True, text=True, check=False, timeout=300
        )
        return "" if done.returncode == 0 else "\n".join(done.stderr.splitlines()[-25:])

    def _dockerfile(self, name: str, text: str) -> str:
        """A file of its own: a string in bake's own file would have its variables expanded."""
        place = self.folder / f"{name}.Dockerfile"
        place.write_text(text)
        return str(place)
