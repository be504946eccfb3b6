"""Requirements files, read as pip's own parser reads them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement as Reference
from pip._internal.network.session import PipSession
from pip._internal.req.req_file import parse_requirements

from fast_container.errors import ArgsError, ContextError
from fast_container.python_base.dependencies import declared_dependencies
from fast_container.python_base.requirements.requirement import parse_requirement
from fast_container.python_base.requirements.requirements_file import RequirementsFile, read_requirements_file
from tests.trees import write_tree

LINES = st.sampled_from(
    [
        *(
            "a",
            "B_b>=1,<2",
            "c[x,Y]==1.0 ; os_name == 'nt'",
            "d @ https://h/d.whl",
            "e~=1.4 # why",
            "# all of it",
        ),
        *("", "   ", "\t# indented", "f==1 \\", "  --hash=sha256:aa", "g\\", ">=2", "-c more.txt", "-r more.txt"),
        *("--requirement=more.txt", "-rmore.txt", "h#1", "i @ git+https://h/i@v1#subdirectory=x", "j===1.0-x"),
    ]
)
MORE = "m>=1 # more\nn \\\n  ==2\n"


def by_pip(root: Path) -> list[tuple[str, bool, tuple[str, ...]]]:
    """(Requirement, whether it is a constraint, hashes); canonical and sorted."""
    found: list[tuple[str, bool, tuple[str, ...]]] = []
    for item in parse_requirements(str(root / "r.txt"), session=PipSession()):
        hashes = ((item.options or {}).get("hashes") or {}).items()
        flat = sorted(f"{name}:{value}" for name, values in hashes for value in values)
        found.append((str(parse_requirement(str(Reference(item.requirement)), "")), item.constraint, tuple(flat)))
    return sorted(set(found))


def by_us(found: RequirementsFile) -> list[tuple[str, bool, tuple[str, ...]]]:
    items: Iterator[tuple[str, bool, tuple[str, ...]]] = (
        (str(parse_requirement(str(Reference(str(item))), "")), constraint, item.hashes)
        for items, constraint in ((found.requirements, False), (found.constraints, True))
        for item in items
    )
    return sorted(set(items))


@settings(max_examples=150, deadline=None)
@given(st.lists(LINES, max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_a_file_is_read_as_pip_reads_it(lines: list[str], ending: str) -> None:
    with TemporaryDirectory() as place:
        root = write_tree(Path(place), {"r.txt": ending.join(lines).encode(), "more.txt": MORE})
        try:
            theirs = by_pip(root)
        except BaseException:  # its parser ends the process
            theirs = None
        try:
            ours = by_us(read_requirements_file(str(root), "r.txt"))
        except ContextError:
            ours = None
    # What pip refuses may be refused later, by pip; what it passes over (a hash of nothing, an option after a
    # requirement) may be refused here.
    assert theirs is None or ours is None or ours == theirs, lines
    if not any(line.endswith("\\") or "--hash" in line for line in lines):
        assert ours is not None or theirs is None, lines


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n", "   \n\t\n", "\ufeff", "-r more.txt\n", "--pre\n"])
def test_a_file_without_requirements_is_nothing_to_install_and_no_error(tmp_path: Path, text: str) -> None:
    root = write_tree(tmp_path, {"r.txt": text, "more.txt": "# nothing\n"})
    found = declared_dependencies([], root=str(root), requirements=["r.txt"], constraints="more.txt")
    assert (found.requirements, found.steps, found.constraints) == ((), (), ())
    with pytest.raises(ArgsError, match="nothing to install"):
        declared_dependencies([], root=str(root))


@pytest.mark.parametrize(
    "line",
    [
        *("./lib", "../lib", "/srv/lib", "file:///srv/lib", "file:lib", "-e lib", "-e ./lib[x]", "--editable=lib"),
        *("lib/", "sub/lib", "wheels/lib-1-py3-none-any.whl", "lib-1-py3-none-any.whl", "lib-1.tar.gz", "lib[x]/"),
        *("lib @ ./lib", "lib @ file:///srv/lib"),
    ],
)
def test_a_path_is_a_local_package_or_archive_and_is_never_asked_of_an_index(tmp_path: Path, line: str) -> None:
    files = {f"{place}/pyproject.toml": '[project]\nname = "lib"\n' for place in ("lib", "sub/lib")}
    root = write_tree(tmp_path, {**files, "r.txt": f"{line}\n", "wheels/lib-1-py3-none-any.whl": ""})
    with pytest.raises(ContextError, match="is needed, but it is not among the packages") as caught:
        declared_dependencies([], root=str(root), requirements=["r.txt"])
    assert caught.value.path.startswith("r.txt: ")
