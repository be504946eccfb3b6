"""Structure tests have the verdicts of container-structure-test.

``RECORDED`` are verdicts of container-structure-test 1.19.1 (``--driver tar``) on the image below; ``OWN`` are those
where that driver looks at the machine it runs on (owners, links to absolute paths), and ours at the image.
"""

from __future__ import annotations

import pytest

from fast_container.checks.finding import Severity
from fast_container.checks.image.check import check_image
from fast_container.checks.image.settings import ImageRequirements
from fast_container.checks.image.structure.reading import read_structure_tests
from fast_container.core.layers.contents import ImageContents
from tests.layer_images import Member, contents, file, folder, link

LAYERS: list[list[Member]] = [
    [
        folder("etc"),
        file("etc/os-release", b'ID=debian\nVERSION_ID="12"\n'),
        file("etc/deleted", b"x"),
        file("etc/replaced", b"old"),
        folder("tmp", mode=0o1777),
        folder("usr"),
        folder("usr/bin"),
        file("usr/bin/app", b"\x7fELF\xff", mode=0o755),
        file("usr/bin/su", b"s", mode=0o4755),
        link("usr/bin/sh", "app"),
        link("usr/bin/gone", "nothing"),
        link("bin", "usr/bin"),
        link("usr/bin/hard", "usr/bin/app", hard=True),
        file("home/app/data", b"1", mode=0o640, uid=1000),
    ],
    [file("etc/.wh.deleted"), file("etc/replaced", b"new\nlines\n", mode=0o600)],
]
CONFIG = {
    "User": "app",
    "WorkingDir": "/srv",
    "Entrypoint": ["/usr/bin/app"],
    "Cmd": ["serve", "--all"],
    "Env": ["PATH=/usr/bin", "HOME=/home/app", "EMPTY="],
    "Labels": {"version": "1.2.3"},
    "ExposedPorts": {"8080/tcp": {}, "53/udp": {}},
    "Volumes": {"/data": {}},
}
READ = {"etc/os-release": LAYERS[0][1][1], "etc/replaced": LAYERS[1][1][1], "usr/bin/app": LAYERS[0][7][1]}

