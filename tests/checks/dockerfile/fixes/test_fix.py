"""The change that a fix makes, what it never touches, and what it leaves to people."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import pytest

from fast_container.checks.dockerfile.fixes.fix import FIXED_RULES, Fixed, fix_dockerfile
from fast_container.checks.dockerfile.fixes.sound import is_sound
from fast_container.checks.dockerfile.settings import waivers_of_settings
from tests.checks.dockerfile.linting import fixable

FILES: Mapping[str, str | int] = {
    "app.py": "print(1)\n",
    "pkg/__init__.py": "",
    "requirements.txt": "flask==3\n",
    "package.json": '{"dependencies": {"left-pad": "1.3.0"}}',
    "package-lock.json": "{}",
    "index.js": "1\n",
}
PY = "FROM python:3.12-slim\n"
MOUNT = "--mount=type=cache,target=/root/.cache/pip"
COMPILE = "RUN python -m compileall -q --invalidation-mode unchecked-hash"
USER = "USER 10001:10001\n"


def fix(dockerfile: str, files: Mapping[str, str | int] = FILES, *, settings: str = "", **options: str) -> Fixed:
    given = {"runs_on": "anywhere", **options}
    waivers = waivers_of_settings(settings, "pyproject.toml")
    return fix_dockerfile([fixable(dockerfile, files, **given)], waivers, date(2027, 1, 1))


def skip(rules: list[str]) -> str:
    return f'[[tool.fast-container.lint.skip]]\nrules = {rules}\nreason = "so"\n'


@dataclass(frozen=True)
class Change:
    rule: str
    before: str
    after: str
    runs_on: str = "anywhere"
    files: Mapping[str, str | int] = field(default_factory=lambda: FILES)


CHANGES = [
    Change(
        "FI001",
        f"{PY}COPY . /srv\nRUN {MOUNT} pip install -r /srv/requirements.txt\nWORKDIR /srv\n",
        f"{PY}COPY requirements.txt /srv/\nRUN {MOUNT} pip install -r /srv/requirements.txt\n"
        "COPY . /srv\nWORKDIR /srv\n",
    ),
    Change(
        "FI001",
        f"{PY}WORKDIR /w\n# all\nCOPY --chown=1:1 . .\nENV A=1\nRUN {MOUNT} pip install -U pip\n"
        f"RUN {MOUNT} pip install -r requirements.txt # deps\n",
        f"{PY}WORKDIR /w\n# all\nCOPY --chown=1:1 requirements.txt ./\nENV A=1\nRUN {MOUNT} pip install -U pip\n"
        f"RUN {MOUNT} pip install -r requirements.txt # deps\nCOPY --chown=1:1 . .\n",
    ),
    Change(
        "FI001",
        "FROM node:22\nWORKDIR /w\nCOPY . .\nRUN --mount=type=cache,target=/root/.npm npm ci\nCMD node index.js",
        "FROM node:22\nWORKDIR /w\nCOPY package.json package-lock.json ./\n"
        "RUN --mount=type=cache,target=/root/.npm npm ci\nCOPY . .\nCMD node index.js",
    ),
    Change(
        "FI001",
        f"{PY}COPY pkg /w/pkg\nCOPY requirements.txt /w/\nRUN {MOUNT} pip install -r /w/requirements.txt\n",
        f"{PY}COPY requirements.txt /w/\nRUN {MOUNT} pip install -r /w/requirements.txt\nCOPY pkg /w/pkg\n",
    ),
    Change("FI004", f"{PY}RUN pip install flask\n", f"{PY}RUN {MOUNT} pip install flask\n"),
    Change(
        "FI004",
        f"{PY}run   pip install \\\n  --no-cache-dir \\\n  flask \\\n  --no-cache-dir\n",
        f"{PY}run {MOUNT}   pip install \\\n  flask\n",
    ),
    Change(
        "FI004",
        f"{PY}RUN <<EOF\n# a comment\npip install --no-cache-dir flask\nEOF\n",
        f"{PY}RUN {MOUNT} <<EOF\n# a comment\npip install flask\nEOF\n",
    ),
    Change(
        "FI004",
        "FROM node:22\nRUN npm ci && npm run build\n",
        "FROM node:22\nRUN --mount=type=cache,target=/root/.npm npm ci && npm run build\n",
    ),
    Change(
        "FI004",
        f"{PY}RUN {MOUNT} pip install --no-cache-dir flask\n",
        f"{PY}RUN {MOUNT} pip install flask\n",
    ),
    Change("FI004", f'{PY}RUN ["pip", "install", "x"]\n', f'{PY}RUN {MOUNT} ["pip", "install", "x"]\n'),
    Change(
        "FI005",
        f"{PY}# fast-container: skip=FI004 the builder has no cache\nRUN pip install flask\n",
        f"{PY}# fast-container: skip=FI004 the builder has no cache\nRUN pip install --no-cache-dir flask\n",
    ),
    Change(
        "FI011",
        f"{PY}WORKDIR /app\nCOPY . .\nRUN chmod a+r app.py\nCMD python app.py\n",
        f"{PY}WORKDIR /app\nCOPY . .\nRUN chmod a+r app.py\n{COMPILE} /app\nCMD python app.py\n",
    ),
    Change(
        "FI011",
        f"{PY}COPY app.py /srv/main.py\nCOPY pkg /srv/pkg/\nUSER 1000\nCMD python /srv/main.py",
        f"{PY}COPY app.py /srv/main.py\nCOPY pkg /srv/pkg/\n{COMPILE} /srv/main.py /srv/pkg\nUSER 1000\n"
        "CMD python /srv/main.py",
    ),
    Change(
        "FI011",
        'FROM public.ecr.aws/lambda/python:3.12\nCOPY app.py ${LAMBDA_TASK_ROOT}\nCMD ["app.handler"]\n',
        "FROM public.ecr.aws/lambda/python:3.12\nCOPY app.py ${LAMBDA_TASK_ROOT}\n"
        f'{COMPILE} "${{LAMBDA_TASK_ROOT}}"\n'
        'CMD ["app.handler"]\n',
        runs_on="lambda",
    ),
    Change("FI011", f"{PY}RUN {MOUNT} pip install --no-compile x\n", f"{PY}RUN {MOUNT} pip install x\n"),
    Change(
        "FI011",
        f"{PY}RUN --mount=type=cache,target=/root/.cache/uv uv sync --frozen\n",
        f"{PY}RUN --mount=type=cache,target=/root/.cache/uv uv sync --compile-bytecode --frozen\n",
    ),
    Change(
        "FI011",
        f"{PY}COPY app.py /a/\n{COMPILE} /a\nENV PYTHONOPTIMIZE=2\nCMD python /a/app.py\n",
        f"{PY}COPY app.py /a/\nRUN python -m compileall -o 2 -q --invalidation-mode unchecked-hash /a\n"
        "ENV PYTHONOPTIMIZE=2\nCMD python /a/app.py\n",
    ),
    Change(
        "FI012",
        f"{PY}RUN python -m compileall /app\n",
        f"{PY}RUN python -m compileall --invalidation-mode unchecked-hash /app\n",
    ),
    Change(
        "FI014",
        f'{PY}WORKDIR /app\nCOPY requirements.txt .\nEXPOSE 8080\nCMD ["python", "x.py"]\n',
        f'{PY}WORKDIR /app\nCOPY requirements.txt .\n{USER}EXPOSE 8080\nCMD ["python", "x.py"]\n',
        runs_on="ecs",
    ),
    Change("FI014", PY, f"{PY}{USER}", runs_on="ecs"),
    Change(
        "FI014",
        f"{PY}RUN useradd --uid 1234 app\nUSER app:app\n",
        f"{PY}RUN useradd --uid 1234 app\nUSER 1234:app\n",
        runs_on="ecs",
    ),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.rule)
def test_a_fix_changes_what_it_names_and_nothing_else(change: Change) -> None:
    others = sorted(FIXED_RULES - {change.rule, "FI005" if change.rule == "FI004" else ""})
    options = {"runs_on": change.runs_on, "settings": skip(others)}
    fixed = fix(change.before, change.files, **options)
    assert fixed.after.decode() == change.after
    assert fixed.rules[change.rule]
    again = fix(change.after, change.files, **options)
    assert again.after == again.before


def test_every_rule_with_a_fix_has_a_change() -> None:
    assert {change.rule for change in CHANGES} == FIXED_RULES - {"FI009"}


WHOLE = (
    "# syntax=docker/dockerfile:1\n# escape=`\n# check=skip=all\n\n# é \udcff \0 comment\nFROM python:3.12-slim AS b\n"
    "RUN pip install `\n# inside\n   flask `\n\n   requests\nCOPY <<a <<b /x/\n# kept  \na\n\tb\nb\nLABEL x='a`b'  \n"
)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("last", ["", "CMD x", "CMD x `\n  y", "# end"])
def test_every_other_byte_is_kept(ending: str, mark: str, last: str) -> None:
    text = mark + (WHOLE + last).replace("\n", ending)
    fixed = fix(text, runs_on="ecs")
    after = fixed.after.decode("utf-8", "surrogateescape")
    assert set(fixed.rules) == {"FI004", "FI005", "FI014"}
    changed = text.replace("RUN pip", f"RUN {MOUNT} pip").replace("LABEL", f"{USER[:-1]}{ending}LABEL")
    assert after == changed
    assert after.endswith(ending) is text.endswith(ending)


def test_a_line_after_the_last_one_needs_no_line_end_before_and_gets_none() -> None:
    assert fix("FROM python:3.12-slim", runs_on="ecs").after.decode() == f"FROM python:3.12-slim\n{USER[:-1]}"


@pytest.mark.parametrize("rules", ["FI004,FI005", "FI011", "FI014", "FI001"])
def test_a_finding_that_is_waived_is_left_alone(rules: str) -> None:
    settings = skip(rules.split(","))
    dockerfile = f"{PY}COPY . /w\nRUN pip install -r /w/requirements.txt\nCMD python /w/app.py\n"
    everything = fix(dockerfile, runs_on="ecs").rules
    assert set(everything) == {"FI001", "FI004", "FI005", "FI011", "FI014"}
    assert set(fix(dockerfile, runs_on="ecs", settings=settings).rules) == set(everything) - set(rules.split(","))


LEFT = {
    "a step that does more": f"{PY}COPY . /w\nRUN {MOUNT} pip install -r /w/requirements.txt && ls /w\n",
    "a script between": f"{PY}COPY . /w\nRUN /w/x.sh\nRUN {MOUNT} pip install -r /w/requirements.txt\n",
    "a directory that changes": f"{PY}COPY . w\nWORKDIR w\nRUN {MOUNT} pip install -r requirements.txt\n",
    "files that are written twice": f"{PY}COPY . /w\nCOPY requirements.txt /w/app.py\n"
    f"RUN {MOUNT} pip install -r /w/requirements.txt\n",
    "a copy from a stage": f"FROM busybox AS s\n{PY}COPY . /w\nCOPY --from=s /x /w/app.py\n"
    f"RUN {MOUNT} pip install -r /w/requirements.txt\n",
    "a target in the source": f"{PY}COPY . /w\nRUN {MOUNT} pip install -t /w -r /w/requirements.txt\n",
    "an archive": f"{PY}ADD . /w\nRUN {MOUNT} pip install -r /w/requirements.txt\n",
    "a waiver above": f"{PY}# fast-container: skip=FI009 so\nCOPY . /w\n"
    f"RUN {MOUNT} pip install -r /w/requirements.txt\n",
    "a comment inside": f"{PY}COPY \\\n# x\n . /w\nRUN {MOUNT} pip install -r /w/requirements.txt\n",
    "another user": f"{PY}USER 5\nRUN pip install x\n",
    "an unknown base": "FROM corp:1\nRUN pip install x\n",
    "a cache that is removed": f"{PY}RUN pip install x && rm -rf /root/.cache\n",
    "a home of its own": f"{PY}ENV HOME=/h\nRUN pip install --no-cache-dir x\n",
    "no cache by a variable": f"{PY}ENV PIP_NO_CACHE_DIR=1\nRUN pip install x\n",
    "links into the cache": f"{PY}ENV UV_LINK_MODE=symlink\nRUN uv pip install x\n",
    "an old syntax": f"# syntax=docker/dockerfile:1.0\n{PY}RUN pip install --no-cache-dir x\n",
    "a system's package manager": "FROM debian:13\nRUN apt-get install -y --no-install-recommends curl\n",
    "a word in a string": f"{PY}RUN pip install --no-cache-dir x && echo ' --no-cache-dir '\n",
    "code in an unknown directory": "FROM corp:1\nCOPY app.py .\nCMD python app.py\n",
    "code at the top": f"{PY}COPY app.py /\nCMD python app.py\n",
    "code of another user": f"{PY}USER 5\nCOPY app.py /w/\nCMD python /w/app.py\n",
    "an old Python": "FROM python:3.6\nRUN python -m compileall /w\n",
}


@pytest.mark.parametrize("dockerfile", LEFT.values(), ids=LEFT)
def test_what_is_not_mechanical_is_left_and_said(dockerfile: str) -> None:
    others = ["FI011"] if "requirements" in dockerfile else ["FI005", "FI011"] if "uv" in dockerfile else ["FI005"]
    fixed = fix(dockerfile, settings=skip(others))
    assert fixed.after == fixed.before
    assert fixed.left
    assert all(why for _, why in fixed.left)


USERS = [
    "RUN chmod 700 /srv",
    "EXPOSE 80",
    "VOLUME /data",
    "WORKDIR /root/app",
    "ENV PATH=/root/.local/bin:$PATH",
    "COPY app.py /root/app.py",
    "RUN uv sync",
    "RUN pip install --user x",
    'ENTRYPOINT ["/docker-entrypoint.sh"]',
    'CMD ["nginx"]',
    "CMD npm start",
    "USER root",
    "USER app",
]


@pytest.mark.parametrize("line", USERS)
def test_a_user_is_not_given_where_something_may_need_root(line: str) -> None:
    fixed = fix(f"{PY}{line}\n", runs_on="ecs")
    assert b"10001" not in fixed.after
    assert "FI014" in {finding.rule for finding, _ in fixed.left}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("requirements.txt", "-e .\n"),
        ("requirements.txt", "./pkg\n"),
        ("requirements.txt", "pkg/\n"),
        ("requirements.txt", "x @ file:///w/pkg\n"),
        ("requirements.txt", "-r more.txt\n"),
        ("requirements.txt", "--find-links wheels\nflask\n"),
        ("package.json", '{"scripts": {"postinstall": "node index.js"}}'),
        ("package.json", '{"workspaces": ["a"]}'),
        ("package.json", '{"dependencies": {"a": "file:../a"}}'),
        ("package.json", "["),
        ("package-lock.json", '{"packages": {"x": {"link": true}}}'),
        ("node_modules/x/i.js", "1"),
        ("binding.gyp", "1"),
    ],
)
def test_an_installation_that_may_read_the_source_stays_after_it(name: str, content: str) -> None:
    install = "npm ci" if "requirements" not in name else "pip install -r requirements.txt"
    base, cache = ("node:22", "/root/.npm") if "requirements" not in name else ("python:3.12-slim", "/root/.cache/pip")
    dockerfile = f"FROM {base}\nWORKDIR /w\nCOPY . .\nRUN --mount=type=cache,target={cache} {install}\n"
    assert fix(dockerfile).after != fix(dockerfile).before
    fixed = fix(dockerfile, {**FILES, name: content}, settings=skip(["FI011"]))
    assert fixed.after == fixed.before
    assert [finding.rule for finding, _ in fixed.left if finding.rule == "FI001"]


def test_all_images_of_a_file_are_read_again() -> None:
    """A change must be right for each target that is built from the file."""
    dockerfile = f"{PY[:-1]} AS a\nRUN pip install x\nFROM a AS b\nUSER 7\nFROM a AS c\nCMD x\n"
    images = [fixable(dockerfile, FILES, target=target, name=target, file="Dockerfile") for target in ("b", "c")]
    after = fix_dockerfile(images, (), None).after.decode()
    assert after == dockerfile.replace("RUN", f"RUN {MOUNT}").replace("AS c\n", f"AS c\n{USER}")


@pytest.mark.parametrize(
    ("line", "instead", "sound"),
    [
        ("RUN pip install x", f"RUN {MOUNT} pip install x", True),
        ("RUN pip install --no-cache-dir x", "RUN pip install x", True),
        ("RUN pip install x", "RUN pip install y", False),
        ("RUN pip install x", "RUN pip install x\nRUN ls", False),
        ("COPY app.py /a", "COPY app.py /b", False),
        ("COPY app.py /a", "LABEL a=b", False),
        ("COPY app.py /a", "COPY . /a", False),
        ("CMD x", "CMD x\nFROM busybox", False),
        ("ENV A=1", "ENV A=2", False),
        ("USER app", "USER 1", True),
    ],
)
def test_a_sound_change_leaves_stages_steps_and_files_as_they_are(line: str, instead: str, sound: bool) -> None:
    before, after = (fixable(f"{PY}{text}\n", FILES).image for text in (line, instead))
    assert is_sound(before, after) is sound


def test_a_file_of_a_hundred_thousand_lines_is_fixed_in_seconds() -> None:
    dockerfile = PY + "".join(f"RUN pip install p{number}\n# {number}\n" for number in range(1_000)) + "# x\n" * 90_000
    started = time.process_time()
    fixed = fix(dockerfile)
    assert fixed.rules["FI004"] == 1_000
    assert time.process_time() - started < 20
