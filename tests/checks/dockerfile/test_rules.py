"""Each rule fires on its failing example, at the right line, and not on the passing one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from fast_container.checks.dockerfile.catalogue import RULES
from fast_container.checks.dockerfile.lint import lint_images
from fast_container.checks.dockerfile.permission_rules import takes_read
from fast_container.checks.dockerfile.step_seconds import StepSeconds
from fast_container.core.records.record import BuildRecord
from fast_container.core.records.steps import StepRun
from tests.checks.dockerfile.linting import found, image, lines

SOURCE: Mapping[str, str | int] = {
    "app.py": 10,
    "requirements.txt": "flask==3\n",
    "pkg/pyproject.toml": 1,
    "pkg/a.py": 1,
}
MOUNT = "--mount=type=cache,target=/root/.cache/pip"
PY = "FROM python:3.12-slim\n"
COMPILE = "RUN python -m compileall -q --invalidation-mode unchecked-hash /app\n"


@dataclass(frozen=True)
class Example:
    rule: str
    bad: str
    line: int
    good: str
    files: Mapping[str, str | int] = field(default_factory=lambda: SOURCE)
    runs_on: str = "ecs"


EXAMPLES = [
    Example(
        "FI001",
        f"{PY}COPY . /app\nRUN {MOUNT} pip install -r /app/requirements.txt\n",
        3,
        f"{PY}COPY requirements.txt /\nRUN {MOUNT} pip install -r /requirements.txt\nCOPY . /app\n",
    ),
    Example(
        "FI001",
        f"{PY}COPY . /app\nRUN uv sync\n",
        3,
        f"{PY}RUN --mount=source=uv.lock,target=uv.lock uv sync --no-install-project\nCOPY . /app\nRUN uv sync\n",
        {"uv.lock": "", "app.py": 1},
    ),
    Example(
        "FI001",
        "FROM node:22 AS base\nCOPY . .\nFROM base\nRUN npm ci\n",
        4,
        "FROM node:22 AS base\nCOPY package*.json ./\nFROM base\nRUN npm ci\nCOPY . .\n",
        {"package.json": 1, "package-lock.json": 1, "index.js": 1},
    ),
    Example(
        "FI002",
        f"{PY}COPY pkg /pkg\nRUN {MOUNT} pip install /pkg\n",
        3,
        f"{PY}COPY requirements.txt /\nRUN pip install -r requirements.txt\nCOPY pkg /p\nRUN pip install --no-deps /p",
    ),
    Example("FI004", f"{PY}RUN pip install --no-cache-dir flask\n", 2, f"{PY}RUN {MOUNT} pip install flask\n"),
    Example(
        "FI004", f"{PY}RUN {MOUNT} pip install --no-cache-dir flask\n", 2, f"{PY}RUN pip install --no-index /w/*.whl\n"
    ),
    Example(
        "FI004", "FROM node:22\nRUN npm ci\n", 2, "FROM node:22\nRUN --mount=type=cache,target=/root/.npm npm ci\n"
    ),
    Example("FI005", f"{PY}RUN pip install flask\n", 2, f"{PY}RUN pip install --no-cache-dir flask\n"),
    Example("FI005", f"{PY}RUN pip install flask\n", 2, f"{PY}ENV PIP_NO_CACHE_DIR=1\nRUN pip install flask\n"),
    Example(
        "FI005",
        f"{PY}RUN pip install flask\n",
        2,
        f"{PY[:-1]} AS b\nRUN pip install -t /app flask\n{PY}COPY --from=b /app /app\n",
    ),
    Example(
        "FI006",
        "FROM debian:13 AS tools\nRUN apt-get update && apt-get install -y gcc libpq-dev\nFROM tools\nUSER 1\n",
        2,
        "FROM debian:13 AS tools\nRUN apt-get update && apt-get install -y gcc\nFROM debian:13\nCOPY --from=tools /a /",
    ),
    Example(
        "FI006",
        "FROM alpine:3\nRUN apk add build-base\n",
        2,
        "FROM alpine:3\nRUN apk add --virtual .b build-base && make && apk del .b\n",
    ),
    Example(
        "FI007",
        f"{PY[:-1]} AS b\nRUN pip install flask\n{PY}COPY --from=b /usr/local /usr/local\n",
        4,
        f"{PY[:-1]} AS b\nRUN pip install --user flask\n{PY}COPY --from=b /root/.local /root/.local\n",
    ),
    Example(
        "FI007",
        f"{PY[:-1]} AS b\nRUN curl -L x | sh\n{PY}COPY --from=b /root/.local /root/.local\n",
        4,
        f"{PY}COPY --from=node:22 /usr/local /usr/local\n",
    ),
    Example(
        "FI008",
        f"{PY}COPY requirements.txt .\nRUN pip install -r requirements.txt\n",
        2,
        f"{PY}COPY requirements.txt .\nRUN pip install --index-url https://example.com/cpu -r requirements.txt\n",
        {"requirements.txt": "# models\ntorch==2.9\n"},
    ),
    Example(
        "FI008",
        f"{PY}RUN pip install 'jax[cuda12]'\n",
        2,
        "FROM nvidia/cuda:13.0-runtime\nRUN pip install torch\n",
    ),
    Example("FI009", f"{PY}COPY . /app\n", 2, f"{PY}COPY app.py /app\n", {"app.py": 1, ".venv/lib/a.so": 5_000_000}),
    Example("FI010", "FROM debian\n", 1, "FROM debian:13\n"),
    Example("FI010", "FROM debian:latest\n", 1, f"FROM debian@sha256:{'0' * 64}\n"),
    Example(
        "FI011",
        f'{PY}COPY app.py /app/\nCMD ["python3", "/app/app.py"]\n',
        2,
        f'{PY}COPY app.py /app/\n{COMPILE}CMD ["python3", "/app/app.py"]\n',
    ),
    Example(
        "FI011",
        f"{PY}COPY app.py /app/\n{COMPILE}ENV PYTHONOPTIMIZE=2\nCMD python app.py\n",
        3,
        f"{PY}ENV PYTHONOPTIMIZE=2\nCOPY app.py /app/\n{COMPILE}CMD python app.py\n",
    ),
    Example(
        "FI011",
        f"{PY}RUN uv sync\n",
        2,
        f"{PY}ENV UV_COMPILE_BYTECODE=1\nRUN uv sync\n",
    ),
    Example("FI012", f"{PY}RUN python -m compileall /app\n", 2, f"{PY}{COMPILE}"),
    Example(
        "FI013",
        f"{PY}RUN find /usr/lib/python3/site-packages -name '*.so' -exec strip --strip-unneeded {{}} + || true\n",
        2,
        f"{PY}RUN find /x/site-packages -name '*.so' -not -path '*.libs/*' -exec strip {{}} +; strip /opt/own/lib.so\n",
    ),
    Example(
        "FI013",
        f"{PY}RUN find /venv -name '*.so*' | xargs strip\n",
        2,
        f"{PY}RUN find /build -name '*.so*' | xargs strip\n",
    ),
    Example("FI014", PY, 1, f"{PY}USER 10001:10001\n"),
    Example("FI014", f"{PY}USER 5\nUSER root\n", 3, "FROM gcr.io/distroless/python3:nonroot\n"),
    Example("FI015", f"{PY}USER 1\nHEALTHCHECK CMD true\n", 3, f"{PY}USER 1\nHEALTHCHECK NONE\n"),
    Example("FI016", f"{PY}ARG BUILDKIT_SBOM_SCAN_STAGE=true\n", 2, PY, runs_on="lambda"),
    Example(
        "FI017",
        f"{PY}COPY --chmod=640 app.py /app/\n",
        2,
        f"{PY}COPY --chmod=644 app.py /app/\n",
        runs_on="lambda",
    ),
    Example(
        "FI017",
        f"{PY}RUN touch /a/key && chmod go-r /a/key\n",
        2,
        f"{PY}RUN mkdir -p /tmp/x && chmod 700 /tmp/x && chmod 755 /app\n",
        runs_on="lambda",
    ),
    Example(
        "FI018",
        "FROM debian:13\nRUN apt-get update\nRUN apt-get install -y --no-install-recommends curl\n",
        2,
        "FROM debian:13\nRUN apt-get update && apt-get install -y --no-install-recommends curl"
        " && rm -rf /var/lib/apt/lists/*\n",
    ),
    Example(
        "FI018",
        "FROM debian:13\nRUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*\n",
        2,
        "FROM debian:13 AS b\nRUN apt-get update && apt-get install -y curl\nFROM scratch\nCOPY --from=b /a /a\n",
    ),
]


FLEET: Mapping[str, tuple[str, Mapping[str, str | int]]] = {
    "bad": (
        f"{PY}COPY requirements.txt .\nRUN {MOUNT} pip install -r requirements.txt\n",
        {"requirements.txt": "flask==3 --hash=sha256:1\nclick==8\njinja2==3\n"},
    ),
    "good": ("ARG BASE_IMAGE=own:1\nFROM ${BASE_IMAGE}\nCOPY app.py /app/\n", SOURCE),
}
"""What several images are made from, one after the other: FI003 is about all of them."""


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.rule}-{example.line}")
def test_a_rule_fires_on_the_failing_example_and_not_on_the_passing_one(example: Example) -> None:
    assert lines(example.rule, example.bad, example.files, runs_on=example.runs_on) == [example.line]
    assert lines(example.rule, example.good, example.files, runs_on=example.runs_on) == []


def test_every_rule_has_an_example() -> None:
    assert {example.rule for example in EXAMPLES} | {"FI003", "FI090"} == set(RULES)


def test_images_that_install_the_same_are_one_finding() -> None:
    dockerfile, files = FLEET["bad"]
    images = [image(dockerfile, files, name=name) for name in ("a", "b", "c")]
    (shared,) = [one for one in lint_images(images) if one.rule == "FI003"]
    assert "3 images install the same 3 distributions: a, b, c" in shared.what
    assert not [one for one in lint_images(images[:1]) if one.rule == "FI003"]
    good = [image(*FLEET["good"], name=name) for name in ("a", "b", "c")]
    assert not [one for one in lint_images(good) if one.rule == "FI003"]
    others = [images[0], image(dockerfile, {"requirements.txt": "flask==3\nclick==7\njinja2==3\n"}, name="d")]
    assert not [one for one in lint_images(others) if one.rule == "FI003"]


def test_a_finding_about_a_requirement_names_its_file_and_line() -> None:
    dockerfile = f"{PY}COPY deps/requirements.txt /tmp/r.txt\nRUN pip install -r /tmp/r.txt\n"
    (one,) = found("FI008", dockerfile, {"deps/requirements.txt": "numpy\n\ntorch==2.9\n"}, runs_on="lambda")
    assert (one.file, one.line, one.severity) == ("deps/requirements.txt", 3, "error")


def test_of_several_requirement_files_of_one_name_the_one_whose_folder_is_named_counts() -> None:
    files = {"api/requirements.txt": "torch==2.9\n", "web/requirements.txt": "jinja2\n"}
    dockerfile = "FROM python:3.12-slim\nCOPY . .\nRUN pip install -r {}requirements.txt\n"
    assert found("FI008", dockerfile.format("api/"), files)
    assert found("FI008", dockerfile.format("/src/api/"), files)
    assert not found("FI008", dockerfile.format("web/"), files)
    assert not found("FI008", dockerfile.format(""), files)


@pytest.mark.parametrize(
    ("mode", "takes"),
    [
        *(("600", True), ("0750", True), ("755", False), ("o-rwx", True), ("go=", True), ("u=rwx,go=", True)),
        *(("u+x", False), ("a+r", False), ("go-w", False), ("+x", False), ("$MODE", False), ("", False)),
    ],
)
def test_which_modes_take_reading_from_others(mode: str, takes: bool) -> None:
    assert takes_read(mode) is takes


def test_what_steps_took_in_earlier_builds_is_the_estimate() -> None:
    def record(*steps: StepRun) -> BuildRecord:
        return BuildRecord("a", "h/a", "0" * 64, "", "built", 0.0, 1.0, timeline=steps)

    text = "RUN pip install -r requirements.txt"
    seconds = StepSeconds.of(
        [
            record(StepRun("", 2, 3, text, duration_s=40.0), StepRun("", 3, 3, "RUN x", duration_s=1.0)),
            record(StepRun("", 2, 3, text, duration_s=60.0)),
            record(StepRun("", 2, 3, text, duration_s=0.1, cached=True)),
        ]
    )
    dockerfile = f"{PY}COPY . .\nrun pip install   -r requirements.txt\nRUN pip install y\n"
    linted = replace(image(dockerfile, {"requirements.txt": "a\nb\nc\n", "a.py": 1}), seconds=seconds)
    found = {(one.rule, one.line): one.estimate for one in lint_images([linted])}
    order = found["FI001", 3]
    assert order is not None
    assert (order.seconds, order.basis) == (50.0, "the time is the median of 2 earlier builds")
    cache = found["FI004", 3]
    assert cache is not None
    assert cache.text == "50 s (the whole step, the median of 2 earlier builds)"
    assert found["FI004", 4] is None
    (shared,) = [one for one in lint_images([replace(linted, name=name) for name in "abc"]) if one.rule == "FI003"]
    assert shared.estimate is not None
    assert shared.estimate.seconds == 100.0
    assert "deps = BaseImage(\"deps\", repository=bases, root='.', requirements=['requirements.txt'], " in shared.fix


def test_images_that_sync_the_same_lock_are_one_finding() -> None:
    lock = 'version = 1\n[[package]]\nname = "app"\nsource = { virtual = "." }\ndependencies = ['
    lock += ", ".join(f'{{ name = "{name}" }}' for name in "xyz") + "]\n"
    for name in "xyz":
        wheel = f'{{ url = "https://h/{name}-1-py3-none-any.whl", size = 2000000 }}'
        lock += f'[[package]]\nname = "{name}"\nversion = "1"\nwheels = [{wheel}]\n'
    dockerfile = f"{PY}COPY uv.lock pyproject.toml ./\nRUN uv sync\n"
    images = [image(dockerfile, {"uv.lock": lock, "pyproject.toml": 1}, name=name) for name in ("a", "b", "c")]
    (shared,) = [one for one in lint_images(images) if one.rule == "FI003"]
    assert "3 images install the same 3 distributions" in shared.what
    assert shared.estimate is not None
    assert shared.estimate.size_bytes == 12_000_000
    assert "lock='uv.lock'" in shared.fix


def test_torch_for_arm_is_no_gpu_build() -> None:
    dockerfile = f"{PY}RUN pip install torch\n"
    assert found("FI008", dockerfile, platform="linux/amd64")
    assert not found("FI008", dockerfile, platform="linux/arm64")


def test_gpu_wheels_of_a_lock_are_added_up() -> None:
    lock = """version = 1
