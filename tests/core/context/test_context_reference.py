"""What is selected, against answers that BuildKit's own code gave (``semantics/README.md``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fast_container.core.context.copy_source import CopySource
from fast_container.core.context.follow_links import resolve
from fast_container.core.context.selection import select_sources, select_whole
from fast_container.core.context.view import View
from fast_container.core.declared import DeclaredImage
from fast_container.core.dockerfile import ImageFacts
from fast_container.core.ignore.rules import IgnoreRules
from fast_container.core.recipe import Recipe
from fast_container.core.select import SharedWalks, select_image
from fast_container.errors import FastContainerError
from tests.trees import write_case_tree

CASES = Path(__file__).parents[2] / "semantics"
WALKS = json.loads((CASES / "walk_cases.json").read_text())
READS = json.loads((CASES / "llb_paths_cases.json").read_text())


def by_id(case: dict[str, Any]) -> str:
    return case["id"]


@pytest.mark.parametrize("case", WALKS["cases"], ids=by_id)
def test_the_walk_sends_what_buildkit_sends(case: dict[str, Any], tmp_path: Path) -> None:
    root = tmp_path / "tree"
    write_case_tree(root, WALKS["trees"][case["tree"]])
    if case["tree"] == "app":
        (root / ".dockerignore").write_text(case["dockerignore"])
    rules = IgnoreRules.parse(case["dockerignore"].encode(), file=".dockerignore")
    view = SharedWalks().view(str(root), rules)
    follow = case["follow_paths"]
    nodes = select_whole(view).nodes if follow is None else followed(view, follow)
    assert sorted(n.path + "/" * (n.kind == "dir") for n in nodes) == case["sent"]


def followed(view: View, follow_paths: list[str]) -> list[Any]:
    """BuildKit's transfer: includes are ignore patterns on the paths and on what their links lead to."""
    bare = View(view.tree, None)
    wanted: set[str] = set()
    for path in follow_paths:
        place = resolve(bare, path, follow_last=True)
        wanted |= {path, place.path, *(link.path for link in place.links)}
    includes = IgnoreRules.from_patterns(sorted(wanted))
    found = [node for node in view.below(view.tree.top) if includes.ignores(node.path)]
    for node in found:  # grows
        if node.parent is not None and node.parent.parent is not None and node.parent not in found:
            found.append(node.parent)
    return found


def local_reads() -> list[Any]:
    return [
        pytest.param(case, name, id=f"{case['id']}-{name}")
        for case in READS["cases"]
        for name, local in (case.get("locals") or {}).items()
        if not local.get("build_fails")
    ]


def lay_out(case: dict[str, Any], tmp_path: Path) -> dict[str, str]:
    """The case's context and named contexts; gives the named ones' directories."""
    root = tmp_path / "context"
    write_case_tree(root, READS["trees"][case["tree"]])
    for name in ("Dockerfile", ".dockerignore"):
        (root / name).unlink(missing_ok=True)
    for path, text in {case["dockerfile_path"]: case["dockerfile"], **case["files"]}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    named: dict[str, str] = {}
    for name, place in (case.get("named_contexts") or {}).items():
        if place.startswith("tree:"):
            named[name] = str(tmp_path / f"named-{name}")
            write_case_tree(Path(named[name]), READS["trees"][place.removeprefix("tree:")])
        else:
            named[name] = place
    return named


@pytest.mark.parametrize(("case", "name"), local_reads())
def test_selectors_take_what_influences_the_image(case: dict[str, Any], name: str, tmp_path: Path) -> None:
    named = lay_out(case, tmp_path)
    local = case["locals"][name]
    rules = IgnoreRules.from_patterns(local["exclude_patterns"] or [])
    view = SharedWalks().view(named.get(name, str(tmp_path / "context")), rules)
    sources = [
        CopySource(s["path"].strip("/"), s["wildcard"], tuple(s.get("include") or ()), tuple(s.get("exclude") or ()))
        for s in local["selectors"]
    ]
    taken = [node.path for node in select_sources(view, sources).nodes if node.kind != "dir"]
    assert sorted(taken) == local["influence_content"]


@pytest.mark.parametrize("case", READS["cases"], ids=by_id)
def test_an_image_reads_what_influences_it(case: dict[str, Any], tmp_path: Path) -> None:
    image = DeclaredImage(
        name="case",
        context=str(tmp_path / "context"),
        dockerfile=str(tmp_path / "context" / case["dockerfile_path"]),
        dockerfile_name=case["dockerfile_path"],
        recipe=Recipe(
            target=case.get("target", ""),
            platform=case.get("platform", "linux/amd64"),
            build_args=case.get("build_args", {}),
        ),
        named_contexts=lay_out(case, tmp_path),
        image_facts=OnlyPath(),
    )
    if "error" in case or any(local.get("build_fails") for local in case.get("locals", {}).values()):
        with pytest.raises(FastContainerError):
            select_image(image, SharedWalks())
        return
    selected = select_image(image, SharedWalks())
    taken = {
        name: sorted(entry.path for entry in source.entries if entry.type != "dir")
        for name, source in selected.contexts.items()
    }
    assert taken == {name: local["influence_content"] for name, local in (case.get("locals") or {}).items()}


class OnlyPath(dict[str, ImageFacts]):
    """Every image has a configuration with only PATH set, as in the reference cases."""

    def __missing__(self, _reference: str) -> ImageFacts:
        return ImageFacts({"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, ())

    def get(self, reference: str, default: Any = None) -> ImageFacts:
        return self[reference]

    def __contains__(self, _reference: object) -> bool:
        return True
