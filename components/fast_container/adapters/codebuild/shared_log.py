"""The log and the phases of a build of several images, told to each image's ``Follow``.

Decides which line is about which image: the build says so of its own lines, and a plain line belongs to the image that
was last spoken of. Lines about a build as a whole are told to all. Leaves their meaning to ``follow``.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from fast_container.adapters.codebuild.api import Build
from fast_container.adapters.codebuild.follow import Follow
from fast_container.core.remote import log_lines

_ENDS = (log_lines.BUILT, log_lines.FAILED, log_lines.CHUNKS_UNUSABLE)


class SharedLog:
    """Satisfies ``watch.Follower`` for all images of one build that this program waits for."""

    def __init__(self) -> None:
        self._follows: dict[str, Follow] = {}
        self._ends: dict[str, tuple[str, Any]] = {}
        self._spoken_of = ""
        self._build: Build = {}

    @contextmanager
    def told_to(self, image: str, follow: Follow) -> Generator[None]:
        """Tell an image's news to its follow while the block runs, and at once how it has ended, if it has.

        Args:
            image: From ``log_lines.image_name``.
            follow: The only one of the image: a program waits for an image once.
        """
        self._follows[image] = follow
        if self._build:
            follow.on_build(self._build)
        if image in self._ends:
            follow.on_marked(*self._ends[image])
        try:
            yield
        finally:
            del self._follows[image]

    @property
    def is_followed(self) -> bool:
        """Whether an image of the build is still waited for."""
        return bool(self._follows)

    def on_build(self, build: Build) -> None:
        """Tell all."""
        self._build = build
        for follow in self._follows.values():
            follow.on_build(build)

    def on_trouble(self, what: str) -> None:
        """Tell all."""
        for follow in self._follows.values():
            follow.on_trouble(what)

    def on_line(self, line: str) -> None:
        """Tell it to the image that it is about."""
        marked = log_lines.read_line(line)
        if marked is None:
            if self._spoken_of in self._follows:
                self._follows[self._spoken_of].on_plain(line)
            return
        kind, content = marked
        if kind != log_lines.OF:
            for follow in self._follows.values():
                follow.on_marked(kind, content)
            return
        image, kind, content = log_lines.image_line(content)
        self._spoken_of = image
        if kind in _ENDS:
            self._ends[image] = kind, content
        if image in self._follows:
            self._follows[image].on_marked(kind, content)

    def expects_lines(self, build: Build) -> bool:
        """Whether one of the images has not ended by its lines."""
        return any(follow.expects_lines(build) for follow in self._follows.values())

    @property
    def ends_soon(self) -> bool:
        """Whether all images have ended by their lines."""
        return all(follow.ends_soon for follow in self._follows.values())
