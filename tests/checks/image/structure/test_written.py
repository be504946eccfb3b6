"""Structure tests that travel as text are the same tests afterwards."""

from __future__ import annotations

import pytest

from fast_container.checks.image.structure.reading import read_structure_tests
from fast_container.checks.image.structure.written import read_tests, write_tests
from fast_container.errors import ArgsError

FILE = """
schemaVersion: 2.0.0
fileExistenceTests:
- {name: app, path: /app, shouldExist: true, permissions: -rw-r--r--, uid: 1, gid: 2, isExecutableBy: any}
- {name: none, path: /none, shouldExist: false}
fileContentTests:
- {name: text, path: /etc/os-release, expectedContents: ['ID=\\w+', '(?i)debian'], excludedContents: [x]}
metadataTest:
  envVars: [{key: A, value: '1'}, {key: B, value: 'x.*', isRegex: true}]
  unboundEnvVars: [{key: C, value: ''}]
  labels: [{key: l, value: m}]
  exposedPorts: ['80']
  entrypoint: [/app]
  cmd: []
  workdir: /srv
  user: '1000'
"""


def test_what_is_read_back_is_what_was_written() -> None:
    for text in (FILE, "schemaVersion: 2.0.0\n"):
        tests = read_structure_tests("tests.yaml", text)
        assert read_tests(write_tests(tests)) == tests


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"file": "x", "existence": [{}], "content": [], "metadata": null}'])
def test_something_else_is_refused(text: str) -> None:
    with pytest.raises(ArgsError, match="cannot be read"):
        read_tests(text)
