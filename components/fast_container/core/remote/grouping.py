"""Which images that wait at the same time share one remote build (``images_per_build``).

Decides a rule that is right whatever a machine's start and an image take, since it only moves images that could not
begin anyway: while there is a place for each image, each has a build of its own; if more images wait than places are
free, they are shared out evenly over the free places. Leaves gathering to the executor, and building one image after
the other to ``remote``.

With ``n`` images, ``p`` places, ``f`` seconds until a machine builds and ``c`` for an image: alone they take
``ceil(n / p) * (f + c)``, shared out ``f + ceil(n / p) * c``. So sharing saves ``(ceil(n / p) - 1) * f`` at most, and
nothing where there is no limit.

An image with secrets never shares: what the environment of a build holds, every process of that machine could read.
Neither does one on the host's network, which is the machine's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol, TypeVar

from fast_container.core.ports import BuildJob

MOST_BY_ITSELF: Final = 8
"""Images of one build at most for ``"auto"``: one machine that dies, or one image that takes long, delays so many."""

LONGEST_S: Final = 2160 * 60
"""The longest time limit of a build on CodeBuild; that of a shared one is the sum of its images'."""

# All variables of a build may have 5,500 characters; the rest is for logins.
_MOST_NAME_CHARACTERS: Final = 4000


class Waiting(Protocol):
    """An image that waits for a place."""

    @property
    def job(self) -> BuildJob:
        """The image."""
        ...

    @property
    def alone(self) -> bool:
        """Whether it gets a build of its own in any case: it was on a machine that died."""
        ...


_WaitingT = TypeVar("_WaitingT", bound=Waiting)


def may_share(job: BuildJob) -> bool:
    """Whether an image may be built on a machine that builds others."""
    return not (job.secrets or job.secret_references or job.recipe.network == "host")


def next_group(waiting: Sequence[_WaitingT], free: int, most: int) -> tuple[_WaitingT, ...]:
    """Return the images of the next build, of those that wait, in their order; at least the first.

    Args:
        waiting: In the order in which they are to begin; not empty.
        free: How many builds may begin now, at least one.
        most: Images of one build at most; 1 never shares.
    """
    first = waiting[0]
    if _is_alone(first):
        return (first,)
    sharing = [one for one in waiting if not _is_alone(one)]
    # Those that cannot share need a place each.
    places = max(1, free - (len(waiting) - len(sharing)))
    return _that_fit(sharing[: min(most, -(-len(sharing) // places))])


def _is_alone(one: Waiting) -> bool:
    return one.alone or not may_share(one.job)


def _that_fit(group: Sequence[_WaitingT]) -> tuple[_WaitingT, ...]:
    """Return the first of these images that fit into one build by time limit and names; at least one."""
    count, seconds, characters = 0, 0.0, 0
    for one in group:
        seconds += one.job.timeout_s
        characters += len(one.job.key.hex) + len(one.job.repository_url) + 2
        if count and (seconds > LONGEST_S or characters > _MOST_NAME_CHARACTERS):
            break
        count += 1
    return tuple(group[:count])
