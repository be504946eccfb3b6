"""The throw-away build: its order, its stages, its mounts."""

from __future__ import annotations

import json
from dataclasses import replace

from fast_container.core.dockerfile.read import read_dockerfile
from fast_container.startup.steps import dockerfile, order_of_runs, plan_json
from fast_container.startup.subject import Subject

IMAGE = f"registry.example/shop/a@sha256:{'0' * 64}"
ONE = Subject(IMAGE, "lambda", ("/entry", "app.handler"), {"A": "1"}, "", "/var/task", "", 5.0, "python3")
OTHER = replace(ONE, image=IMAGE.replace("/a@", "/b@"), python="")


def test_two_images_are_started_in_turns() -> None:
    runs = order_of_runs(["a", "b"], 3, ["a", "b"])
    assert "".join(run.subject for run in runs if run.what in {"first", "time"}) == "abbaabba"
    assert [run.what for run in runs if run.subject == "a"] == ["first", *["time"] * 3, "files", *["imports"] * 3]


def test_imports_are_looked_at_five_times_at_most_and_only_where_there_is_python() -> None:
    runs = order_of_runs(["a", "b"], 20, ["a"])
    assert [run.subject for run in runs if run.what not in {"first", "time"}] == ["a"] * 6
    assert sum(run.what == "time" for run in runs) == 40


def test_each_run_is_a_stage_of_its_own_that_waits_for_the_one_before() -> None:
    runs = order_of_runs(["a"], 2, [])
    text = dockerfile({"a": ONE}, runs, python_image="python:3-slim")
    assert text.count(f"FROM {IMAGE} AS run-") == 3
    assert "from=run-0" in text
    assert "from=run-1" in text
    assert text.count("--network=none") == 3
    assert "python:3-slim" not in text
    assert text.endswith("FROM scratch\nCOPY --from=run-2 /.fast-container-out/runs.jsonl /\n")


def test_an_image_without_python_is_started_by_one_of_another_image() -> None:
    text = dockerfile({"a": OTHER}, order_of_runs(["a"], 1, []), python_image="python:3-slim", network="default")
    assert text.startswith("FROM python:3-slim AS python\n")
    assert '["/.fast-container/python/loader", "--library-path"' in text
    assert "--network=default" in text


def test_it_is_a_dockerfile() -> None:
    text = dockerfile({"a": ONE, "b": OTHER}, order_of_runs(["a", "b"], 2, ["a"]), python_image="python:3-slim")
    found = read_dockerfile(text.encode(), file="Dockerfile")
    assert not found.warnings
    assert len(found.stages) == 1 + 2 * 3 + 3 + 1


def test_the_plan_has_all_that_the_probe_needs() -> None:
    plan = json.loads(plan_json({"a": ONE}, order_of_runs(["a"], 1, ["a"])))
    assert plan["runs"][0] == {"subject": "a", "what": "first"}
    assert plan["subjects"]["a"]["command"] == ["/entry", "app.handler"]
    assert plan["subjects"]["a"]["env"] == {"A": "1"}
