"""Builds one side of a pair with a real BuildKit, as a person would, and asks ``fast-container`` about it.

Decides what cold, warm and an edit mean: a BuildKit that has nothing at all, the same once more, and one line more in a
source file. Each build pushes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.cases.pairs import LEFTOVERS
from bench.engine import BenchFailed
from bench.workplace import Workplace


class CaseBuilder:
    """Builds in copies of the cases' folders; pushes to the cloud's registry of base images, which wants no login."""

    def __init__(self, workplace: Workplace) -> None:
        cloud = workplace.cloud
        cloud.serve_base_image("builder")
        self._folder = workplace.folder / "cases"
        self._host = cloud.mirror_host
        cache = {"FAST_CONTAINER_CACHE": str(self._folder / "cache")}
        self._environment = {**cloud.environment(), **cache}

    def context(self, case: Path, side: str) -> Path:
        """Copy a case's folder, with what lies in a checkout beside it."""
        place = self._folder / f"{case.name}-{side}"
        if not place.exists():
            shutil.copytree(case, place)
            for name, size in LEFTOVERS.items():
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                (place / name).write_bytes(os.urandom(size))
        return place

    def forget(self) -> None:
        """Empty BuildKit: no step, no image, no cache of a package manager."""
        self._buildx("prune", "--all", "--force")

    def build(self, name: str, context: Path, dockerfile: str, args: Mapping[str, str] | None = None) -> float:
        """Build and push; return the seconds."""
        started = time.perf_counter()
        words = [word for key, value in (args or {}).items() for word in ("--build-arg", f"{key}={value}")]
        words += ["--push", "--provenance=false", "--progress=quiet", "--file", str(context / dockerfile)]
        self._buildx("build", *words, "--tag", self.reference(name), str(context))
        return time.perf_counter() - started

    def reference(self, name: str) -> str:
        """The reference of an image."""
        return f"{self._host}/cases/{name}:v1"

    def lint(self, context: Path, dockerfiles: Sequence[str], runs_on: str, *more: str) -> list[dict[str, Any]]:
        """The findings about Dockerfiles."""
        given = [word for one in dockerfiles for word in ("--dockerfile", str(context / one))]
        return self._ask("lint", "--no-hadolint", "--context", str(context), "--runs-on", runs_on, *given, *more)[
            "findings"
        ]

    def check(self, name: str, runs_on: str, max_size: str) -> dict[str, Any]:
        """Ask ``check-image`` about an image."""
        return self._ask("check-image", self.reference(name), "--runs-on", runs_on, "--max-size", max_size)

    def layers(self, name: str) -> dict[str, Any]:
        """Ask ``image`` about an image."""
        return self._ask("image", self.reference(name))

    def starts(self, names: Sequence[str], runs: int, *more: str) -> list[dict[str, Any]]:
        """Ask ``coldstart`` about one image, or about two in turns."""
        against = ["--against", self.reference(names[0])] if len(names) > 1 else []
        words = [self.reference(names[-1]), *against, "--runs", str(runs), "--timeout", "120", *more]
        return self._ask("coldstart", *words)["images"]

    def _ask(self, verb: str, *words: str) -> dict[str, Any]:
        form = ["--format", "json", "--fail-on", "never"] if verb == "lint" else ["--json"]
        program = [sys.executable, "-m", "fast_container.cli", verb, *words, *form]
        path = {"PYTHONPATH": str(Path(__file__).parents[2] / "components")}
        done = subprocess.run(program, env=self._environment | path, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1):
            raise BenchFailed(f"{verb} {' '.join(words)} failed:\n{done.stderr}")
        return json.loads(done.stdout)

    def _buildx(self, *words: str) -> None:
        buildx = shutil.which("buildx", path=self._environment["PATH"]) or "buildx"
        done = subprocess.run([buildx, *words], env=self._environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchFailed(f"buildx {' '.join(words)} failed:\n{done.stderr[-3000:]}")
