"""Requirements and requirements files: one canonical form, and nothing that could be misread is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement as Reference

from fast_container.errors import ContextError
from fast_container.python_base.requirements.requirement import Requirement, parse_requirement
from fast_container.python_base.requirements.requirements_file import RequirementsFile, read_requirements_file
from tests.trees import write_tree


def read(text: str) -> Requirement:
    return parse_requirement(text, "pyproject.toml")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Django>=4,<5", "django <5 , >=4"),
        ("zope.interface", "Zope_Interface"),
        ("uvicorn[standard,Foo_bar]", "uvicorn [ foo-bar , standard]"),
        ("x (>=1)", "x>=1"),
        ("x; python_version<'3.12'", 'x ;python_version   <  "3.12"'),
        ("x;(os_name=='nt')or extra=='a'", "x; ( os_name == 'nt' ) or extra == 'a'"),
        ("x @ https://h/x.whl ; os_name=='nt'", 'x@https://h/x.whl ; os_name == "nt"'),
    ],
)
def test_blanks_order_quotes_and_spelling_do_not_count(one: str, other: str) -> None:
    assert read(one) == read(other)
    assert str(read(one)) == str(read(other))


@pytest.mark.parametrize("text", ["x>=1", "x[a]", "x==1; os_name == 'nt'", "x @ git+https://h/x@v1", "x!=1,>=1"])
def test_what_is_written_reads_back_as_the_same(text: str) -> None:
    assert read(str(read(text))) == read(text)


@given(
    st.from_regex(r"\A[A-Za-z0-9]([A-Za-z0-9._-]{0,6}[A-Za-z0-9])?\Z"),
    st.lists(st.sampled_from(["a", "B.c", "d_e"]), max_size=3),
    st.lists(st.sampled_from([">=1", "<2.0", "!=1.5", "~=1.4", "==1.*"]), max_size=3),
    st.sampled_from(["", "; python_version < '3.12'", ";sys_platform==\"linux\" and extra == 'x'"]),
    st.sampled_from(["", " ", "  "]),
)
def test_requirements_are_read_as_packaging_reads_them(
    name: str, extras: list[str], versions: list[str], marker: str, blank: str
) -> None:
    text = f"{name}{blank}[{blank.join(extras[:1])}{''.join(f',{e}' for e in extras[1:])}]{','.join(versions)}{marker}"
    ours, theirs = Reference(str(read(text))), Reference(text)
    assert (ours.specifier, ours.marker) == (theirs.specifier, theirs.marker)
    assert {extra.lower().translate({46: "-", 95: "-"}) for extra in theirs.extras} == ours.extras


@pytest.mark.parametrize("text", ["", "-x", "x>", "x 1", "x[a", "x[a b]", "x @ ", "x @ https://a b", "a/b", "x=1"])
def test_what_is_no_requirement_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(ContextError) as caught:
        read(text)
    assert caught.value.path.startswith("pyproject.toml")


def test_credentials_are_refused_and_not_repeated() -> None:
    for text in ("x @ git+https://user:hunter2@example.org/x", "x @ https://user:hunter2@example.org/x and more"):
        with pytest.raises(ContextError) as caught:
            read(text)
        assert "hunter2" not in str(caught.value)
    assert read("x @ git+ssh://git@example.org/x").url == "git+ssh://git@example.org/x"
    assert read("x @ https://${TOKEN}@example.org/x").url == "https://${TOKEN}@example.org/x"


def read_files(root: Path, **files: str) -> RequirementsFile:
    write_tree(root, {name.replace("_", "/") + ".txt": text for name, text in files.items()})
    return read_requirements_file(str(root), "main.txt")


@pytest.mark.parametrize("login", ["user:hunter2${X}", "hunter2${X}", "${X}:hunter2", "user:${X}hunter2", "user:"])
def test_a_secret_beside_a_variable_is_a_secret_still(login: str) -> None:
    with pytest.raises(ContextError) as caught:
        parse_requirement(f"x @ git+https://{login}@example.org/x", "r.txt")
    assert login not in str(caught.value)


@pytest.mark.parametrize("login", ["${X}", "${X}:${Y}", "user:${X}", "${X}:x-oauth-basic", "${X}:", "git", "git:${X}"])
def test_a_login_of_variables_is_no_secret(login: str) -> None:
    assert login in parse_requirement(f"x @ git+https://{login}@example.org/x", "r.txt").url


@pytest.mark.parametrize("text", [f"x=={'9' * 5000}", "x; " + "(" * 3000 + "os_name == 'a'" + ")" * 3000])
def test_a_requirement_that_is_too_much_for_python_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(ContextError, match=r"r\.txt"):
        parse_requirement(text, "r.txt")


def test_several_options_of_one_line_are_read_one_by_one_as_pip_does(tmp_path: Path) -> None:
    line = "--index-url https://a.example/simple --extra-index-url=https://b.example/simple --pre -r a.txt -c b.txt\n"
    write_tree(tmp_path, {"r.txt": line, "a.txt": "a\n", "b.txt": "b<2\n"})
    found = read_requirements_file(str(tmp_path), "r.txt")
    indexes = ["--index-url https://a.example/simple", "--extra-index-url https://b.example/simple"]
    assert found.options == [*indexes, "--pre"]
    assert [item.name for item in (*found.requirements, *found.constraints)] == ["a", "b"]


def test_a_file_includes_others_from_where_it_lies(tmp_path: Path) -> None:
    found = read_files(
        tmp_path,
        main="-r sub/one.txt\nb # comment\n",
        sub_one="a\\\n  >=1\n--requirement two.txt\n-c limits.txt\n-r one.txt",
        sub_two="c;os_name=='nt'\n",
        sub_limits="d<2\n",
    )
    assert [str(item) for item in found.requirements] == ["a>=1", 'c; os_name == "nt"', "b"]
    assert [str(item) for item in found.constraints] == ["d<2"]
    assert found.requirements[0].place == "sub/one.txt: a >=1"


def test_hashes_options_and_local_paths_are_told_apart(tmp_path: Path) -> None:
    found = read_files(
        tmp_path,
        main=(
            "\ufeff--index-url https://index.example/simple\n-f https://wheels.example/\n--require-hashes\n"
            "a==1 \\\n    --hash=sha256:bb \\\n    --hash=sha256:aa # why not\n"
            "-e ./packages/x[extra]\n./packages/y\n"
        ),
    )
    assert found.options == ["--index-url https://index.example/simple", "--find-links https://wheels.example/"]
    assert found.requirements[0].line == "a==1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb"
    assert [path for path, _ in found.local_paths] == ["packages/x", "packages/y"]


@pytest.mark.parametrize(
    "line",
    [
        "--find-links ./wheels",
        "-r https://example.org/requirements.txt",
        "-e git+https://example.org/x#egg=x",
        "--config-settings x",
        'x --config-settings="a=b"',
        "--index-url https://user:hunter2@example.org/simple",
        "--index-url https://${X}@a.example/simple --extra-index-url https://user:hunter2@example.org/simple",
        "--no-index --find-links ./wheels",
    ],
)
def test_what_a_build_could_not_see_or_keep_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(ContextError) as caught:
        read_files(tmp_path, main=line)
    assert caught.value.path.startswith("main.txt")
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContextError, match="cannot be read") as caught:
        read_files(tmp_path, main="-r gone.txt")
    assert caught.value.path == "gone.txt"
