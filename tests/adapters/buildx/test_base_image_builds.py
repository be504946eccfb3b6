"""Generated base images, built by a real BuildKit on the stand-in parents, and what stands on them."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fast_container.core.declared import DeclaredImage, InlineDockerfile
from fast_container.core.ports import BuiltImage
from fast_container.core.select import SelectedImage, SharedWalks, select_image
from fast_container.errors import BuildFailed
from fast_container.python_base.dependencies import declared_dependencies
from fast_container.python_base.dockerfile import GeneratedBase, generate_base
from fast_container.python_base.generated_files import GENERATED_CONTEXT
from fast_container.python_base.spec import BaseSpec
from tests.adapters.buildkit_images import Local, configuration, layers, make_job

pytestmark = pytest.mark.buildkit

RUNTIME, LAMBDA = "python:3.12-slim", "public.ecr.aws/lambda/python:3.12-as-official"
CONSUMER = """\
FROM base
COPY pricing/src /app
RUN PYTHONPATH=/app python3 -c "import shop_pricing; print(shop_pricing.page())" > /said
"""


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """Two packages: ``shop-orders`` needs ``shop-pricing``, which needs a compiled distribution."""
    root = tmp_path / "shop"
    write(root / "pricing", "shop-pricing", "shop_pricing", '["jinja2==3.1.6", "markupsafe"]', PRICING)
    write(root / "orders", "shop-orders", "shop_orders", '["shop-pricing", "Jinja2>=3"]', ORDERS)
    return root


PRICING = """\
from jinja2 import Template

def page():
    return Template("{{ 6 * 7 }}").render()
"""
ORDERS = "import shop_pricing\n\ndef order():\n    return 'order ' + shop_pricing.page()\n"


def write(folder: Path, name: str, module: str, dependencies: str, source: str) -> None:
    (folder / "src" / module).mkdir(parents=True)
    (folder / "tests").mkdir()
    (folder / "tests" / "test_it.py").touch()
    (folder / "src" / module / "__init__.py").write_text(source)
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["flit_core==3.12.0"]\nbuild-backend = "flit_core.buildapi"\n'
        f'[project]\nname = "{name}"\nversion = "1"\ndescription = "x"\ndependencies = {dependencies}\n'
        f'[tool.flit.module]\nname = "{module}"\n'
    )


LOCK = """\
version = 1
requires-python = ">=3.11"
[[package]]
name = "shop-orders"
source = { editable = "orders" }
dependencies = [{ name = "jinja2" }, { name = "shop-pricing" }]
[[package]]
name = "shop-pricing"
source = { editable = "pricing" }
dependencies = [{ name = "jinja2" }, { name = "markupsafe" }]
"""


def lock(root: Path) -> str:
    """A lock with the files of the project's own, of which one has no hashes."""
    own = (Path(__file__).parents[3] / "uv.lock").read_text().split("[[package]]\n")
    files = {
        name: next(text for text in own if text.startswith(f'name = "{name}"')) for name in ("jinja2", "markupsafe")
    }
    files["markupsafe"] = re.sub(r', hash = "[^"]*"', "", files["markupsafe"])
    (root / "uv.lock").write_text(LOCK + "".join(f"[[package]]\n{text}" for text in files.values()))
    return "uv.lock"


def generate(root: Path, *, lock: str | None = None, **more: Any) -> GeneratedBase:
    dependencies = declared_dependencies(["orders", "pricing"], root=str(root), lock=lock)
    return generate_base(BaseSpec(**{"parent": RUNTIME, "dependencies": dependencies, **more}), root=str(root))


def select(base: GeneratedBase, root: Path, **named_images: str) -> SelectedImage:
    """The base as the program selects it, its generated files in a folder of their own."""
    folder = root.parent / "generated"
    folder.mkdir(exist_ok=True)
    for name, content in base.files.items():
        (folder / name).write_bytes(content)
    declared = DeclaredImage(
        name="deps",
        context=str(root),
        dockerfile=InlineDockerfile(base.dockerfile),
        dockerfile_name="generated",
        named_contexts={GENERATED_CONTEXT: str(folder), **named_images},
        ignore=base.ignore,
        dockerignore=None,
    )
    return select_image(declared, SharedWalks())


def build(local: Local, selected: SelectedImage, **named_images: str) -> BuiltImage:
    job = make_job(local.url, selected.dockerfile_text.decode(), named_images=named_images)
    return local.build(replace(job, contexts=selected.contexts, key=selected.key))


def reference(local: Local, built: BuiltImage) -> str:
    return f"docker-image://{local.url}@{built.digest}"


def said(local: Local, base: BuiltImage, dockerfile: str, context: Path | None = None) -> str:
    """What a consumer of the base writes to /said."""
    built = local.build(local.job(dockerfile, context, named_images={"base": reference(local, base)}))
    return local.content(built.digest, "said").decode()


def added(local: Local, built: BuiltImage, below: int) -> list[str]:
    """Paths in the layers above the lowest ones."""
    return [path for layer in asyncio.run(layers(local.registry, built.digest))[below:] for path in layer.getnames()]


