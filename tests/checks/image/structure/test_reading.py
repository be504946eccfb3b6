"""A file of structure tests is read strictly: errors name the file and the line."""

from __future__ import annotations

import pytest

from fast_container.checks.image.structure.reading import read_structure_tests
from fast_container.checks.image.structure.tests import NamedValue, StructureTests
from fast_container.errors import ArgsError

WHOLE = """\
schemaVersion: 2.0.0
globalEnvVars: [{key: A, value: b}]
containerRunOptions: {user: root}
fileExistenceTests:
- name: root
  path: /
  shouldExist: yes
  permissions: drwxr-xr-x
  uid: 0
  gid: -1
  isExecutableBy: any
- {name: none, path: /none, shouldExist: false}
fileContentTests:
- name: os
  path: /etc/os-release
  expectedContents: ['ID=debian', &x 'VERSION_ID="\\d+"']
  excludedContents: [*x]
metadataTest:
  envVars: [{key: PORT, value: 8080}, {key: PATH, value: '^/usr', isRegex: true}]
  unboundEnvVars: [{key: SECRET}]
  labels: [{key: a, value: b}]
  exposedPorts: [8080]
  unexposedPorts: ["22"]
  volumes: [/data]
  unmountedVolumes: [/other]
  entrypoint: []
  cmd: [sh, -c]
  workdir: /app
  user: app
"""


def read(text: str, *left_out: str) -> StructureTests:
    return read_structure_tests("tests.yaml", text, frozenset(left_out))


def test_every_field_is_read() -> None:
    tests = read(WHOLE)
    root, none = tests.existence
    assert (root.line, root.path, root.should_exist, root.permissions) == (5, "/", True, "drwxr-xr-x")
    assert (root.uid, root.gid, root.executable_by) == (0, None, "any")
    assert (none.line, none.should_exist) == (12, False)
    (content,) = tests.content
    assert [one.text for one in content.expected] == ["ID=debian", 'VERSION_ID="\\d+"']
    assert [one.text for one in content.excluded] == ['VERSION_ID="\\d+"']
    assert tests.read_paths == ("/etc/os-release",)
    metadata = tests.metadata
    assert metadata is not None
    assert metadata.env[0] == NamedValue(19, "PORT", "8080")
    assert metadata.unbound_env == ("SECRET",)
    assert (metadata.exposed_ports, metadata.unexposed_ports) == (("8080",), ("22",))
    assert (metadata.entrypoint, metadata.cmd) == ((), ("sh", "-c"))
    assert (metadata.workdir, metadata.user) == ("/app", "app")


def test_json_is_read_and_so_is_a_file_with_merged_mappings() -> None:
    assert read('{"schemaVersion": "2.0.0", "metadataTest": {"user": "app"}}').metadata is not None
    merged = "schemaVersion: 2.0.0\nfileExistenceTests:\n- &a {name: a, path: /a}\n- {<<: *a, name: b}\n"
    assert [(one.name, one.path) for one in read(merged).existence] == [("a", "/a"), ("b", "/a")]


COMMANDS = "schemaVersion: 2.0.0\ncommandTests:\n- {name: a, command: ls}\nlicenseTests:\n- {debian: true}\n"


def test_tests_that_need_a_container_are_an_error_unless_they_are_left_out() -> None:
    with pytest.raises(ArgsError, match="commandTests cannot be run") as refused:
        read(COMMANDS)
    assert refused.value.where == "tests.yaml:3"
    assert "--leave-out commandTests" in refused.value.next_step
    with pytest.raises(ArgsError, match="licenseTests cannot be run"):
        read(COMMANDS, "commandTests")
    assert read(COMMANDS, "commandTests", "licenseTests") == StructureTests("tests.yaml")
    assert read("schemaVersion: 2.0.0\ncommandTests: []\n") == StructureTests("tests.yaml")


HEAD = "schemaVersion: 2.0.0\n"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("fileExistenceTests: []", 1, "schemaVersion is not"),
        ("schemaVersion: 1.0.0", 1, "schemaVersion is not"),
        (HEAD + "fileExistanceTests: []", 2, "fileExistanceTests is not known"),
        (HEAD + "metadataTest:\n  env: []", 3, "env is not known"),
        (HEAD + "metadataTest: {}\nmetadataTest: {}", 3, "metadataTest is said twice"),
        (HEAD + "fileExistenceTests: /etc", 2, "fileExistenceTests is not a list"),
        (HEAD + "fileExistenceTests:\n- /etc", 3, "fileExistenceTests is not a mapping"),
        (HEAD + "fileExistenceTests:\n- {path: /a}", 3, "A test has no name"),
        (HEAD + "fileExistenceTests:\n- {name: a}", 3, "A test has no path"),
        (
            HEAD + "fileExistenceTests:\n- name: a\n  path: /\n  shouldExist: maybe",
            5,
            "shouldExist is not true or false",
        ),
        (HEAD + "fileExistenceTests:\n- name: a\n  path: /\n  uid: root", 5, "uid is not a number"),
        (HEAD + "fileExistenceTests:\n- name: a\n  path: /\n  isExecutableBy: me", 5, "me is not a user"),
        (HEAD + "fileContentTests:\n- name: a\n  path: /\n  expectedContents: ['(']", 5, "not a regular expression"),
        (HEAD + "metadataTest:\n  envVars: [{value: a}]", 3, "A test has no key"),
        (HEAD + "metadataTest:\n  exposedPorts: ['']", 3, "exposedPorts is empty"),
        (HEAD + "metadataTest: {cmd: ls}", 2, "cmd is not a list"),
        ("a: [", 1, "not YAML"),
        ("", 0, "empty"),
        ("a: 1\n---\nb: 2\n", 2, "not YAML"),
    ],
)
def test_what_is_not_understood_is_an_error_with_its_line(text: str, line: int, what: str) -> None:
    with pytest.raises(ArgsError, match=what) as refused:
        read(text)
    assert refused.value.where == (f"tests.yaml:{line}" if line else "tests.yaml")
