"""The story of a certification: its steps, their order, and the expectations of each.

Decides the steps and their expectations. A step that fails its expectations is a finding and not the end: the steps
after it run as far as they can, and the last one always cleans up. Leaves running to ``certify.stack``, asking
AWS to ``certify.account``, and words for people to ``certify.report``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fast_container.adapters.call_log import REGISTRY
from fast_container.certify.account import Account
from fast_container.certify.stack import CertifyStack, Operation
from fast_container.errors import FastContainerError

_RECORDS = ("function-build", "service-build")
_POLL_S = 5.0
_BUILD_LIMIT_S = 900.0


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation of a step.

    Attributes:
        what: The expectation, as a sentence.
        ok: Whether it holds.
        found: What was found instead; "" if it holds.
    """

    what: str
    ok: bool
    found: str = ""


@dataclass(slots=True)
class StepResult:
    """The findings of one step.

    Attributes:
        title: The subject of the step.
        operations: The runs of the CLI, in their order.
        checks: The expectations.
        error: Why the step could not be completed; "" if it was.
    """

    title: str
    operations: list[Operation] = field(default_factory=list[Operation])
    checks: list[Check] = field(default_factory=list[Check])
    error: str = ""

    @property
    def ok(self) -> bool:
        """Whether the step met all its expectations."""
        return not self.error and all(check.ok for check in self.checks)

    def expect(self, what: str, ok: bool, found: object = "") -> None:
        """Add an expectation and whether it holds."""
        self.checks.append(Check(what, ok, "" if ok else str(found)))

    def succeeded(self, operation: Operation) -> Operation:
        """Add an operation that has to end well."""
        self.operations.append(operation)
        self.expect(f"`pulumi {operation.verb}` ends well", operation.code == 0, "\n".join(operation.messages))
        return operation


