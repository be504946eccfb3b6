"""FI008: GPU builds for a place without a GPU.

Decides which requirements bring CUDA along: packages that are nothing else (``nvidia-…``, ``triton``), extras that ask
for it, and torch for amd64 from an index where its builds are those for GPUs. An image on a CUDA base wants a GPU
unless it runs on Lambda.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from fast_container.checks.dockerfile.lock_sizes import read_locked_wheels
from fast_container.checks.dockerfile.requirement_lines import RequirementLine, context_path, requirements_of
from fast_container.checks.dockerfile.steps.installs import Install, installs_of
from fast_container.checks.dockerfile.steps.stage_steps import Stage, Step
from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.checks.finding import Estimate, Finding

_ONLY_GPU: Final = re.compile(
    r"nvidia-.+-cu\d+|triton|cupy-cuda\d+x?|tensorflow-gpu|onnxruntime-gpu|jax-cuda\d+-.+|faiss-gpu.*"
)
_EXTRAS: Final = re.compile(r"[A-Za-z0-9._-]+\s*\[[^\]]*\b(?:and-cuda|cuda\d*\w*)\b[^\]]*\]")
_TORCH: Final = frozenset(["torch", "torchvision", "torchaudio"])
_GPU_BASE: Final = re.compile(
    r"(?:.*/)?(?:cuda|tritonserver|tensorflow|pytorch)(?:[:@].*)?|.*\bnvidia\b.*|.*gpu.*|.*cuda.*"
)
_INDEX_OPTIONS: Final = ("--index-url", "--extra-index-url", "--find-links", "--index", "--default-index")
_INDEX_NAMES: Final = (
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "UV_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
    "PIP_FIND_LINKS",
)
_SHOWN: Final = 4


def gpu_rules(image: LintedImage) -> Iterator[Finding]:
    """Yield findings about GPU builds."""
    if image.runs_on != "lambda" and any(_GPU_BASE.fullmatch(one.reference) for one in image.external_images):
        return
    for stage, step in image.stages.steps():
        for install in installs_of(step):
            if install.manager == "pip" and install.resolves:
                yield from _of_requirements(image, stage, step, install)
            elif install.manager == "uv":
                yield from _of_lock(image, stage, step)


def _of_requirements(image: LintedImage, stage: Stage, step: Step, install: Install) -> Iterator[Finding]:
    asked = requirements_of(image, stage, step, install)
    has_own_index = _names_an_index(install, asked.options, step.env)
    found = [line for line in asked.lines if _is_gpu(line, image.platform, has_own_index=has_own_index)]
    if not found:
        return
    first = found[0]
    names = ", ".join(line.name for line in found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
    yield from image.finding(
        "FI008",
        first.line,
        f"{names}: {'this is a build' if len(found) == 1 else 'these are builds'} for GPUs.",
        why=_WHY,
        fix="Take torch from https://download.pytorch.org/whl/cpu, and leave out nvidia-… and triton.",
        file=first.file,
    )


_WHY: Final = "CUDA's libraries are gigabytes that are pulled and never loaded: Lambda and Fargate have no GPU."


def _is_gpu(line: RequirementLine, platform: str, *, has_own_index: bool) -> bool:
    marker = line.text.partition(";")[2]
    if "win32" in marker or "darwin" in marker or "Windows" in marker:
        return False
    if _ONLY_GPU.fullmatch(line.name) or _EXTRAS.match(line.text):
        return True
    # Another index may have CPU builds; a local version says which one it is.
    if line.name not in _TORCH or platform != "linux/amd64" or " @ " in line.text:
        return False
    local = line.text.partition(";")[0].partition("+")[2]
    return local.startswith("cu") or (not local and not has_own_index and line.name == "torch")


def _names_an_index(install: Install, options: Sequence[str], env: Mapping[str, str]) -> bool:
    on_line = any(option in install.values for option in (*_INDEX_OPTIONS, "--torch-backend"))
    in_file = any(
        option.startswith(("--", "-i", "-f"))
        and ("index" in option or "find" in option or "-i" in option or "-f" in option)
        for option in options
    )
    by_env = {*env, *install.command.env}
    return on_line or in_file or any(name in by_env for name in (*_INDEX_NAMES, "UV_TORCH_BACKEND"))


def _of_lock(image: LintedImage, stage: Stage, step: Step) -> Iterator[Finding]:
    path = context_path(image, stage, step, "uv.lock")
    text = image.files.text(path) if path else None
    locked = read_locked_wheels(text, image.platform) if text else None
    if locked is None:
        return
    found = [name for name in locked.sizes if _ONLY_GPU.fullmatch(name)]
    if not found or image.platform != "linux/amd64":
        return
    sizes = [size for name in found if (size := locked.sizes[name]) is not None]
    estimate = None
    if sizes:
        estimate = Estimate(sum(sizes), basis=f"of wheels, of {len(sizes)} packages in {path}")
    names = ", ".join(sorted(found)[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
    yield from image.finding(
        "FI008",
        step.line,
        f"{path} installs {names}: builds for GPUs.",
        why=_WHY,
        fix="Take torch from https://download.pytorch.org/whl/cpu (tool.uv.sources in pyproject.toml), and lock again.",
        estimate=estimate,
    )
