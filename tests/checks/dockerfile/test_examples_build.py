"""Every failing and every passing example of a rule is a Dockerfile that a real BuildKit builds."""

from __future__ import annotations

from pathlib import Path

import pytest

from fast_container.checks.dockerfile.catalogue import RULES
from localcloud import LocalCloud
from tests.checks.dockerfile.baked import Baked
from tests.checks.dockerfile.test_rules import EXAMPLES, FLEET, PY

pytestmark = pytest.mark.buildkit

WAIVERS = [f"{PY}# fast-container: skip=FI004\nRUN ls\n", f"{PY}# fast-container: skip=FI004 it is small\nRUN ls\n"]


def test_every_example_is_built(cloud: LocalCloud, tmp_path: Path) -> None:
    baked = Baked(tmp_path)
    rules: set[str] = set()
    for number, example in enumerate(EXAMPLES):
        for word, dockerfile in (("bad", example.bad), ("good", example.good)):
            # A digest of zeros names nothing; the same rule has another passing example.
            if "@sha256:0000" not in dockerfile:
                baked.add(f"{word}-{number}", dockerfile, example.files)
                rules.add(f"{word} {example.rule}")
    for word, dockerfile in zip(("bad", "good"), WAIVERS, strict=True):
        baked.add(f"{word}-waiver", dockerfile, {})
        rules.add(f"{word} FI090")
    for word, (dockerfile, files) in FLEET.items():
        baked.add(f"{word}-fleet", dockerfile, files)
        rules.add(f"{word} FI003")
    assert rules == {f"{word} {rule}" for rule in RULES for word in ("bad", "good")}
    error = baked.build(cloud)
    assert not error, error
