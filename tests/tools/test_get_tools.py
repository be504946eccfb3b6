"""How the tools are put together: once, completely, and from PATH where that is good enough."""

import os
import subprocess
from pathlib import Path

import pytest

from tools.get_tools import ToolsError, cache_folder, check_host, prepare
from tools.pins import GoModule, pinned_modules, pins_digest


def test_every_program_of_every_module_is_there_and_runs(project):
    tools = project.prepare()
    for name in ("pulumi", "pulumi-language-python"):
        assert subprocess.check_output([tools.bin_dir / name], text=True).strip() == name
    assert os.access(tools.bin_dir / "pulumi-language-python-exec", os.X_OK)
    assert (tools.bin_dir / "runc").resolve() == project.path / "runc"


def test_our_programs_and_companions_are_real_files_of_one_folder(project):
    bin_dir = project.prepare().bin_dir
    ours = ("pulumi", "pulumi-language-python", "pulumi-language-python-exec")
    assert {(bin_dir / name).resolve().parent for name in ours} == {bin_dir}


def test_a_second_run_starts_no_process(project, monkeypatch):
    project.program("pulumi", "v3.100.0")
    first = project.prepare()

    def refuse(*_args, **_kwargs):
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert project.prepare() == first
    assert len(project.builds) == 2


def test_a_program_that_vanished_is_put_back_without_a_compile(project):
    bin_dir = project.prepare().bin_dir
    (bin_dir / "pulumi").unlink()
    project.prepare()
    assert (bin_dir / "pulumi").exists()
    assert len(project.builds) == 2


@pytest.mark.parametrize("changed", ["engine/go.mod", "language/go.sum", "pulumi-language-python-exec"])
def test_every_pin_changes_the_digest(project, changed):
    before = pins_digest(project.modules())
    with (project.root / changed).open("a") as file:
        file.write("// more\n")
    assert pins_digest(project.modules()) != before


def test_a_changed_pin_builds_that_module_alone(project):
    first = project.prepare().bin_dir
    with (project.root / "language" / "go.mod").open("a") as file:
        file.write("// more\n")
    assert project.prepare().bin_dir != first
    assert project.builds.count("engine") == 1
    assert project.builds.count("language") == 2


def test_an_older_pulumi_on_path_is_passed_over_with_a_reason(project):
    old = project.program("pulumi", "v3.181.0")
    said: list[str] = []
    tools = project.prepare(said)
    [reason] = tools.passed_over
    assert str(old) in reason
    assert "3.181.0" in reason
    assert "3.182.0" in reason
    assert reason in said
    assert "engine" in project.builds


def test_a_pulumi_that_does_not_say_its_version_is_passed_over(project):
    project.program("pulumi", "")
    [reason] = project.prepare().passed_over
    assert "does not say its version" in reason


def test_the_reason_is_part_of_the_error_when_ours_cannot_be_built(project):
    project.program("pulumi", "v3.1.0")
    (project.root / "engine" / "broken").touch()
    with pytest.raises(ToolsError, match=r"is 3\.1\.0, at least(.|\n)*undefined: y"):
        project.prepare()


def test_a_new_enough_pulumi_is_used_with_its_own_language_host(project):
    mine = project.program("pulumi", "v3.182.0")
    names = ("pulumi-language-python", "pulumi-language-python-exec", "pulumi-resource-pulumi-python")
    for name in names:
        project.program(name)
    bin_dir = project.prepare().bin_dir
    assert (bin_dir / "pulumi").resolve() == mine
    assert {(bin_dir / name).resolve().parent for name in names} == {project.path}
    assert project.builds == []


def test_ours_is_taken_when_a_pulumi_has_no_complete_language_host_beside_it(project):
    project.program("pulumi", "v4.0.0")
    project.program("pulumi-language-python")
    bin_dir = project.prepare().bin_dir
    assert (bin_dir / "pulumi-language-python").resolve().parent == bin_dir
    assert project.builds == ["language"]


def test_a_newer_pulumi_put_in_place_of_an_older_one_is_noticed(project):
    project.program("pulumi", "v3.100.0")
    project.prepare()
    new = project.program("pulumi", "v3.300.0 (after an upgrade)")
    assert (project.prepare().bin_dir / "pulumi").resolve() == new


def test_our_own_tools_on_path_are_not_taken_for_the_users(project):
    bin_dir = project.prepare().bin_dir
    environ = project.environ | {"PATH": f"{bin_dir}{os.pathsep}{project.path}"}
    assert prepare(project.modules(), project.cache, environ, lambda _line: None).bin_dir == bin_dir


def test_another_path_gets_a_folder_of_its_own(project):
    plain = project.prepare().bin_dir
    project.program("pulumi", "v3.200.0")
    mine = project.prepare().bin_dir
    assert mine != plain
    assert (plain / "pulumi").resolve().parent == plain


def test_an_old_buildx_plugin_is_passed_over_and_a_new_one_is_found_among_the_plugins(project):
    project.program("docker-buildx", "github.com/docker/buildx v0.12.1 abc")
    assert "0.13.0" in project.prepare().passed_over[0]
    (project.path / "docker-buildx").unlink()
    plugins = project.root / ".docker" / "cli-plugins"
    new = project.program("docker-buildx", "github.com/docker/buildx v0.14.0 abc", plugins)
    bin_dir = project.prepare().bin_dir
    assert (bin_dir / "buildx").resolve() == (bin_dir / "docker-buildx").resolve() == new


def test_the_pinned_modules_name_their_programs_and_versions():
    modules = {module.name: module for module in pinned_modules()}
    assert modules["pulumi"].programs() == ["pulumi"]
    assert modules["language"].programs() == ["pulumi-language-python"]
    assert set(modules["buildkit"].programs()) == {"buildkitd", "buildctl", "buildx", "dockerfile-frontend"}
    assert modules["registry"].programs() == ["registry"]
    assert "common/version.Version=v3.250.0" in modules["pulumi"].linker_flags()
    assert modules["language"].version_of("github.com/pulumi/pulumi/sdk/v3") == "v3.78.0"
    assert "github.com/moby/buildkit/version.Version=v0.34.2" in modules["buildkit"].linker_flags()
    assert all((module.folder / "go.sum").stat().st_size for module in modules.values())


def test_a_stamp_of_a_module_that_is_not_required_is_refused(project):
    module = GoModule(project.root / "engine", stamps={"x.Version": "example.org/other"})
    with pytest.raises(ValueError, match=r"does not require example\.org/other"):
        module.linker_flags()


def test_the_cache_is_where_the_user_says():
    assert cache_folder({"FAST_CONTAINER_CACHE": "/a/b"}) == Path("/a/b")
    assert cache_folder({"XDG_CACHE_HOME": "/c"}) == Path("/c/fast-container")
    assert cache_folder({}) == Path.home() / ".cache" / "fast-container"


def test_a_host_that_cannot_run_the_demo_gets_one_line():
    assert check_host("linux", 0) is None
    for platform, user in (("darwin", 0), ("linux", 1000)):
        said = check_host(platform, user)
        assert said
        assert "\n" not in said
