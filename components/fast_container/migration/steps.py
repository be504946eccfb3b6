"""The two steps of a migration, as two versions of one program.

Step 1 keeps what exists: Pulumi takes the option from the state, so it has to be there before the old image's resource
goes. Step 2 replaces the images. Decides what each step is for each component; what is not translated is listed.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fast_container.migration.arguments import translated
from fast_container.migration.calls import ImageCall, full_name, image_calls, imported_names
from fast_container.migration.consumers import (
    fixed_functions,
    is_for_lambda,
    replaced_expressions,
    unknown_attributes,
)
from fast_container.migration.edits import Source

_RETAINED: Final = "retain_on_delete"
_WHY: Final = "# Deleting the resource would delete its image, which consumers still run."
_TRANSFORM: Final = '''

def retain_images(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    """Deleting the resource inside an ``awsx.ecr.Image`` would delete its image, which consumers still run."""
    if not args.type_.startswith("docker-build:"):
        return None
    opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(retain_on_delete=True))
    return pulumi.ResourceTransformResult(args.props, opts)


pulumi.runtime.register_resource_transform(retain_images)
'''
_TRANSFORMED: Final = "pulumi.runtime.register_resource_transform(retain_images)"
_LOGINS: Final = (
    "get_authorization_token",
    "get_authorization_token_output",
    "get_credentials",
    "get_credentials_output",
)


@dataclass(frozen=True, slots=True)
class Migration:
    """A program in its two steps.

    Attributes:
        images: Name and component of each image that is replaced.
        step_1: The program of step 1; equal to what it was where nothing has to be kept.
        step_2: The program of step 2.
        untranslated: One line for each thing that is not translated, with its place and reason.
    """

    images: Sequence[tuple[str, str]]
    step_1: str
    step_2: str
    untranslated: Sequence[str]


def migrated(text: str, file: str) -> Migration:
    """Migrate a program.

    Args:
        text: The program.
        file: Its name, for the lines.

    Raises:
        SyntaxError: It is not Python.
        ValueError: It cannot be parsed.
    """
    found = image_calls(Source.of(text).tree)
    untranslated: list[str] = []
    step_1 = _step_1(Source.of(text), found, untranslated, file)
    step_2 = _step_2(text, untranslated, file)
    return Migration([(one.name, one.kind) for one in found], step_1, step_2, list(dict.fromkeys(untranslated)))


def _step_1(source: Source, images: Sequence[ImageCall], untranslated: list[str], file: str) -> str:
    for image in image_calls(source.tree):
        if image.kind != "docker_build.Image":
            continue
        opts = image.given.get("opts")
        if opts is None:
            _append(source, image.call, [_WHY, f"opts=pulumi.ResourceOptions({_RETAINED}=True)"])
        elif isinstance(opts, ast.Call) and not any(one.arg == _RETAINED for one in opts.keywords):
            end = source.span(opts)[1] - 1
            inside = source.words(opts).rstrip(")").rstrip()
            comma = "" if inside.endswith(("(", ",")) else ", "
            source.insert(end, f"{comma}{_RETAINED}=True")
        elif not isinstance(opts, ast.Call):
            untranslated.append(f"{file}:{opts.lineno}: opts of {image.name}: add {_RETAINED}=True where they are made")
    if any(image.kind == "awsx.ecr.Image" for image in images) and "retain_images" not in source.text:
        source.insert(_after_imports(source), _TRANSFORM)
    return source.edited()


def _append(source: Source, call: ast.Call, lines: Sequence[str]) -> None:
    """Add lines as the last argument of a call."""
    start, end = source.span(call)
    inside = source.indent(call) + "    "
    before = source.text[start : end - 1]
    body = before.rstrip()
    comma = "" if body.endswith(("(", ",")) else ","
    added = "".join(f"{inside}{line}{'' if line.startswith('#') else ','}\n" for line in lines)
    if "\n" in before[len(body) :]:
        source.insert(start + len(body), comma)
        source.insert(end - 1 - len(source.indent(call)), added)
    else:
        source.insert(start + len(body), f"{comma}\n{added}{source.indent(call)}")


def _after_imports(source: Source) -> int:
    imports = [node for node in source.tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return source.span(imports[-1])[1] + 1 if imports else 0


def _step_2(text: str, untranslated: list[str], file: str) -> str:
    source = Source.of(text)
    names = imported_names(source.tree)
    images = image_calls(source.tree)
    for image in images:
        _replace(source, image, names, untranslated, file)
        if not image.variable:
            continue
        for node, new in replaced_expressions(source.tree, image):
            source.replace(node, new)
        for line, attribute in unknown_attributes(source.tree, image):
            untranslated.append(f"{file}:{line}: {image.variable}.{attribute}: FastContainerImage has no such output")
    for line, reference in fixed_functions(source.tree, names):
        untranslated.append(
            f'{file}:{line}: image_uri="{reference}" is built elsewhere: declare a FastContainerImage for it'
        )
    if images and "FastContainerImage" not in names:
        source.insert(_after_imports(source), "\nfrom fast_container import FastContainerImage\n")
    return _without_leftovers(text, source.edited())


def _replace(source: Source, image: ImageCall, names: dict[str, str], untranslated: list[str], file: str) -> None:
    found = translated(image, source.words)
    inside = source.indent(image.call) + "    "
    lines = [source.words(argument) for argument in image.call.args[:1]]
    lines += [f"repository={found.repository or '…'}"]
    lines += [f"{name}={value}" for name, value in found.given.items()]
    if is_for_lambda(source.tree, image, names):
        lines.append('runs_on="lambda"')
    if found.opts is not None and (opts := _without_retain(source, found.opts)):
        lines.append(f"opts={opts}")
    body = "".join(f"{inside}{line},\n" for line in lines)
    source.replace(image.call, f"FastContainerImage(\n{body}{source.indent(image.call)})")
    line = image.call.lineno
    untranslated += [f"{file}:{line}: {name} of {image.name}: {why}" for name, why in found.untranslated.items()]


def _without_retain(source: Source, opts: ast.expr) -> str:
    """Return the options without that of step 1; "" where they were nothing else."""
    if not isinstance(opts, ast.Call) or opts.args:
        return source.words(opts)
    kept = [one for one in opts.keywords if one.arg != _RETAINED]
    return f"{source.words(opts.func)}({', '.join(source.words(one) for one in kept)})" if kept else ""


def _without_leftovers(before: str, after: str) -> str:
    """Remove logins and functions, and imports, that only the old images used."""
    while True:
        source, old = Source.of(after), ast.parse(before)
        names = imported_names(source.tree)
        used = {
            node.id for node in ast.walk(source.tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        }
        used_before = {
            node.id for node in ast.walk(old) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        }
        for node in source.tree.body:
            if ast.unparse(node) == _TRANSFORMED:
                source.remove_lines(node)
            name = _removable(node, names)
            if name and name in used_before and name not in used:
                source.remove_lines(node)
        found = source.edited()
        if found == after:
            return after
        after = found


def _removable(node: ast.stmt, names: dict[str, str]) -> str:
    """Return the name of what may go if nothing uses it: never of a resource."""
    if isinstance(node, ast.FunctionDef):
        return node.name if not node.decorator_list else ""
    if isinstance(node, ast.Import | ast.ImportFrom) and len(node.names) == 1:
        return node.names[0].asname or node.names[0].name
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        value = node.value
        if isinstance(value, ast.Call) and full_name(value.func, names).rpartition(".")[2] in _LOGINS:
            return node.targets[0].id
    return ""
