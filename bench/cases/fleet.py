"""Twenty small functions that install the same packages: each by itself, and all on one base image."""

from __future__ import annotations

import shutil
from pathlib import Path

from bench.cases.builds import CaseBuilder
from bench.cases.pairs import FLEET, FLEET_SIZE
from bench.measuring import number
from bench.table import Table, Target


def fleet_table(builder: CaseBuilder, *, is_quick: bool) -> Table:
    """Build both fleets, edit all functions, and count what the registry keeps."""
    count = 4 if is_quick else FLEET_SIZE
    rows: list[list[str]] = []
    edits: list[float] = []
    kept: list[int] = []
    for side in ("before", "after"):
        context = builder.context(FLEET, side)
        builder.forget()
        cold = _build_all(builder, context, side, count)
        with (context / "function.py").open("a") as source:
            source.write("# edited\n")
        edits.append(_build_all(builder, context, side, count))
        kept.append(_kept_bytes(builder, side, count))
        findings = _lint(builder, context, side, count)
        rows.append([side, number(cold), number(edits[-1]), number(kept[-1] / 1e6), ", ".join(findings) or "none"])
    return Table(
        f"{count} functions that install the same packages: each by itself, and on one base image",
        [
            "one `buildx build --push` after the other; cold: an empty BuildKit; edit: one line more in each function",
            "kept: bytes of the layers that the registry keeps, each counted once, compressed",
        ],
        ["fleet", "cold s", "edit s", "kept MB", "findings"],
        rows,
        [
            Target("an edit of all functions, on a base", edits[0] / edits[1], "least", 2.0),
            # Of a few functions the base's own layers are most of what is kept.
            *([] if is_quick else [Target("what the registry keeps, on a base", kept[0] / kept[1], "least", 2.0)]),
        ],
    )


def _build_all(builder: CaseBuilder, context: Path, side: str, count: int) -> float:
    base = {} if side == "before" else {"BASE_IMAGE": builder.reference("fleet-base")}
    took = 0.0 if side == "before" else builder.build("fleet-base", context, "after/base.Dockerfile")
    for number_of in range(count):
        args = {**base, "FUNCTION": f"function-{number_of}"}
        took += builder.build(f"fleet-{side}-{number_of}", context, f"{side}/Dockerfile", args)
    return took


def _kept_bytes(builder: CaseBuilder, side: str, count: int) -> int:
    layers: dict[str, int] = {}
    for number_of in range(count):
        for layer in builder.layers(f"fleet-{side}-{number_of}")["layers"]:
            layers[layer["digest"]] = layer["compressed_bytes"]
    return sum(layers.values())


def _lint(builder: CaseBuilder, context: Path, side: str, count: int) -> list[str]:
    """The rules that have something to say about the whole fleet, whose Dockerfiles lie in one folder each."""
    places: list[str] = []
    for number_of in range(count):
        place = context / f"function-{number_of}" / "Dockerfile"
        place.parent.mkdir(exist_ok=True)
        shutil.copyfile(context / side / "Dockerfile", place)
        places.append(str(place.relative_to(context)))
    more = () if side == "before" else ("--build-arg", "BASE_IMAGE=own:1")
    return sorted({one["rule"] for one in builder.lint(context, places, "lambda", *more)})