class Story:
    """Goes through the steps.

    Args:
        stack: Made already.
        account: Where it is deployed.
        say: Gets one line when a step begins.
    """

    def __init__(self, stack: CertifyStack, account: Account, say: Callable[[str], None]) -> None:
        self._stack = stack
        self._account = account
        self._say = say
        self._outputs: dict[str, Any] = {}
        self._interrupted = False
        self._was_killed = False

    def run(self) -> list[StepResult]:
        """Run all steps; the last one, which cleans up, runs whatever happened before."""
        steps: Sequence[tuple[str, Callable[[StepResult], None]]] = (
            ("first deploy: build on CodeBuild and here, push, verify, tag, deploy", self._first),
            ("nothing changed: nothing is built", self._unchanged),
            ("the same image under another name: found in the registry", self._reused),
            ("wait=False: `up` returns while CodeBuild builds", self._background),
            ("a build that fails: no tag, and the cause is named", self._failure),
            ("refresh: the records agree with the registry", self._refresh),
        )
        results: list[StepResult] = []
        try:
            for title, step in steps:
                results.append(self._step(title, step))
                if not self._outputs:
                    break  # Nothing was deployed that the other steps could check.
        except BaseException:
            self._interrupted = True
            raise
        finally:
            results.append(self.clean_up())
        return results

    def clean_up(self, *, interrupted: bool = False) -> StepResult:
        """Destroy the stack, with its images, and look for anything left.

        Args:
            interrupted: An operation was stopped half-way, so that the stack may be locked.
        """
        self._was_killed = interrupted or self._interrupted
        if self._was_killed:
            self._stack.unlock()
        return self._step("destroy: nothing is left", self._destroy)

    def _step(self, title: str, run: Callable[[StepResult], None]) -> StepResult:
        self._say(title)
        result = StepResult(title)
        try:
            run(result)
        except FastContainerError as error:
            result.error = str(error)
        return result

    def _first(self, result: StepResult) -> None:
        self._stack.at("first")
        up = result.succeeded(self._stack.run("up"))
        if up.code:
            return
        self._outputs = self._stack.outputs()
        tags = self._account.key_tags()
        images = [self._outputs[name] for name in ("image", "service") if name in self._outputs]
        tagged = sum(image.rpartition("@")[2] in tags.values() for image in images)
        result.expect("each image has its key tag, and is deployed by its digest", tagged == len(images), tags)
        self._answers(result, "one")

    def _unchanged(self, result: StepResult) -> None:
        self._stack.at("unchanged")
        before = self._builds()
        up = result.succeeded(self._stack.run("up"))
        result.expect("nothing is changed", not up.steps, dict(up.steps))
        result.expect("no build is started", self._builds() == before, self._builds())
        asked = [call for call in up.calls if call["service"] in ("ecr", REGISTRY)]
        result.expect("the registry is not asked", not asked, _names(asked))

    def _reused(self, result: StepResult) -> None:
        self._stack.at("reuse")
        before = self._builds()
        up = result.succeeded(self._stack.run("up"))
        result.expect("no build is started", self._builds() == before, self._builds())
        found = self._stack.outputs().get("again")
        result.expect("the image is the same one", found == self._outputs["image"], found)
        result.expect("one record is made", up.steps.get("again-build") == "create", dict(up.steps))

    def _background(self, result: StepResult) -> None:
        self._stack.edit("function/handler.py", '"one"', '"two"')
        self._stack.at("background")
        result.succeeded(self._stack.run("up"))
        self._answers(result, "one")
        states = self._wait_for_builds()
        result.expect("the build ends well after `up` has returned", states[:1] == ["SUCCEEDED"], states)
        result.succeeded(self._stack.run("up"))
        self._answers(result, "two")

    def _failure(self, result: StepResult) -> None:
        before = self._account.key_tags()
        self._stack.at("failure")
        up = self._stack.run("up")
        result.operations.append(up)
        result.expect("`pulumi up` fails", up.code != 0)
        result.expect("the message names the step that failed", up.says("exit 3"), "\n".join(up.messages))
        result.expect("no tag is put", self._account.key_tags() == before, self._account.key_tags())
        self._stack.at("refresh")
        result.succeeded(self._stack.run("up"))

    def _refresh(self, result: StepResult) -> None:
        refresh = result.succeeded(self._stack.run("refresh"))
        changed = {name: step for name, step in refresh.steps.items() if name in _RECORDS and step != "refresh"}
        result.expect("no record is changed", not changed, changed)
        up = result.succeeded(self._stack.run("up"))
        built = {name: step for name, step in up.steps.items() if name in _RECORDS}
        result.expect("no image is built after it", not built, built)

    def _destroy(self, result: StepResult) -> None:
        outputs = self._stack.outputs()
        self._account.delete_images()
        destroyed = self._stack.run("destroy")
        if self._was_killed:
            self._account.delete_orphans()
            if destroyed.code:
                # A role, for one, cannot be deleted while it has a policy that the state does not know.
                destroyed = self._stack.run("destroy")
        result.succeeded(destroyed)
        if "function" in outputs:
            self._account.delete_function_logs(str(outputs["function"]))
        left = self._account.left_over()
        result.expect("no repository, function, role, project or bucket is left", not left, ", ".join(left))

    def _answers(self, result: StepResult, version: str) -> None:
        answer = self._account.invoke(str(self._outputs["function"]))
        result.expect(f"the function answers with version {version}", answer == {"version": version}, answer)

    def _builds(self) -> int:
        return self._account.builds(str(self._outputs["project"]))

    def _wait_for_builds(self) -> list[str]:
        deadline = time.monotonic() + _BUILD_LIMIT_S
        while True:
            states = self._account.build_states(str(self._outputs["project"]))
            if "IN_PROGRESS" not in states or time.monotonic() > deadline:
                return states
            time.sleep(_POLL_S)


def _names(calls: Sequence[Mapping[str, Any]]) -> list[str]:
    return sorted({f"{call['service']}:{call['operation']}" for call in calls})
