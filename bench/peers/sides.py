"""Which tools are compared, in the order of the tables, and which of them are here.

Decides the settings that the page names. A tool that cannot be had is kept with the reason, for the tables to tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.engine import BenchFailed
from bench.peers.bake import find_bake
from bench.peers.cdk.side import find_cdk
from bench.peers.engine_sides import find_docker_build, find_floor, find_ours
from bench.peers.peer import Found, Missing, Peer
from bench.peers.place import Place
from bench.peers.skaffold import find_skaffold

OURS = "ours"
PEERS: Sequence[Peer] = (
    Peer(OURS, "`FastContainerImage`, all by default, on the engine", find_ours, has_preview=True),
    Peer(
        "docker-build",
        "`docker_build.Image(push=True)` on the engine, one ignore file at the root",
        find_docker_build,
        has_preview=True,
        is_slow=True,
    ),
    Peer(
        "tuned",
        "docker-build with a `<Dockerfile>.dockerignore` for each image, kept by hand, for only what it copies",
        find_docker_build,
        has_preview=True,
        is_tuned=True,
    ),
    Peer("bake", "`docker buildx bake --push`, one call for all images; no engine, no state", find_bake),
    Peer(
        "skaffold",
        "`skaffold build`, `inputDigest` tags, all images at once; buildx as custom builder, since there is no Docker "
        "daemon, and its own reading of the Dockerfile for what the image is made of; no engine",
        find_skaffold,
        asks_parent=True,
    ),
    Peer(
        "cdk",
        "`DockerImageAsset` for each image: synthesis (preview), then `cdk-assets publish` (up), with one "
        "`buildx build --push` for its build, tag and push; no CloudFormation",
        find_cdk,
        has_preview=True,
        is_slow=True,
    ),
    Peer(
        "floor",
        "the engine alone: the resources of ours, which do nothing",
        find_floor,
        has_preview=True,
        is_floor=True,
    ),
)


@dataclass(frozen=True)
class Sides:
    """The sides of one run.

    Attributes:
        found: Side to its tool.
        missing: Side to why it is not measured.
    """

    found: Mapping[str, Found]
    missing: Mapping[str, str]

    def peers(self) -> list[Peer]:
        """The sides that are here, in the order of the tables."""
        return [peer for peer in PEERS if peer.name in self.found]


def look(place: Place, names: Sequence[str] | None, peers: Sequence[Peer] = PEERS) -> Sides:
    """Find the tools.

    Args:
        place: Where they are to work.
        names: The sides that the caller asked for; None for all that are here.
        peers: Those that there are.

    Raises:
        BenchFailed: There is no side of one of the names.
    """
    known = [peer.name for peer in peers]
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise BenchFailed(f"there is no side {', '.join(unknown)}; there are: {', '.join(known)}")
    found: dict[str, Found] = {}
    missing: dict[str, str] = {}
    for peer in peers:
        if names is not None and peer.name not in names:
            missing[peer.name] = "left out by `--sides`"
            continue
        try:
            found[peer.name] = peer.find(place, names is not None)
        except Missing as reason:
            missing[peer.name] = str(reason)
    return Sides(found, missing)
