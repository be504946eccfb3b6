"""A small project of pinned modules with a stand-in for Go: a script that writes the programs it is asked for."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tools.get_tools import Tools, prepare
from tools.pins import GoModule

GO = """#!/bin/sh
if [ "$1" = env ]; then echo go1.99.0; exit 0; fi
echo "$PWD" >> "$FAKE_LOG"
while [ "$1" != -o ]; do shift; done
into=$2
shift 2
if [ "$1" = -ldflags ]; then shift 2; fi
for package in "$@"; do echo "some/package" >&2; echo half > "$into${package##*/}"; done
if [ -e "$PWD/slow" ]; then /bin/sleep "$(/bin/cat "$PWD/slow")"; fi
while [ -e "$PWD/waits" ]; do /bin/sleep 0.02; done
if [ -e "$PWD/broken" ]; then echo "x.go:1: undefined: y" >&2; exit 2; fi
for package in "$@"; do
    printf '#!/bin/sh\\necho %s\\n' "${package##*/}" > "$into${package##*/}"
    /bin/chmod 755 "$into${package##*/}"
done
"""


@dataclass
class Project:
    """Two modules, a cache of their own and a PATH with nothing but what a test puts there."""

    root: Path

    @property
    def path(self) -> Path:
        return self.root / "path"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def environ(self) -> dict[str, str]:
        return {"PATH": str(self.path), "HOME": str(self.root), "FAKE_LOG": str(self.root / "go.log")}

    @property
    def builds(self) -> list[str]:
        log = self.root / "go.log"
        return [Path(line).name for line in log.read_text().splitlines()] if log.exists() else []

    def modules(self) -> list[GoModule]:
        companion = self.root / "pulumi-language-python-exec"
        return [GoModule(self.root / "engine"), GoModule(self.root / "language", beside=(companion,))]

    def program(self, name: str, says: str = "", folder: Path | None = None) -> Path:
        """Puts a small executable on PATH."""
        at = (folder or self.path) / name
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_text(f"#!/bin/sh\necho '{says}'\n")
        at.chmod(0o755)
        return at

    def prepare(self, said: list[str] | None = None) -> Tools:
        lines: list[str] = [] if said is None else said
        return prepare(self.modules(), self.cache, self.environ, lines.append, plugin_folders=())

    def leftovers(self) -> list[str]:
        """Everything below the cache that is neither complete nor meant to stay."""
        return [str(path) for path in self.cache.rglob(".*-*")] if self.cache.exists() else []


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    for name, program in (("engine", "pulumi"), ("language", "pulumi-language-python")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "go.mod").write_text(
            f"module test/{name}\n\ngo 1.26.0\n\ntool example.com/cmd/{program}\n\nrequire example.com v1.2.3\n"
        )
        (tmp_path / name / "go.sum").write_text("example.com v1.2.3 h1:x=\n")
    (tmp_path / "pulumi-language-python-exec").write_text("#!/bin/sh\n")
    made.program("runc")
    go = made.program("go")
    go.write_text(GO)
    return made
