"""The declarations against the installed SDK: every property is supported, or refused as unsupported."""

from __future__ import annotations

import ast
import re
from importlib.metadata import distribution
from pathlib import Path

import pytest

from localcloud.aws_plugin.catalogue import FUNCTIONS, TYPES, function, resource_type

PACKAGE = Path(str(distribution("pulumi-aws").locate_file("pulumi_aws")))


def wire_names(module: Path, class_name: str) -> set[str]:
    """The names on the wire of an ``Args`` or ``State`` class, read from its source (importing it takes seconds)."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    # Where a nested type has the name already, the SDK calls the arguments ``…InitArgs``.
    spellings = {class_name, f"{class_name.removesuffix('Args')}InitArgs"}
    found = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name in spellings)
    names: set[str] = set()
    for method in found.body:
        if not isinstance(method, ast.FunctionDef) or method.name == "__init__":
            continue
        for decorator in method.decorator_list:
            text = ast.unparse(decorator)
            if text.startswith("pulumi.getter"):
                given = re.search(r"name='(\w+)'", text)
                names.add(given[1] if given else method.name)
    return names


def module_of(token: str) -> tuple[Path, str]:
    folder, rest = token.split(":")[1].split("/", maxsplit=1)[0], token.split(":")[2]
    folder = {"lambda": "lambda_"}.get(folder, folder)
    file = re.sub(r"(?<=[a-z])([A-Z])", r"_\1", rest).lower()
    return PACKAGE / ("" if folder == "index" else folder) / f"{file}.py", rest


@pytest.mark.parametrize("token", TYPES)
def test_every_property_of_the_sdk_is_supported_or_refused(token: str) -> None:
    module, name = module_of(token)
    declared = resource_type(token)
    inputs = wire_names(module, f"{name}Args") or wire_names(module, f"{name}InitArgs")
    assert set(declared.properties()) | declared.unsupported == inputs
    outputs = wire_names(module, f"_{name}State") - inputs
    not_shown = {
        *("signingJobArn", "signingProfileVersionArn"),
        *("websiteDomain", "websiteEndpoint"),
    }
    assert set(declared.output_names()) == outputs - not_shown


@pytest.mark.parametrize("token", FUNCTIONS)
def test_every_argument_of_a_function_is_one_of_the_sdks(token: str) -> None:
    module, _name = module_of(token)
    known = set(re.findall(r"^\s*__args__\['(\w+)", module.read_text(encoding="utf-8"), re.MULTILINE))
    assert set(function(token).properties()) <= known
