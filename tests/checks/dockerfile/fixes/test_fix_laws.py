"""Laws of fixes, over made Dockerfiles: findings are gone, the file reads as before, a second run changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from fast_container.checks.dockerfile.fixes.copied_paths import copied_paths
from fast_container.checks.dockerfile.fixes.fix import FIXED_RULES, FixableImage, fix_dockerfile
from fast_container.checks.dockerfile.fixes.steps_at import directory_at
from fast_container.checks.dockerfile.lint import lint_images
from tests.checks.dockerfile.linting import fixable

FILES: Mapping[str, str | int] = {
    "app.py": "print(1)\n",
    "pkg/__init__.py": "",
    "pkg/requirements.txt": "flask\n",
    "requirements.txt": "flask==3\n",
    "package.json": '{"dependencies": {"left-pad": "1.3.0"}}',
    "package-lock.json": "{}",
    "index.js": "1\n",
    "data.bin": 5,
}
LINES = [
    "WORKDIR /w",
    "WORKDIR sub",
    "COPY . .",
    "COPY . /w",
    "copy --chown=1:1 pkg /w/pkg/",
    "COPY requirements.txt app.py ./",
    "COPY requirements.txt /w/",
    "COPY ${NAME} .",
    "COPY *.py /w/",
    "ADD data.bin /w/app.py",
    "RUN pip install -r requirements.txt",
    "RUN pip install --no-cache-dir -r /w/requirements.txt && echo --no-cache-dir",
    "RUN pip install \\\n    --no-cache-dir \\\n# inside\n    flask \\\n    --no-cache-dir",
    "RUN --mount=type=cache,target=/root/.cache/pip pip install --no-cache-dir -r requirements.txt",
    "RUN <<EOF\npip install flask\n# in a document\nEOF",
    "RUN pip install x && rm -rf ~/.cache",
    "RUN npm ci",
    "RUN uv pip install --no-cache flask",
    "RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*",
    "RUN python -m compileall -q /w",
    "RUN useradd -u 1000 app",
    "RUN ls /w",
    "ENV PYTHONOPTIMIZE=2",
    "ENV NAME=app.py",
    "USER app",
    "USER 1000:1000",
    "USER root",
    "EXPOSE 8080",
    "VOLUME /x",
    "ONBUILD RUN pip install x",
    'CMD ["python", "app.py"]',
    "# fast-container: skip=FI004 so it is",
    "# a comment",
    "",
    "LABEL a=b \\\n\n  c=d",
]
FROMS = ["FROM python:3.12-slim", "FROM node:22", "FROM public.ecr.aws/lambda/python:3.12", "FROM one", "FROM corp:1"]

stages = st.lists(
    st.tuples(st.sampled_from(FROMS), st.lists(st.sampled_from(LINES), max_size=9)), min_size=1, max_size=3
)


@st.composite
def dockerfiles(draw: st.DrawFn) -> str:
    lines: list[str] = draw(st.lists(st.sampled_from(["# check=skip=all", "# hello", ""]), max_size=1))
    for number, (start, body) in enumerate(draw(stages)):
        lines += ["FROM python:3.12 AS one" if number == 0 else start, *body]
    text = "\n".join(lines) + draw(st.sampled_from(["", "\n"]))
    text = text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))
    return draw(st.sampled_from(["", "\ufeff"])) + text


def copied(image: FixableImage) -> dict[str, tuple[str, str] | None]:
    """Path in the image → the file of the context that is there in the end; None where it is not known."""
    stage = image.image.stages.target
    found: dict[str, tuple[str, str] | None] = {}
    for step in stage.chain():
        if step.name == "COPY":
            paths = copied_paths(image.image, step, directory_at(stage, step))
            owner = step.command.node.flags[0] if step.command.node.flags else ""
            found |= {step.command.node.original: None} if paths is None else {p: (f, owner) for f, p in paths.items()}
    return found


def comments(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.lstrip().startswith("#")]


@settings(max_examples=150, deadline=None)
@given(dockerfiles(), st.sampled_from(["ecs", "lambda", "anywhere"]))
def test_what_is_fixed_is_gone_and_the_rest_is_as_before(dockerfile: str, runs_on: str) -> None:
    before = fixable(dockerfile, FILES, runs_on=runs_on)
    fixed = fix_dockerfile([before], (), None)
    after_text = fixed.after.decode()
    after = fixable(after_text, FILES, runs_on=runs_on)
    old, new = (Counter(one.rule for one in lint_images([image.image])) for image in (before, after))
    assert old - new == fixed.rules
    assert set(fixed.rules) <= FIXED_RULES
    assert not new - old
    assert copied(before) == copied(after)
    assert comments(dockerfile) == comments(after_text)
    assert [stage.name for stage in before.image.stages.stages] == [stage.name for stage in after.image.stages.stages]
    left = Counter(dockerfile.splitlines()) - Counter(after_text.splitlines())
    assert all(line.lstrip().upper().startswith(("RUN", "COPY", "USER", "PIP", "--", "FLASK")) for line in left)
    assert ("\r\n" in after_text) == ("\r\n" in dockerfile) or "\n" not in dockerfile
    again = fix_dockerfile([after], (), None)
    assert again.after == fixed.after
    rest = {(one.rule, one.line) for one in lint_images([after.image]) if one.rule in FIXED_RULES - {"FI009"}}
    assert {(one.rule, one.line) for one, _ in again.left} == rest
