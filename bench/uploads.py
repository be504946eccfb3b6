"""Issue: bytes uploaded for remote builds, without CodeBuild: the library's uploads, kept in memory.

Compared with a zip of the whole context for each image that has to be built, the upload of comparable tools.
"""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from bench.measuring import number
from bench.table import Table, Target
from bench.tree import IGNORE_FILE, PACKAGES, dockerfile
from bench.workplace import Workplace
from fast_container.adapters.codebuild.own_zipapp import launcher_bytes, program_bytes, zip_bytes
from fast_container.adapters.codebuild.s3_source import S3SourceStore
from fast_container.core.declared import DeclaredImage
from fast_container.core.ports import BuildJob
from fast_container.core.recipe import Recipe
from fast_container.core.remote.plan import RemotePlan, planned_contexts, write_plan
from fast_container.core.select import SelectedImage, SharedWalks, select_image
from fast_container.core.staging.chunks import cut

LAMBDAS = Path(__file__).resolve().parent.parent / "lambdas"
TREE_FILES = 2_000
_IGNORED = frozenset({"node_modules", ".git", "__pycache__"})
_KB = 1000.0
# What stands for it does not matter here: nothing is built.
_BASE_IMAGE = "public.ecr.aws/lambda/python:3.12"


class MemoryS3:
    """A bucket in memory that counts what is put."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[int, Mapping[str, str]]] = {}
        self.calls = 0

    def head_object(self, *, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self.calls += 1
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "404"}}, "HeadObject")
        length, metadata = self.objects[Key]
        return {"ContentLength": length, "Metadata": metadata, "LastModified": datetime.now(UTC)}

    def put_object(self, *, Key: str, Body: Any, Metadata: Mapping[str, str], **_: Any) -> None:  # noqa: N803
        self.calls += 1
        self.objects[Key] = (len(Body.read()), Metadata)


class Fleet:
    """Images over one root, and the keys that were built before."""

    def __init__(self, root: Path, dockerfiles: Mapping[str, Path]) -> None:
        self.root = root
        self._dockerfiles = dockerfiles
        self._s3 = MemoryS3()
        self._program = program_bytes()
        self._built: set[str] = set()

    def up(self) -> tuple[int, int, int, int]:
        """Builds, bytes of chunks, bytes of bundles, and the bytes of whole-context zips for the same builds."""
        walks = SharedWalks()
        selected = [select_image(self._declared(name, path), walks) for name, path in self._dockerfiles.items()]
        fresh = [image for image in selected if image.key.hex not in self._built]
        # A machine without memory: everything it knows, it asks S3.
        store = S3SourceStore(lambda: self._s3, "bucket")
        chunks = bundles = 0
        for image in fresh:
            cuts = {name: cut(context) for name, context in image.contexts.items()}
            every = [chunk for found in cuts.values() for chunk in found]
            chunks += store.put_chunks(every, lambda _: None).sent_bytes
            bundles += store.put_program(self._program)[1]
            bundles += store.put_bundle(self._bundle(image, cuts))[1]
            self._built.add(image.key.hex)
        whole = whole_context_bytes(self.root) * len(fresh) if fresh else 0
        return len(fresh), chunks, bundles, whole

    def _declared(self, name: str, path: Path) -> DeclaredImage:
        return DeclaredImage(
            name=name,
            context=str(self.root),
            dockerfile=str(path),
            dockerfile_name=path.name,
            recipe=Recipe(build_args={"BASE_IMAGE": _BASE_IMAGE}),
        )

    def _bundle(self, image: SelectedImage, cuts: Mapping[str, Any]) -> bytes:
        job = BuildJob(
            name=image.declared.name,
            key=image.key,
            repository_url="123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/images",
            dockerfile=image.dockerfile_text,
            dockerfile_name=image.declared.dockerfile_name,
            contexts={},
            recipe=Recipe(),
        )
        plan = RemotePlan(job, planned_contexts(image.contexts, cuts), bucket="bucket")
        return zip_bytes({"plan.json": write_plan(plan), "fast_container.pyz": launcher_bytes()})


def whole_context_bytes(root: Path) -> int:
    """A deflated zip of all files of a context, without what an ignore file takes away."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(root.rglob("*")):
            if path.is_file() and _IGNORED.isdisjoint(path.relative_to(root).parts):
                archive.write(path, path.relative_to(root))
    return len(out.getvalue())


def uploads(workplace: Workplace) -> list[Table]:
    """The example fleet, and 100 images over a generated tree."""
    lambdas = workplace.folder / "uploads-lambdas"
    shutil.copytree(LAMBDAS, lambdas, ignore=shutil.ignore_patterns("__pycache__"))
    dockerfiles = {path.parent.name: path for path in sorted(lambdas.glob("*/Dockerfile"))}
    fleet = Fleet(lambdas, dockerfiles)
    rates = lambdas / "packages/pricing/src/shop_pricing/rates.py"
    small = _table(
        f"the example fleet, {len(dockerfiles)} images", fleet, lambdas / "orders/handler.py", rates, shared=2
    )

    images = 20 if workplace.is_quick else 100
    tree = workplace.folder / "uploads-tree"
    shutil.copytree(workplace.tree(TREE_FILES), tree)
    (tree / ".dockerignore").write_text(IGNORE_FILE)
    folder = workplace.folder / "uploads-dockerfiles"
    folder.mkdir()
    dockerfiles = {}
    for index in range(images):
        path = folder / f"{index:03}.Dockerfile"
        path.write_text(dockerfile(index, whole=False))
        dockerfiles[f"image-{index}"] = path
    service = next((tree / "services/service00").rglob("*.py"))
    package = next((tree / "packages/package00").rglob("*.py"))
    shared = sum(0 in (n % PACKAGES, (n * 7 + 3) % PACKAGES) for n in range(images))
    large = _table(f"{images} images over {TREE_FILES:,} files", Fleet(tree, dockerfiles), service, package, shared)
    return [small, large]


def _table(title: str, fleet: Fleet, handler: Path, package: Path, shared: int) -> Table:
    package_root = fleet.root.joinpath(*package.relative_to(fleet.root).parts[:2])
    steps: dict[str, Callable[[], object]] = {
        "first deploy": lambda: None,
        "one line of a handler": lambda: handler.write_bytes(handler.read_bytes() + b"\n# edited\n"),
        "the shared package": lambda: package.write_bytes(package.read_bytes() + b"\n# edited\n"),
        "unchanged": lambda: None,
    }
    rows: list[list[str]] = []
    found: dict[str, tuple[int, int, int, int]] = {}
    for step, edit in steps.items():
        edit()
        built, chunks, bundles, whole = found[step] = fleet.up()
        ratio = f"{whole / (chunks + bundles):.1f}" if chunks + bundles else "-"
        rows.append([step, str(built), *(number(size / _KB) for size in (chunks, bundles, whole)), ratio])
    package_kb = whole_context_bytes(package_root) / _KB
    return Table(
        f"bytes uploaded for remote builds: {title}",
        [
            "chunks are put once for all images, the building program once, a bundle (a plan) for each build;",
            "compared with a zip of the whole context for each image that is built; nothing is timed",
        ],
        ["step", "builds", "chunks kB", "bundles kB", "whole zips kB", "times less"],
        rows,
        [
            Target(
                f"chunks put after an edit of a package of {shared} images (its own zip: {package_kb:.1f} kB)",
                found["the shared package"][1] / _KB,
                "most",
                package_kb * 1.1,
                "kB",
            ),
            Target("bytes put by an unchanged up", float(sum(found["unchanged"][1:3])), "most", 0.0, "B"),
        ],
    )
