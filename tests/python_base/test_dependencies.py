"""What local packages declare together: source never counts, a new dependency always does."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_container.errors import ArgsError, ContextError
from fast_container.python_base.dependencies import Dependencies, declared_dependencies
from fast_container.python_base.requirements.merge import merge
from fast_container.python_base.requirements.requirement import parse_requirement
from tests.python_base.written import requirements_text
from tests.trees import write_tree

ORDERS = """\
[project]
name = "shop-orders"
version = "1"
requires-python = ">=3.11"
dependencies = ["shop_pricing[fast]", "pydantic>=2"]
[project.optional-dependencies]
aws = ["boto3"]
all = ["shop-orders[aws]", "uvicorn[standard]"]
[dependency-groups]
test = ["pytest", {include-group = "lint"}]
lint = ["ruff"]
"""
PRICING = """\
[project]
name = "shop-pricing"
version = "1"
dependencies = ["pydantic<3", "babel"]
[project.optional-dependencies]
fast = ["rapidfuzz"]
"""


def shop(root: Path, files: Mapping[str, str] | None = None, **pyprojects: str) -> str:
    projects = {"orders": ORDERS, "pricing": PRICING, **pyprojects}
    tree = {f"packages/{name}/pyproject.toml": text for name, text in projects.items()}
    write_tree(root, {**tree, "packages/orders/src/orders.py": "", **(files or {})})
    return str(root)


def declare(
    root: str, *, packages: tuple[str, ...] = ("packages/orders", "packages/pricing"), **more: Any
) -> Dependencies:
    return declared_dependencies(packages, root=root, **more)


def names(found: Dependencies) -> list[str]:
    return [str(item) for item in found.requirements]


def project(name: str, *dependencies: str, more: str = "") -> str:
    listed = ", ".join(f"'{item}'" for item in dependencies)
    return f'[project]\nname = "{name}"\nversion = "1"\ndependencies = [{listed}]\n{more}'


def test_packages_are_merged_and_never_name_one_another(tmp_path: Path) -> None:
    found = declare(shop(tmp_path))
    assert names(found) == ["babel", "pydantic<3,>=2", "rapidfuzz"]
    assert [package.name for package in found.packages] == ["shop-pricing", "shop-orders"]
    assert found.unpinned == ("babel", "pydantic", "rapidfuzz")


def test_extras_and_groups_are_added_only_where_selected(tmp_path: Path) -> None:
    root = shop(tmp_path)
    assert "boto3" in names(declare(root, extras=["aws"]))
    assert {"boto3", "uvicorn[standard]"} <= set(names(declare(root, extras={"Shop.Orders": ["all"]})))
    assert {"pytest", "ruff"} <= set(names(declare(root, groups=["test"])))


@pytest.mark.parametrize("selected", [["nope"], {"shop-pricing": ["aws"]}, {"other": ["aws"]}, "aws"])
def test_an_extra_that_is_not_declared_is_refused(tmp_path: Path, selected: Any) -> None:
    with pytest.raises(ArgsError) as caught:
        declare(shop(tmp_path), extras=selected)
    assert caught.value.property_path.startswith("extras")


def test_source_version_readme_and_order_do_not_count(tmp_path: Path) -> None:
    before = declare(shop(tmp_path / "a"))
    root = shop(
        tmp_path / "b",
        {
            "packages/orders/src/orders.py": "changed",
            "packages/orders/src/new.py": "",
            "packages/pricing/README.md": "x",
        },
        orders=ORDERS.replace('version = "1"', 'version = "2" # newer').replace(
            '["shop_pricing[fast]", "pydantic>=2"]', '["Pydantic >= 2",\n  "shop.pricing[Fast]",]'
        ),
    )
    after = declare(root, packages=("./packages/pricing/", "packages/orders"))
    assert after == before
    assert (requirements_text(after), after.constraints_text) == (requirements_text(before), before.constraints_text)


@pytest.mark.parametrize("new", ["numpy", "pydantic>=2.1", "rapidfuzz[all]", "babel; os_name == 'nt'"])
def test_a_new_dependency_always_counts_unless_it_asks_for_nothing_more(tmp_path: Path, new: str) -> None:
    before = requirements_text(declare(shop(tmp_path / "a")))
    more = PRICING.replace('["pydantic<3"', f'["pydantic<3", "{new}"')
    after = requirements_text(declare(shop(tmp_path / "b", pricing=more)))
    assert (after == before) == ("os_name" in new)


LINES = st.lists(
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["a", "B_b", "b-b", "c[x]", "c"]),
        st.sampled_from(["", ">=1", "<9", "==2", "!=1.5"]),
        st.sampled_from(["", "; os_name == 'nt'", ";os_name=='nt'"]),
    ),
    max_size=8,
)


@given(LINES, st.randoms(use_true_random=False))
def test_merging_does_not_depend_on_order_or_repetition(lines: list[str], order: random.Random) -> None:
    read = [parse_requirement(line, "f") for line in lines]
    shuffled = [*read, *order.sample(read, len(read))]
    order.shuffle(shuffled)
    assert merge(shuffled) == merge(read) == merge(merge(read))


@pytest.mark.parametrize(
    ("one", "other"),
    [("x==1", "x==2"), ("X>=2", "x<2"), ("x~=1.4", "x>=2"), ("x @ https://a/x.whl", "x @ https://b/x.whl")],
)
def test_a_conflict_names_both_places(tmp_path: Path, one: str, other: str) -> None:
    root = shop(tmp_path, orders=project("orders", one), pricing=project("pricing", other))
    with pytest.raises(ArgsError, match="cannot hold together") as caught:
        declare(root)
    assert f"packages/orders/pyproject.toml: {one}" in caught.value.why
    assert f"packages/pricing/pyproject.toml: {other}" in caught.value.why


def test_a_conflict_with_a_constraint_or_a_requirements_file_is_found(tmp_path: Path) -> None:
    root = shop(tmp_path, {"limits.txt": "pydantic==3.1\n", "more.txt": "babel>=2\n-c limits.txt\n"})
    with pytest.raises(ArgsError, match="pydantic") as caught:
        declare(root, constraints="limits.txt")
    assert "limits.txt: pydantic==3.1" in caught.value.why
    with pytest.raises(ArgsError, match="pydantic"):
        declare(root, requirements=["more.txt"])


def test_what_may_never_meet_is_no_conflict(tmp_path: Path) -> None:
    one, other = 'x==1; python_version < "3.12"', 'x==2; python_version >= "3.12"'
    root = shop(tmp_path, orders=project("orders", one), pricing=project("pricing", other))
    assert names(declare(root)) == [one, other]


def test_packages_that_need_different_pythons_are_refused(tmp_path: Path) -> None:
    root = shop(tmp_path, pricing=PRICING.replace('version = "1"', 'version = "1"\nrequires-python = "<3.11"'))
    with pytest.raises(ArgsError, match="different versions of Python"):
        declare(root)


def test_an_exact_version_with_hashes_makes_the_looser_ones_superfluous(tmp_path: Path) -> None:
    compiled = "".join(f"{line} --hash=sha256:{line[:2]}\n" for line in ("pydantic==2.5", "babel==2", "rapidfuzz==3"))
    root = shop(tmp_path, {"requirements.txt": compiled})
    found = declare(root, requirements=["requirements.txt"])
    assert names(found) == ["babel==2", "pydantic==2.5", "rapidfuzz==3"]
    assert found.unpinned == ()
    with pytest.raises(ArgsError, match="boto3 has no hash"):
        declare(root, requirements=["requirements.txt"], extras=["aws"])


def test_a_local_package_that_is_not_given_is_named(tmp_path: Path) -> None:
    by_path = project("orders", "shop-pricing", more='[tool.uv.sources]\nshop-pricing = {path = "../pricing"}\n')
    by_workspace = {"pyproject.toml": "[tool.uv.sources]\nshop-pricing = {workspace = true}\n"}
    by_url = project("orders", "shop-pricing @ file:///srv/pricing")
    for number, (files, orders) in enumerate([({}, by_path), (by_workspace, ORDERS), ({}, by_url)]):
        root = shop(tmp_path / str(number), files, orders=orders)
        with pytest.raises(ContextError, match="local package shop-pricing is needed") as caught:
            declare(root, packages=("packages/orders",))
        assert caught.value.path.startswith("packages/orders/pyproject.toml: shop")


def test_a_local_path_in_a_requirements_file_must_be_one_of_the_packages(tmp_path: Path) -> None:
    root = shop(tmp_path, {"r.txt": "-e ./packages/pricing\nshop-orders\nhttpx\n", "s.txt": "./packages/other\n"})
    assert "httpx" in names(declare(root, requirements=["r.txt"]))
    with pytest.raises(ContextError, match="packages/other is needed"):
        declare(root, requirements=["s.txt"])


def test_sources_of_uv_say_where_a_distribution_comes_from(tmp_path: Path) -> None:
    more = '[tool.uv.sources]\nx = {git = "https://h/x", tag = "v1"}\ny = {url = "https://h/y.whl"}\n'
    root = shop(tmp_path, orders=project("orders", "x>=1", "y", "z", more=more))
    found = declare(root, packages=("packages/orders",))
    assert names(found) == ["x @ git+https://h/x@v1", "y @ https://h/y.whl", "z"]


def test_dynamic_dependencies_are_read_from_setuptools_files_or_refused(tmp_path: Path) -> None:
    head = '[project]\nname = "orders"\ndynamic = ["version", "dependencies"]\n'
    files = {"packages/orders/r.txt": "httpx # x\n"}
    dynamic = head + '[tool.setuptools.dynamic]\ndependencies = {file = ["r.txt"]}\n'
    found = declare(shop(tmp_path / "a", files, orders=dynamic), packages=("packages/orders",))
    assert names(found) == ["httpx"]
    with pytest.raises(ContextError, match="dependencies of a local package are dynamic"):
        declare(shop(tmp_path / "b", orders=head), packages=("packages/orders",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[project\n", "not TOML"),
        ("[tool.poetry]\nname = 'x'\n", "declares no name"),
        ("[project]\nname = 'x'\ndependencies = 'httpx'\n", "not a list"),
        ("[project]\nname = 'x'\ndependencies = ['httpx>']\n", "cannot be read"),
        ("[project]\nname = 'x'\n[dependency-groups]\na = [{include-group = 'a'}]\n", "includes itself"),
        ("[project]\nname = 'x'\n[dependency-groups]\na = [{include-group = 'b'}]\n", "is not declared"),
    ],
)
def test_a_broken_declaration_is_refused_with_its_file(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ContextError, match=message) as caught:
        declare(shop(tmp_path, orders=text))
    assert caught.value.path.startswith("packages/orders/pyproject.toml")


def test_cycles_and_equal_names_are_refused(tmp_path: Path) -> None:
    cycle = shop(tmp_path / "a", orders=project("orders", "pricing"), pricing=project("pricing", "orders"))
    with pytest.raises(ArgsError, match="form a cycle") as caught:
        declare(cycle)
    assert caught.value.why == "orders → pricing → orders"
    with pytest.raises(ArgsError, match="Two packages are called orders"):
        declare(shop(tmp_path / "b", orders=project("orders"), pricing=project("Orders")))