[[package]]
name = "app"
source = { virtual = "." }
dependencies = [{ name = "torch" }]
[[package]]
name = "torch"
version = "2.9"
dependencies = [{ name = "nvidia-cublas-cu12", marker = "sys_platform == 'linux'" }]
wheels = [{ url = "https://x/torch-2.9-cp312-cp312-manylinux_2_28_x86_64.whl", size = 900000000 }]
[[package]]
name = "nvidia-cublas-cu12"
version = "12"
wheels = [
  { url = "https://x/nvidia_cublas_cu12-12-py3-none-manylinux1_x86_64.whl", size = 400000000 },
  { url = "https://x/nvidia_cublas_cu12-12-py3-none-win_amd64.whl", size = 1 },
]
"""
    dockerfile = f"{PY}COPY uv.lock pyproject.toml ./\nRUN uv sync\n"
    (one,) = found("FI008", dockerfile, {"uv.lock": lock, "pyproject.toml": 1})
    assert one.estimate is not None
    assert one.estimate.size_bytes == 400_000_000
    late = f"{PY}COPY . .\nRUN uv sync\n"
    (order,) = found("FI001", late, {"uv.lock": lock, "a.py": 1})
    assert order.estimate is not None
    assert order.estimate.size_bytes == 1_300_000_000


def test_a_lock_without_sizes_gives_no_estimate() -> None:
    lock = 'version = 1\n[[package]]\nname = "app"\nsource = { virtual = "." }\ndependencies = [{ name = "x" }]\n'
    lock += '[[package]]\nname = "x"\nversion = "1"\n'
    (one,) = found("FI001", f"{PY}COPY . .\nRUN uv sync\n", {"uv.lock": lock, "a.py": 1})
    assert one.estimate is None


def test_edits_that_would_have_installed_again_are_counted() -> None:
    commits = (frozenset({"a.py"}), frozenset({"README.md"}), frozenset({"requirements.txt"}))
    files = {"a.py": 1, "requirements.txt": "x\n"}
    (one,) = found("FI001", f"{PY}COPY . .\nRUN pip install -r requirements.txt\n", files, commits=commits)
    assert one.estimate is not None
    assert one.estimate.text == "1 of the last 3 commits would have installed again"


def test_files_that_no_image_needs_are_measured() -> None:
    files = {"a.py": 1, ".git/pack": 3_000_000, "web/node_modules/x.js": 1_000_000, "node_modules/y.js": 500_000}
    (one,) = found("FI009", f"{PY}COPY . .\n", files)
    assert one.estimate is not None
    assert (one.estimate.size_bytes, one.estimate.basis) == (4_500_000, "in 3 files")
    assert not found("FI009", f"{PY}COPY web/node_modules /n\n", files)


def test_a_tag_without_a_digest_is_found_where_other_bases_have_one() -> None:
    dockerfile = "FROM debian:13 AS b\nFROM python:3.12\nCOPY --from=b /a /a\n"
    assert not found("FI010", dockerfile)
    (one,) = found("FI010", dockerfile, pins={"debian:13": f"sha256:{'0' * 64}"})
    assert (one.line, one.severity) == (2, "info")


def test_lambda_asks_for_no_user_and_for_its_platforms() -> None:
    assert not found("FI014", PY, runs_on="lambda")
    (one,) = found("FI016", PY, runs_on="lambda", platform="linux/arm/v7")
    assert one.severity == "error"


@pytest.mark.parametrize(
    "dockerfile",
    [
        'FROM x:1\nSHELL ["powershell"]\nRUN pip install -r requirements.txt\n',
        "FROM x:1\nRUN <<EOF\n#!/usr/bin/env python3\npip = 'pip install x'\nEOF\n",
        "FROM x:1\nRUN echo 'pip install flask; strip /site-packages'\n",
        "FROM x:1\nRUN echo \"it's\n",
        "FROM x:1\nRUN cat > a.sh <<'EOF'\npip install flask\nEOF\n",
        "FROM x:1 AS unused\nRUN pip install flask\nFROM scratch\nCOPY a.py /\n",
        "FROM own:1\nRUN pip download --no-index x\n",
    ],
)
def test_what_is_not_certain_is_no_finding(dockerfile: str) -> None:
    found_here = lint_images([image(dockerfile, {"a.py": 1}, runs_on="anywhere")])
    assert json.dumps([one.what for one in found_here]) == "[]"


def test_local_packages_of_one_step_are_one_finding() -> None:
    dockerfile = f"{PY}COPY a /tmp/a\nCOPY b /tmp/b\nRUN {MOUNT} pip install /tmp/a && pip install /tmp/b\n"
    (one,) = found("FI002", dockerfile, {"a/a.py": 1, "b/b.py": 1})
    assert one.what == "pip installs /tmp/a, /tmp/b and what they depend on in one step."


def test_a_package_that_pip_installs_is_compiled_by_pip() -> None:
    dockerfile = f'{PY}COPY pkg /src/pkg\nRUN {MOUNT} pip install /src/pkg\nCMD ["python3", "-m", "pkg"]\n'
    assert not found("FI011", dockerfile, SOURCE)
    (one,) = found("FI011", f"{dockerfile}COPY app.py /app/\n", SOURCE)
    assert one.line == 5
