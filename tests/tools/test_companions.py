"""The language host's two companions, on the real engine: what a program sees, and how its failure is shown."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.get_tools import ensure_tools

pytestmark = pytest.mark.engine

RECORDED = """
import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider

class Doubling(ResourceProvider):
    serialize_as_secret_always = False

    def create(self, props):
        return CreateResult("doubled", {**props, "doubled": 2 * props["number"]})

class Doubled(Resource, module="trial", name="Doubled"):
    doubled: pulumi.Output[int]

    def __init__(self, name, number, opts=None):
        super().__init__(Doubling(), name, {"number": number, "doubled": None}, opts)
"""

COMPONENT = """
import asyncio, os, sys
import pulumi
from recorded import Doubled

class Pair(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("trial:index:Pair", name)

        async def hook(args):
            await asyncio.sleep(0.01)
            pulumi.log.info("the hook ran", resource=self)

        hooks = pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook("once", hook)])
        self.doubled = Doubled(name, 21, pulumi.ResourceOptions(parent=self, hooks=hooks)).doubled
        self.register_outputs({})

pulumi.export("doubled", Pair("one").doubled.apply(int))
pulumi.export("interpreter", sys.executable)
pulumi.export("root", pulumi.get_root_directory())
pulumi.export("here", os.getcwd())
pulumi.export("setting", pulumi.Config().require("setting"))
"""


class Project:
    """A Pulumi project with a stack in a backend of its own."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "project"
        self.folder.mkdir()
        (root / "state").mkdir()
        (self.folder / "Pulumi.yaml").write_text("name: trial\nruntime: python\nmain: program\n")
        (self.folder / "program").mkdir()
        path = [str(Path(sys.executable).parent), str(ensure_tools(quiet=True).bin_dir), os.environ["PATH"]]
        self.environ = {
            "HOME": str(root),
            "PATH": os.pathsep.join(path),
            "PULUMI_HOME": str(root / "home"),
            "PULUMI_BACKEND_URL": f"file://{root / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }
        self.pulumi("stack", "init", "dev")
        self.pulumi("config", "set", "setting", "as told")

    def program(self, text: str) -> None:
        (self.folder / "program" / "__main__.py").write_text(text)
        (self.folder / "program" / "recorded.py").write_text(RECORDED)

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("pulumi"))


def test_a_component_a_dynamic_resource_and_an_async_hook_run(project):
    project.program(COMPONENT)
    up = project.pulumi("up", "--yes", "--skip-preview")
    assert up.returncode == 0, up.stdout + up.stderr
    assert "the hook ran" in up.stdout
    assert "warning" not in up.stdout + up.stderr
    outputs = json.loads(project.pulumi("stack", "output", "--json").stdout)
    assert Path(outputs.pop("interpreter")).parent == Path(sys.executable).parent
    here = project.folder / "program"
    assert outputs == {"doubled": 42, "root": str(project.folder), "here": str(here), "setting": "as told"}


def test_a_run_error_is_shown_as_its_message_alone(project):
    project.program('import pulumi\nraise pulumi.RunError("the image is not fit")\n')
    preview = project.pulumi("preview")
    assert preview.returncode != 0
    assert "error: the image is not fit" in preview.stdout
    assert "Traceback" not in preview.stdout + preview.stderr
    assert "unhandled" not in preview.stdout + preview.stderr


def test_another_exception_is_shown_with_the_programs_own_frames(project):
    project.program("import pulumi\npulumi.Output.from_input(0).apply(lambda zero: 1 / zero)\n")
    preview = project.pulumi("preview")
    assert preview.returncode != 0
    assert "ZeroDivisionError" in preview.stdout
    assert "__main__.py" in preview.stdout
    assert "site-packages" not in preview.stdout
