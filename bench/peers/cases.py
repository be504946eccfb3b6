"""Edits that are hard to notice, and edits that call for nothing: each with what the deployed image must hold.

Decides the cases. Two are not about what is hashed: a fresh clone, and images that were deleted in the registry. How a
tree is made and edited is decided in ``scene``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.peers.deployed import ABSENT, Files
from bench.peers.scene import (
    HEAD,
    LONGER,
    NEW,
    OLD,
    WITH_NAMED,
    Scene,
    delete_images,
    edit,
    edit_unseen,
    make_links,
    make_two_one,
    push_parent,
    put,
    started,
    with_lint_stage,
)


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        name: As the table has it.
        make: Makes the tree.
        edit: Edits it, after the first ``up``.
        seen: What is looked at in the deployed image.
        before: What that must be first.
        after: What it must be after the edit and the second ``up``.
        must_build: Whether the edit calls for a build.
        is_named: Whether there is a named context.
        is_fresh_clone: Whether the second ``up`` runs in a fresh clone.
    """

    name: str
    make: Callable[[Scene], object]
    edit: Callable[[Scene], object]
    seen: Callable[[Files], object]
    before: object
    after: object
    must_build: bool = True
    is_named: bool = False
    is_fresh_clone: bool = False


def content(path: str) -> Callable[[Files], object]:
    """The content of a file, or where a link leads."""
    return lambda files: files.get(path, ABSENT).content


def kind(path: str) -> Callable[[Files], object]:
    """Type and mode."""
    return lambda files: files.get(path, ABSENT).kind


_HANDLER = content("handler.py")
CASES: Sequence[Case] = (
    Case("a plain edit", Scene.start, edit, _HANDLER, OLD, LONGER),
    Case("an edit that keeps size and date", Scene.start, edit_unseen, _HANDLER, OLD, NEW),
    Case(
        "an edit, and a dangling link outside every COPY",
        started(lambda scene: scene.link("notes/gone", "nowhere")),
        edit,
        _HANDLER,
        OLD,
        LONGER,
    ),
    Case(
        "an edit, and a dangling link among what is copied",
        started(lambda scene: scene.link("app/gone", "nowhere")),
        edit,
        _HANDLER,
        OLD,
        LONGER,
    ),
    Case(
        "an edit, and a dangling link at the root (`result` of nix)",
        started(lambda scene: scene.link("Result", "/nix/store/gone")),
        edit,
        _HANDLER,
        OLD,
        LONGER,
    ),
    Case(
        "an edit, and an editor's lock beside the file (a dangling link)",
        started(lambda scene: scene.link("app/.#handler.py", "ada@host.4242")),
        edit,
        _HANDLER,
        OLD,
        LONGER,
    ),
    Case(
        "an edit in a named context",
        started(lambda scene: put(scene.extra / "data.txt", "one\n"), dockerfile=WITH_NAMED),
        lambda scene: put(scene.extra / "data.txt", "two, longer\n"),
        content("extra/data.txt"),
        "one\n",
        "two, longer\n",
        is_named=True,
    ),
    Case(
        "the same, of a file that only the main ignore file names",
        started(lambda scene: put(scene.extra / "data.log", "one\n"), dockerfile=WITH_NAMED),
        lambda scene: put(scene.extra / "data.log", "two, longer\n"),
        content("extra/data.log"),
        "one\n",
        "two, longer\n",
        is_named=True,
    ),
    Case(
        "a file becomes executable",
        Scene.start,
        lambda scene: (scene.root / "app/handler.py").chmod(0o755),
        kind("handler.py"),
        "file 644",
        "file 755",
    ),
    Case(
        "a file becomes private (mode 600)",
        Scene.start,
        lambda scene: (scene.root / "app/handler.py").chmod(0o600),
        kind("handler.py"),
        "file 644",
        "file 600",
    ),
    Case(
        "an empty directory comes",
        Scene.start,
        lambda scene: (scene.root / "app/spool").mkdir(),
        kind("spool"),
        "absent",
        "dir",
    ),
    Case(
        "an empty directory goes",
        started(lambda scene: (scene.root / "app/spool").mkdir()),
        lambda scene: (scene.root / "app/spool").rmdir(),
        kind("spool"),
        "dir",
        "absent",
    ),
    Case(
        "a link to a directory leads elsewhere",
        make_links,
        lambda scene: scene.link("app/current", "v2"),
        content("current"),
        "v1",
        "v2",
    ),
    Case(
        "a link to a file leads to another of the same content",
        make_links,
        lambda scene: scene.link("app/file", "two.txt"),
        content("file"),
        "one.txt",
        "two.txt",
    ),
    Case(
        "line endings are mended",
        started(lambda scene: scene.put("app/run.sh", "#!/bin/sh\r\necho hi\r\n")),
        lambda scene: scene.put("app/run.sh", "#!/bin/sh\necho hi\n"),
        content("run.sh"),
        "#!/bin/sh\r\necho hi\r\n",
        "#!/bin/sh\necho hi\n",
    ),
    Case(
        "the ignore file lets a file through",
        started(lambda scene: scene.put("app/x.log", "log\n")),
        lambda scene: scene.put(".dockerignore", ".git\n"),
        kind("x.log"),
        "absent",
        "file 644",
    ),
    Case(
        "two files become one whose content spells both (contrived)",
        started(lambda scene: (scene.put("app/a", "1"), scene.put("app/b", "2"))),
        make_two_one,
        lambda files: (kind("a")(files), content("b")(files)),
        ("file 644", "2"),
        ("absent", "1app/a-rw-r--r--2"),
    ),
    Case(
        "the tag of the external image moves",
        lambda scene: push_parent(scene, "1"),
        lambda scene: push_parent(scene, "2"),
        content("parent.txt"),
        "1\n",
        "2\n",
    ),
    Case(
        "the images are deleted in the registry, then `up`",
        Scene.start,
        delete_images,
        _HANDLER,
        OLD,
        OLD,
    ),
    Case(
        "nothing, in a fresh clone",
        Scene.start,
        lambda _scene: None,
        _HANDLER,
        OLD,
        OLD,
        must_build=False,
        is_fresh_clone=True,
    ),
    Case(
        "nothing, in a fresh clone under umask 002",
        Scene.start,
        lambda scene: (scene.root / "app/handler.py").chmod(0o664),
        _HANDLER,
        OLD,
        OLD,
        must_build=False,
        is_fresh_clone=True,
    ),
    Case(
        "a file's date changes",
        Scene.start,
        lambda scene: os.utime(scene.root / "app/handler.py"),
        _HANDLER,
        OLD,
        OLD,
        must_build=False,
    ),
    Case(
        "an edit of a stage that is not needed",
        lambda scene: scene.start(with_lint_stage("one")),
        lambda scene: scene.dockerfile(with_lint_stage("two")),
        _HANDLER,
        OLD,
        OLD,
        must_build=False,
    ),
    Case(
        "a comment in the Dockerfile",
        Scene.start,
        lambda scene: scene.dockerfile("# a comment\n" + HEAD),
        _HANDLER,
        OLD,
        OLD,
        must_build=False,
    ),
    Case(
        "an edit outside every COPY",
        started(lambda scene: scene.put("docs/a.md", "a\n")),
        lambda scene: scene.put("docs/a.md", "longer\n"),
        _HANDLER,
        OLD,
        OLD,
        must_build=False,
    ),
)
QUICK = (1, 5, 18, 19)
"""Cases of a quick run, as indexes."""