def test_a_consumer_finds_the_dependencies_and_a_source_edit_leaves_the_base_alone(
    local: Local, packages: Path
) -> None:
    selected = select(generate(packages), packages)
    base = build(local, selected)
    assert said(local, base, CONSUMER, packages) == "42\n"
    paths = added(local, base, 1)
    assert any(path.endswith("markupsafe/__init__.py") for path in paths)
    # Neither the packages, nor what was mounted or downloaded, are in a layer.
    assert [path for path in paths if "shop_" in path or path.endswith("requirements.txt")] == []
    assert [path for path in paths if path.startswith(("run/", "var/cache/fast", "root/", "tmp/"))] == []

    (packages / "pricing/src/shop_pricing/__init__.py").write_text("def page():\n    return 'edited'\n")
    assert select(generate(packages), packages).key == selected.key
    assert said(local, base, CONSUMER, packages) == "edited\n"


def test_a_chain_holds_everything_once_and_runs_as_a_named_user(local: Local, packages: Path) -> None:
    # The lock's distributions with hashes and those without are installed one after the other.
    locked = generate(packages, lock=lock(packages))
    assert [name for name in locked.files if "requirements" in name] == ["requirements.txt", "requirements_2.txt"]
    below = build(local, select(locked, packages))
    number = len(asyncio.run(layers(local.registry, below.digest)))
    generated = generate(packages, parent="deps", install="packages", installer="uv", runs_on="ecs")
    image = build(local, select(generated, packages, deps=reference(local, below)), deps=reference(local, below))
    dockerfile = (
        "FROM base\nWORKDIR /home/app\n"
        'RUN python3 -c "import shop_orders, getpass; print(shop_orders.order(), getpass.getuser())" > /home/app/said\n'
        "USER 0:0\nRUN cp /home/app/said /said\n"
    )
    assert said(local, image, dockerfile) == "order 42 app\n"
    assert asyncio.run(configuration(local.registry, image.digest))["config"]["User"] == "65532:65532"
    # What is installed and compiled below is neither installed nor compiled again.
    paths = added(local, image, number)
    assert [path for path in paths if "jinja2" in path or "markupsafe" in path or "/json/" in path] == []
    assert {path.rpartition("/")[2] for path in paths if "shop_" in path and path.endswith(".pyc")} != set()


def test_a_parent_that_is_not_root_is_an_error_that_says_what_to_do_or_keeps_its_user(
    local: Local, packages: Path
) -> None:
    parent = reference(local, local.build(local.job(f"FROM {RUNTIME}\nUSER 1234:1234\n")))
    with pytest.raises(BuildFailed) as caught:
        build(local, select(generate(packages, parent="deps"), packages, deps=parent), deps=parent)
    assert "The parent image runs as user 1234" in "\n".join(caught.value.last_lines)
    assert "parent_user" in "\n".join(caught.value.last_lines)
    known = generate(packages, parent="deps", parent_user="1234:1234")
    image = build(local, select(known, packages, deps=parent), deps=parent)
    assert asyncio.run(configuration(local.registry, image.digest))["config"]["User"] == "1234:1234"
    check = "import jinja2, os; print(os.getuid(), jinja2.__file__.startswith('/usr'))"
    dockerfile = f'FROM base\nRUN python3 -c "{check}" > /tmp/said\nUSER 0:0\nRUN cp /tmp/said /said\n'
    assert said(local, image, dockerfile) == "1234 True\n"


def test_lambda_s_runtime_client_and_the_dependencies_are_compiled_for_good(local: Local, packages: Path) -> None:
    image = build(local, select(generate(packages, parent=LAMBDA, install="packages", runs_on="lambda"), packages))
    dockerfile = (
        "FROM base\nCOPY <<EOF /check.py\n"
        "import sys, importlib, importlib.util\n"
        "sys.path.insert(0, '/var/runtime')\n"
        "for name in ('awslambdaric', 'jinja2', 'markupsafe', 'shop_orders', 'json', 'pip'):\n"
        "    file = importlib.import_module(name).__file__\n"
        "    with open(importlib.util.cache_from_source(file), 'rb') as opened:\n"
        "        magic, flags = opened.read(4), opened.read(4)\n"
        "    assert magic == importlib.util.MAGIC_NUMBER, name\n"
        "    print(name, int.from_bytes(flags, 'little'))\n"
        "EOF\nRUN PYTHONDONTWRITEBYTECODE=1 python3 /check.py > /said\n"
    )
    answers = said(local, image, dockerfile).splitlines()
    assert [answer.split()[1] for answer in answers] == ["1"] * 6, answers
    assert not asyncio.run(configuration(local.registry, image.digest))["config"].get("User")


def test_tests_of_a_package_do_not_count_and_its_source_does(packages: Path) -> None:
    first = select(generate(packages, install="packages"), packages).key
    (packages / "orders/tests/test_it.py").write_text("def test(): pass\n")
    (packages / "orders/src/shop_orders/__pycache__").mkdir()
    (packages / "orders/src/shop_orders/__pycache__/x.pyc").write_text("x")
    assert select(generate(packages, install="packages"), packages).key == first
    (packages / "orders/src/shop_orders/data.json").write_text("{}")
    assert select(generate(packages, install="packages"), packages).key != first
