"""``docker buildx bake --push``: all images in one call, without an engine.

Decides how a job is written as a bake file. BuildKit is asked for every image each time.
"""

from __future__ import annotations

import json

from bench.peers.job import PLATFORM, Job
from bench.peers.peer import Found
from bench.peers.place import Place, run


class Bake:
    """One bake file with a target for each image."""

    def __init__(self, place: Place, job: Job) -> None:
        self.repositories = [job.repository]
        self._place = place
        self._job = job
        self._url = place.repository(job.repository, is_mutable=True)
        self._told = job.home / "built.json"

    def preview(self) -> None:
        raise NotImplementedError

    def up(self) -> None:
        file = self._job.home / "bake.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(self._file()))
        # It asks before it reads folders that are not below the working directory.
        words = ["buildx", "bake", "--allow=fs.read=*", "-f", str(file), "--push", "--progress=plain"]
        run([*words, "--metadata-file", str(self._told)], file.parent, self._place.logged_in)

    def uri(self, image: str) -> str:
        return f"{self._url}@{json.loads(self._told.read_text())[image]['containerimage.digest']}"

    def _file(self) -> dict[str, object]:
        targets = {
            name: {
                "context": str(self._job.root),
                "contexts": {context: str(folder) for context, folder in self._job.named.items()},
                "dockerfile": dockerfile,
                "args": self._job.build_args,
                "tags": [f"{self._url}:{name}"],
                "platforms": [PLATFORM],
            }
            for name, dockerfile in self._job.dockerfiles.items()
        }
        return {"group": {"default": {"targets": list(targets)}}, "target": targets}


def find_bake(place: Place, _asked: bool) -> Found:
    """The pinned buildx, which is always there."""
    said = run(["buildx", "version"], place.folder, place.cloud.environment()).split()
    return Found(f"buildx {said[1]}", Bake)
