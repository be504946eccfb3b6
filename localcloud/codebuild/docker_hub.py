"""Docker Hub's limit on pulls without a login, as builds on AWS meet it: their addresses are shared with everybody.

Decides which images a ``docker buildx build`` would pull from Docker Hub without a login (what its ``FROM`` lines and
its pins name), that a builder with a mirror for ``docker.io`` pulls none, and the words of the refusal. All builds of a
cloud share one BuildKit, which does not say for whom it pulls: so the counting is done where a build starts. Off
unless a test sets ``hub_pulls``. Standard library only: it is loaded by the image's ``docker`` command.
"""

from __future__ import annotations

import fcntl
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

_FROM = re.compile(r"^[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*(\S+)(?:[ \t]+AS[ \t]+(\S+))?", re.IGNORECASE | re.MULTILINE)
_PIN = "docker-image://"
_REFUSED = """\
{image}: failed to resolve source metadata for {image}: failed to copy: httpReadSeeker: \
failed open: unexpected status code https://registry-1.docker.io/v2/: 429 Too Many Requests - Server message: \
toomanyrequests: You have reached your unauthenticated pull rate limit. \
https://www.docker.com/increase-rate-limit"""


class DockerHub:
    """The limit of one cloud, in a folder that its builds share.

    Args:
        folder: Where the limit and the count are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._limit, self._pulls = folder / "limit", folder / "pulls"

    def allow(self, pulls: int | None) -> None:
        """Limit how many images all builds together may pull without a login; None removes the limit, and the count."""
        if pulls is None:
            self._limit.unlink(missing_ok=True)
            self._pulls.unlink(missing_ok=True)
            return
        self._limit.parent.mkdir(parents=True, exist_ok=True)
        self._limit.write_text(str(pulls))

    def refusal(self, images: Sequence[str]) -> str:
        """Count pulls; what BuildKit says of the first that is over the limit, or ""."""
        if not self._limit.exists() or not images:
            return ""
        with self._pulls.open("a+") as counted:
            fcntl.flock(counted, fcntl.LOCK_EX)
            counted.seek(0)
            left = int(self._limit.read_text()) - len(counted.readlines())
            counted.writelines(f"{image}\n" for image in images[: max(left, 0)])
        return _REFUSED.format(image=images[max(left, 0)]) if left < len(images) else ""


def told(refusal: str, arguments: Sequence[str]) -> str:
    """A refusal as ``docker buildx build`` tells it, with ``--progress=rawjson`` as the step that it ended."""
    closing = f"ERROR: failed to solve: {refusal}"
    if "--progress=rawjson" not in arguments:
        return closing
    when = datetime.now(UTC).isoformat()
    step = {"digest": f"sha256:{'0' * 64}", "name": f"[internal] load metadata for {refusal.partition(': ')[0]}"}
    return json.dumps({"vertexes": [{**step, "started": when, "completed": when, "error": refusal}]}) + f"\n{closing}"


def pulled_images(arguments: Sequence[str], docker_config: Mapping[str, object]) -> list[str]:
    """The images of Docker Hub that a build pulls without a login."""
    auths = docker_config.get("auths")
    if isinstance(auths, dict) and any("docker.io" in str(host) for host in auths):
        return []
    pins = [value.partition("=") for value in _values(arguments, "--build-context")]
    pinned = {name: place.removeprefix(_PIN) for name, _, place in pins if place.startswith(_PIN)}
    text = "\n".join(Path(file).read_text(errors="replace") for file in _values(arguments, "--file", "-f"))
    found, stages = list(pinned.values()), {"scratch"}
    for image, stage in _FROM.findall(text):
        if image not in stages and image not in pinned:
            found.append(image)
        stages |= {stage} if stage else set[str]()
    return [image for image in dict.fromkeys(found) if "$" not in image and _is_docker_hub(image)]


def mirrors_docker_hub(buildkitd_config: str) -> bool:
    """Whether BuildKit's configuration names a mirror for ``docker.io``."""
    registries = tomllib.loads(buildkitd_config).get("registry", {})
    return bool(registries.get("docker.io", {}).get("mirrors"))


def _is_docker_hub(image: str) -> bool:
    host, slash, _ = image.partition("/")
    return not slash or host == "docker.io" or not (":" in host or "." in host or host == "localhost")


def _values(arguments: Sequence[str], *names: str) -> list[str]:
    found = [word.partition("=")[2] for word in arguments if word.partition("=")[0] in names and "=" in word]
    return found + [value for name, value in pairwise(arguments) if name in names]
