"""The two-stack example on the real engine: a base image of shared packages, and a function of another stack on it."""

from __future__ import annotations

import json
import shutil
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import pytest
from conftest import Stacks
from engine_stack import EngineStack, Run

PROJECT = Path(__file__).parents[2]
EVENT = {"sku": "TE-001", "country": "DE", "unit_price": "100"}


class Shop:
    """A checkout's two programs; the steps in their order, each of them the base's stack and then the function's."""

    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        ignored = shutil.ignore_patterns("__pycache__", "Pulumi.*.yaml", ".fast-container", "fast-container.plan.json")
        shutil.copytree(PROJECT / "lambdas", stacks.folder / "lambdas", ignore=ignored)
        for name in ("shared_base", "uses_shared_base"):
            shutil.copytree(PROJECT / "stacks" / name, stacks.folder / "stacks" / name, ignore=ignored)
        self.base = self._stack("shared_base", "shared-base", {"pullAccounts": '["210987654321"]'})
        self.user = self._stack("uses_shared_base", "uses-shared-base", {"baseStack": "organization/shared-base/dev"})

    def _stack(self, folder: str, project: str, settings: dict[str, str]) -> EngineStack:
        program = (self.stacks.folder / "stacks" / folder / "__main__.py").read_text()
        stack = self.stacks(program, folder=f"stacks/{folder}", name="dev", project=project)
        stack.configure({f"{project}:{name}": value for name, value in settings.items()})
        return stack

    def edit(self, before: str, after: str) -> None:
        rates = self.stacks.folder / "lambdas/packages/pricing/src/shop_pricing/rates.py"
        text = rates.read_text()
        assert before in text
        rates.write_text(text.replace(before, after))

    def gross(self, run: Run) -> str:
        """What the deployed function answers."""
        client: Any = boto3.client(
            "lambda",
            endpoint_url=self.stacks.cloud.aws_endpoint,
            region_name=self.stacks.cloud.region,
            aws_access_key_id="localcloud",
            aws_secret_access_key="localcloud",
        )
        answer = client.invoke(FunctionName=run.stack_outputs["function"], Payload=json.dumps(EVENT).encode())
        return json.loads(answer["Payload"].read())["gross"]

    @cached_property
    def first(self) -> tuple[Run, Run, str]:
        base, user = self.base.up(), self.user.up()
        return base, user, self.gross(user)

    @cached_property
    def unchanged(self) -> tuple[Run, Run]:
        assert self.first
        return self.base.up(), self.user.up()

    @cached_property
    def package_edited(self) -> tuple[Run, Run, str]:
        assert self.unchanged
        self.edit('"DE": Decimal("0.19")', '"DE": Decimal("0.21")')
        base, user = self.base.up(), self.user.up()
        return base, user, self.gross(user)

    @cached_property
    def named_itself(self) -> Run:
        """The base by its repository and key, in place of its stack."""
        outputs = self.package_edited[0].stack_outputs
        for output, setting in (("repository_url", "baseRepository"), ("build_key", "baseKey")):
            self.user.configure({f"uses-shared-base:{setting}": outputs[output]})
        return self.user.preview()


@pytest.fixture(scope="module")
def shop(stacks: Stacks) -> Shop:
    return Shop(stacks)


def test_the_function_of_one_stack_runs_on_the_base_image_of_the_other(shop: Shop) -> None:
    base, user, gross = shop.first
    assert (base.builds, user.builds) == (1, 1)
    assert gross == "119.00"


def test_nothing_changed_is_nothing_done_in_both_stacks(shop: Shop) -> None:
    for run in shop.unchanged:
        assert (run.changes, run.builds) == ({}, 0)


def test_an_edited_package_rebuilds_the_base_and_then_the_image_on_it(shop: Shop) -> None:
    base, user, gross = shop.package_edited
    assert base.steps == {"pricing-build": "update"}
    assert user.steps == {"quotes-build": "update", "quotes": "update"}
    repository = base.stack_outputs["repository_url"].partition("/")[2]
    assert f"building: base image {repository} changed\n" in user.messages(on="quotes")
    assert (base.builds, user.builds) == (1, 1)
    assert gross == "121.00"


def test_a_base_that_is_named_by_its_repository_and_key_is_the_same_base(shop: Shop) -> None:
    run = shop.named_itself
    assert run.steps.keys().isdisjoint({"quotes", "quotes-build"})
    assert run.messages("error") == run.messages(on="quotes") == []