EXISTENCE = {
    "path: /etc/os-release": True,
    "path: etc/os-release": True,
    "path: /etc/deleted": False,
    "path: /etc/deleted, shouldExist: false": True,
    "path: /etc/os-release, shouldExist: false": False,
    "path: /none": False,
    "path: /": True,
    "path: /home": True,
    "path: /bin/app": True,
    "path: /usr/bin/gone": True,
    "path: $HOME/data": True,
    'path: "${HOME}/data"': True,
    "path: $NONE/etc": True,
    "path: /usr/bin/../bin/app": True,
    "path: /etc/os-release, permissions: -rw-r--r--": True,
    "path: /etc/os-release, permissions: -rwxr--r--": False,
    "path: /etc/replaced, permissions: -rw-------": True,
    "path: /tmp, permissions: dtrwxrwxrwx": True,
    "path: /tmp, permissions: drwxrwxrwx": False,
    "path: /usr/bin/su, permissions: urwxr-xr-x": True,
    "path: /usr/bin/sh, permissions: Lrwxrwxrwx": True,
    "path: /usr/bin/hard, permissions: -rwxr-xr-x": True,
    "path: /etc, permissions: drwxr-xr-x": True,
    "path: /usr/bin/app, isExecutableBy: other": True,
    "path: /etc/os-release, isExecutableBy: any": False,
    "path: /home/app/data, isExecutableBy: owner": False,
    "path: /usr/bin, isExecutableBy: group": True,
}
CONTENT = {
    "path: /etc/os-release, expectedContents: ['ID=debian']": True,
    "path: /etc/os-release, expectedContents: ['^ID', '\"\\d+\"']": True,
    "path: /etc/os-release, expectedContents: ['^VERSION']": False,
    "path: /etc/os-release, expectedContents: ['(?m)^VERSION.*$']": True,
    "path: /etc/os-release, expectedContents: ['12\"$']": False,
    "path: /etc/os-release, excludedContents: ['ubuntu']": True,
    "path: /etc/os-release, excludedContents: ['debian']": False,
    "path: /etc/replaced, expectedContents: [new], excludedContents: [old]": True,
    "path: /etc/deleted": False,
    "path: /etc": False,
    "path: /none, excludedContents: [a]": False,
    "path: /bin/sh, expectedContents: [ELF]": True,
    "path: /usr/bin/hard, expectedContents: ['ELF.$']": True,
}
METADATA = {
    "{user: app, workdir: /srv}": True,
    "{user: root}": False,
    "{workdir: /}": False,
    "{entrypoint: [/usr/bin/app], cmd: [serve, --all]}": True,
    "{cmd: [serve]}": False,
    "{entrypoint: []}": False,
    "{envVars: [{key: HOME, value: /home/app}, {key: EMPTY, value: ''}]}": True,
    "{envVars: [{key: HOME, value: home}]}": False,
    "{envVars: [{key: HOME, value: 'h.me', isRegex: true}]}": True,
    "{envVars: [{key: NONE, value: ''}]}": False,
    "{unboundEnvVars: [{key: NONE}]}": True,
    "{unboundEnvVars: [{key: HOME}]}": False,
    "{labels: [{key: version, value: '^1\\.', isRegex: true}]}": True,
    "{labels: [{key: version, value: '1'}]}": False,
    '{exposedPorts: ["8080", "53"]}': True,
    "{exposedPorts: [8080/tcp]}": False,
    '{unexposedPorts: ["80"]}': True,
    '{unexposedPorts: ["8080"]}': False,
    "{volumes: [/data]}": True,
    "{volumes: [/other]}": False,
    "{unmountedVolumes: [/data]}": False,
}
RECORDED = [
    *((f"fileExistenceTests: [{{name: t, {text}}}]", passes) for text, passes in EXISTENCE.items()),
    *((f"fileContentTests: [{{name: t, {text}}}]", passes) for text, passes in CONTENT.items()),
    *((f"metadataTest: {text}", passes) for text, passes in METADATA.items()),
]
OWN = [
    ("fileExistenceTests: [{name: t, path: /home/app/data, uid: 1000, gid: 1000}]", True),
    ("fileExistenceTests: [{name: t, path: /home/app/data, uid: 0}]", False),
    ("fileExistenceTests: [{name: t, path: /etc, uid: 0}]", True),
]


def image() -> ImageContents:
    return contents(*LAYERS, contents=READ, **CONFIG)


@pytest.mark.parametrize(("text", "passes"), [*RECORDED, *OWN])
def test_the_verdict_is_that_of_container_structure_test(text: str, passes: bool) -> None:
    tests = read_structure_tests("tests.yaml", f"schemaVersion: 2.0.0\n{text}\n")
    found = check_image(image(), ImageRequirements(structure=(tests,)))
    assert [one.where for one in found if one.rule == "V11"] == ([] if passes else ["tests.yaml:2"])


def test_a_failed_test_is_an_error_that_says_what_was_found() -> None:
    text = "schemaVersion: 2.0.0\nfileContentTests:\n- {name: release, path: /etc/os-release, expectedContents: [x]}\n"
    (one,) = (
        f for f in check_image(image(), ImageRequirements(structure=(read_structure_tests("t", text),))) if f.file
    )
    assert (one.severity, one.file, one.line) == (Severity.ERROR, "t", 3)
    assert "'release' fails" in one.what
    assert "'x' is not found in /etc/os-release" in one.why


def test_a_content_that_was_not_read_never_passes() -> None:
    text = "schemaVersion: 2.0.0\nfileContentTests:\n- {name: t, path: /usr/bin/su, excludedContents: [x]}\n"
    tests = read_structure_tests("t", text)
    assert any("too large" in one.why for one in check_image(image(), ImageRequirements(structure=(tests,))))
