"""Tools that go by dates, over a cache mount and over an earlier layer's output: an edit is what ships.

GNU make is the real one, taken from this machine; ``compare`` decides as ninja does (an output is fresh unless it is
older than its input), ``stamp`` as cargo does (fresh unless the input is newer than the stamp of the last build).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import uuid
from pathlib import Path

import pytest

from fast_container.core.key import entries_digest
from tests.adapters.buildkit_images import Local, select

pytestmark = pytest.mark.buildkit

MAKEFILE = """\
out/made: main.c
\tcp main.c out/made; touch out/made
generated.c: grammar.y
\tfalse # the generator is not in the image
all: out/made generated.c
"""
TOOLS = """\
#!/bin/sh -e
if [ ! -e out/compared ] || [ main.c -nt out/compared ]; then cat main.c > out/compared; touch out/compared; fi
if [ ! -e out/stamp ] || [ main.c -nt out/stamp ]; then cat main.c > out/stamped; touch out/stamp; fi
"""
MAKE = "/root/$(cat /root/loader) --library-path /root/libs /root/make -s all"
CACHED = f"""\
FROM busybox
COPY root/ /root/
WORKDIR /src
COPY . .
RUN --mount=type=cache,id=ID,target=/src/out {MAKE} && sh tools && cat out/made out/compared out/stamped > /shipped
"""
LAYERED = f"""\
FROM busybox
COPY root/ /root/
WORKDIR /src
COPY Makefile tools grammar.y generated.c ./
RUN mkdir out && echo 'placeholder' > main.c && {MAKE} && sh tools
COPY main.c ./
RUN {MAKE} && sh tools && cat out/made out/compared out/stamped > /shipped
"""


@pytest.fixture(scope="module")
def make_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This machine's make with what it needs, for an image that has nothing."""
    folder, found = tmp_path_factory.mktemp("make"), shutil.which("make")
    assert found, "the tests themselves are started with make"
    (folder / "libs").mkdir()
    shutil.copy(found, folder / "make")
    listed = subprocess.run(["ldd", found], capture_output=True, text=True, check=True).stdout
    for library in {word for word in listed.split() if word.startswith("/")}:
        shutil.copy(os.path.realpath(library), folder / "libs" / Path(library).name)
        if "/ld-" in library:
            (folder / "loader").write_text(f"libs/{Path(library).name}")
    return folder


@pytest.fixture
def project(tree: Path, make_program: Path) -> Path:
    shutil.copytree(make_program, tree / "root")
    (tree / "Makefile").write_text(MAKEFILE)
    (tree / "tools").write_text(TOOLS)
    # As a checkout leaves them: in any order.
    for name, date in (("generated.c", 1_000_000_000), ("grammar.y", 1_000_000_000)):
        (tree / name).write_text(name)
        os.utime(tree / name, (date, date))
    return tree


def edit(project: Path, text: str) -> None:
    """Write ``main.c`` with a date of long ago, as unpacking an archive or ``rsync -a`` does."""
    time.sleep(1 - time.time() % 1)  # busybox compares whole seconds, and builds here are quicker than edits.
    (project / "main.c").write_text(text + "\n")
    os.utime(project / "main.c", (1_000_000_000, 1_000_000_000))


def shipped(local: Local, digest: str) -> set[str]:
    return set(local.content(digest, "shipped").decode().splitlines())


def test_an_edit_ships_over_a_cache_mount_also_when_it_goes_back_and_is_of_old_date(
    local: Local, project: Path
) -> None:
    dockerfile = CACHED.replace("ID", uuid.uuid4().hex)
    held: list[set[str]] = []
    for number, text in enumerate(("one", "two", "one")):
        edit(project, text)
        (project / "other.c").write_text(str(number))
        held.append(shipped(local, local.build(local.job(dockerfile, project)).digest))
    assert held == [{"one"}, {"two"}, {"one"}]
    # Another checkout of the same BuildKit, whose files are older than all of these outputs.
    other = project.parent / "elsewhere"
    shutil.copytree(project, other)
    edit(other, "two")
    assert shipped(local, local.build(local.job(dockerfile, other)).digest) == {"two"}
    # Plain buildx believes the dates of the working tree.
    (project / "Dockerfile").write_text(CACHED.replace("ID", uuid.uuid4().hex))
    plain: list[set[str]] = []
    for text in ("plain 1", "plain 2"):
        edit(project, text)
        plain.append(shipped(local, local.plain_buildx(project)))
    assert plain[-1] == {"plain 1"}


def test_an_edit_ships_over_the_layer_that_built_a_placeholder(local: Local, project: Path) -> None:
    unique = uuid.uuid4().hex  # no layer of another test
    dockerfile = LAYERED.replace("placeholder", unique)
    held: list[set[str]] = []
    for number, text in enumerate(("one", "two")):
        edit(project, f"{text} {project}")
        built = local.build(local.job(dockerfile, project))
        held.append(shipped(local, built.digest))
        # Dates alone build nothing: the placeholder's layers come from the cache.
        assert number == 0 or built.steps_cached == built.steps - 2
    assert held[1] == {f"two {project}"}
    # In one and the same build the placeholder's output is newer than what was sent: with plain buildx, too.
    (project / "Dockerfile").write_text(LAYERED.replace("placeholder", f"plain {unique}"))
    assert shipped(local, local.plain_buildx(project)) == {f"plain {unique}"}
    assert held[0] == {unique}


def test_equal_contents_of_other_dates_are_sent_and_nothing_is_built(local: Local, tree: Path) -> None:
    (tree / "f").write_text(str(tree))
    job = local.job("FROM busybox\nCOPY . /app/\nRUN date +%N > /built\n", tree)
    first, second = local.build(job), local.build(job)
    assert (second.digest, second.steps_cached) == (first.digest, second.steps)


def test_two_contents_never_meet_in_one_sync(local: Local, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Even with a clock that stands still: the name of the staged directory is the sync's key.
    utime = os.utime

    def stopped(path: str, times: object = None, *, ns: object = None, follow_symlinks: bool = True) -> None:
        del times, ns
        utime(path, ns=(10**18, 10**18), follow_symlinks=follow_symlinks)

    monkeypatch.setattr(os, "utime", stopped)
    monkeypatch.setattr(os, "supports_follow_symlinks", {stopped})
    held: list[bytes] = []
    for text in ("AAAA", "BBBB"):
        (tree / "f").write_text(text)
        digest = local.build(local.job("FROM scratch\nCOPY . /app/\n", tree)).digest
        held.append(local.content(digest, "app/f"))
    assert held == [b"AAAA", b"BBBB"]
    assert entries_digest(select(tree).entries) != entries_digest(())
