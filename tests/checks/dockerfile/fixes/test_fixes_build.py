"""A fixed Dockerfile builds as before: imports work, for the image's user too, and bytecode is there and read."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from fast_container.checks.dockerfile.fixes.fix import fix_dockerfile
from localcloud import LocalCloud
from tests.checks.dockerfile.baked import Baked
from tests.checks.dockerfile.linting import fixable

pytestmark = pytest.mark.buildkit

HAS_BYTECODE = 'python -c "import pathlib, app; assert pathlib.Path(app.__cached__).is_file()"'


@dataclass(frozen=True)
class Case:
    """A Dockerfile whose last stage is called app, what holds before and after, and what holds only after."""

    dockerfile: str
    rules: set[str]
    check: str
    after: str = "true"
    runs_on: str = "ecs"


FILES: Mapping[str, str | int] = {
    "app.py": "import flask\n\n\ndef handler(event, context):\n    return flask.__name__\n",
    "requirements.txt": "flask==3\n",
    "package.json": "{}",
    "package-lock.json": "{}",
    "index.js": "1\n",
}
CASES = {
    "service": Case(
        "FROM python:3.12-slim AS app\nWORKDIR /srv\n# all of it\nCOPY . .\n"
        "RUN pip install \\\n    --no-cache-dir \\\n    -r requirements.txt\nEXPOSE 8080\n"
        'CMD ["python", "app.py"]\n',
        {"FI001", "FI004", "FI011", "FI014"},
        'cd /srv && python -c "import app, flask"',
        f"cd /srv && {HAS_BYTECODE} && test $(id -u) = 10001",
    ),
    "function": Case(
        "FROM public.ecr.aws/lambda/python:3.12 AS app\nCOPY requirements.txt .\n"
        "RUN pip install --no-compile -r requirements.txt\nCOPY app.py /var/task/\nUSER root\nCMD app.handler\n",
        {"FI004", "FI005", "FI011"},
        'cd /var/task && python -c "import app"',
        f"cd /var/task && {HAS_BYTECODE}",
        "lambda",
    ),
    "front end": Case(
        "FROM node:22 AS app\nWORKDIR /web\nCOPY . .\nRUN npm ci\nCMD node index.js\n",
        {"FI001", "FI004", "FI014"},
        "cd /web && test -f node_modules/left-pad/index.js && test -f index.js && test -f app.py",
    ),
    "compiled": Case(
        "FROM python:3.12-slim AS app\nRUN useradd -u 1234 app\nCOPY app.py /srv/\nRUN <<EOF\n"
        "pip install -r /dev/null flask\n# compile\npython -m compileall -q /srv\nEOF\nENV PYTHONOPTIMIZE=2\n"
        "USER app\nCMD python /srv/app.py",
        {"FI004", "FI005", "FI011", "FI012", "FI014"},
        'cd /srv && python -c "import app" && test $(id -u) = 1234',
        f"cd /srv && {HAS_BYTECODE}",
    ),
}


def wheel(name: str) -> bytes:
    content = io.BytesIO()
    info = f"{name}-3.dist-info"
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(f"{name}/__init__.py", "")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 3\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return content.getvalue()


def checked(dockerfile: str, check: str) -> str:
    separator = "" if dockerfile.endswith("\n") else "\n"
    return f"{dockerfile}{separator}FROM app AS check\nRUN {check}\n"


def test_what_is_fixed_builds_and_imports_as_before(cloud: LocalCloud, tmp_path: Path) -> None:
    pip_settings = "[global]\nno-index = true\nfind-links = /wheels\nbreak-system-packages = true\n"
    npm = "#!/bin/sh\nmkdir -p node_modules/left-pad\necho 1 > node_modules/left-pad/index.js\n"
    useradd = "#!/bin/sh\necho 'app:x:1234:1234::/:/bin/sh' >> /etc/passwd\n"
    files = {
        "/etc/pip.conf": pip_settings,
        "/wheels/flask-3-py3-none-any.whl": wheel("flask"),
        "/usr/local/bin/npm": npm,
        "/usr/local/bin/useradd": useradd,
    }
    baked = Baked(tmp_path, tools=("uv",), files=files)
    for number, case in enumerate(CASES.values()):
        fixed = fix_dockerfile([fixable(case.dockerfile, FILES, runs_on=case.runs_on)], (), None)
        assert set(fixed.rules) == case.rules
        baked.add(f"before-{number}", checked(case.dockerfile, case.check), FILES)
        baked.add(f"after-{number}", checked(fixed.after.decode(), f"{case.check} && {case.after}"), FILES)
    error = baked.build(cloud)
    assert not error, error
