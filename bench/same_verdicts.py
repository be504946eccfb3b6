"""Issue: our numbers and verdicts beside those of dive and container-structure-test, on images made for that.

Decides the images: files that later layers replace, delete and bring back; paths of every kind that a structure test
may name.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.made_image import File, LayerMaker, MadeImage
from bench.other_checkers import NotHadError, dive, run, structure_test
from bench.table import Table, Target

_OURS = str(Path(sys.executable).with_name("fast-container"))
_IMAGES = 8
_TESTS = """\
schemaVersion: 2.0.0
fileExistenceTests:
- {name: there, path: /etc/release, permissions: -rw-r--r--}
- {name: deleted, path: /etc/deleted}
- {name: deleted and not wanted, path: /etc/deleted, shouldExist: false}
- {name: other permissions, path: /etc/release, permissions: -rwxr-xr-x}
- {name: executable, path: /usr/bin/app, isExecutableBy: other}
- {name: not executable, path: /etc/release, isExecutableBy: any}
- {name: by a variable, path: $HOME/data}
fileContentTests:
- {name: content, path: /etc/release, expectedContents: ['^ID=\\w+', '"\\d+"'], excludedContents: [ubuntu]}
- {name: other content, path: /etc/release, expectedContents: ['^VERSION']}
- {name: replaced, path: /etc/replaced, expectedContents: [new], excludedContents: [old]}
- {name: excluded, path: /etc/release, excludedContents: [debian]}
metadataTest: {user: app, workdir: /srv, entrypoint: [/usr/bin/app], exposedPorts: ["8080"]}
"""
_CONFIG = {
    "User": "app",
    "WorkingDir": "/srv",
    "Entrypoint": ["/usr/bin/app"],
    "Env": ["HOME=/home"],
    "ExposedPorts": {"8080/tcp": {}},
}


def same_efficiency(folder: Path) -> Table:
    """Dive's efficiency and ours, of images with waste."""
    rows: list[list[str]] = []
    equal = 0
    try:
        for at in range(_IMAGES):
            image = _wasteful(folder / f"wasteful-{at}", at)
            theirs = round(dive(image.archive, folder / "dive.json")[1]["image"]["efficiencyScore"], 4)
            ours = round(_efficiency(image, folder), 4)
            equal += ours == theirs
            rows.append([f"image {at + 1}, {image.files} files", f"{ours:.4f}", f"{theirs:.4f}"])
    except NotHadError as error:
        rows.append([f"dive: {error}", "-", "-"])
    targets = [Target("equal to 4 digits, of all", equal / _IMAGES, "least", 1)] if len(rows) == _IMAGES else []
    compares = ["`fast-container image --json` and dive 0.13.1 on the same image"]
    return Table("efficiency, beside dive's", compares, ["image", "ours", "dive"], rows, targets)


def same_verdicts(folder: Path) -> Table:
    """Verdicts on one file of structure tests."""
    tests = folder / "verdicts.yaml"
    tests.write_text(_TESTS)
    image = _structured(folder / "structured")
    command = [_OURS, "check-image", f"oci-layout://{image.layout}", "--structure", str(tests), "--json"]
    said = json.loads(run(command, FAST_CONTAINER_CACHE=str(folder / "cache")).out)
    failed = {one["what"].split("'")[1] for one in said["findings"] if one["file"]}
    rows: list[list[str]] = []
    try:
        _, theirs = structure_test(image.archive, tests)
        verdicts = {name: ("fails" if name in failed else "passes", _word(passes)) for name, passes in theirs.items()}
        rows = [[name, *both] for name, both in sorted(verdicts.items())]
    except NotHadError as error:
        rows = [[f"container-structure-test: {error}", "-", "-"]]
    same = sum(row[1] == row[2] for row in rows) / len(rows)
    targets = [Target("the same verdict, of all", same, "least", 1)] if len(rows) > 1 else []
    compares = ["`check-image --structure` and container-structure-test 1.19.1 on the same image and file"]
    return Table("verdicts on structure tests", compares, ["test", "ours", "theirs"], rows, targets)


def _word(passes: bool) -> str:
    return "passes" if passes else "fails"


def _efficiency(image: MadeImage, folder: Path) -> float:
    command = [_OURS, "image", f"oci-layout://{image.layout}", "--json"]
    document = json.loads(run(command, FAST_CONTAINER_CACHE=str(folder / "cache")).out)
    found: float = document["efficiency"]
    return found


def _wasteful(folder: Path, seed: int) -> MadeImage:
    chance = random.Random(seed)
    maker = LayerMaker(folder)
    paths = [f"dir{at % 5}/sub{at % 3}/file{at}" for at in range(60)]

    there: set[str] = set()

    def files(layer: int) -> Iterator[File]:
        is_folder_gone = layer == 2 and seed % 2 == 1
        if is_folder_gone:
            yield ".wh.dir0", b""
            there.difference_update([path for path in there if path.startswith("dir0/")])
        chosen = chance.sample(paths, 40 if layer == 0 else 12)
        for path in sorted(chosen):
            if is_folder_gone and path.startswith("dir0/"):
                continue
            folder_of, _, name = path.rpartition("/")
            if path in there and chance.random() < 0.3:
                there.discard(path)
                yield f"{folder_of}/.wh.{name}", b""
            else:
                there.add(path)
                yield path, bytes(chance.randrange(20_000))

    return maker.image([maker.layer(f"layer-{at}", files(at)) for at in range(4)], {})


def _structured(folder: Path) -> MadeImage:
    maker = LayerMaker(folder)
    below: list[File] = [
        ("etc/release", b'ID=debian\nVERSION="12"\n'),
        ("etc/deleted", b"x"),
        ("etc/replaced", b"old"),
        ("home/data", b"1"),
        ("usr/bin/app", b"x"),
    ]
    above: list[File] = [("etc/.wh.deleted", b""), ("etc/replaced", b"new")]
    return maker.image([maker.layer("below", iter(below)), maker.layer("above", iter(above))], _CONFIG)
