"""The demo: the example fleet on a local cloud, with the real Pulumi CLI, BuildKit and registry.

Tells the story and checks each step of it: a step that did not do what it claims ends the demo with exit code 1.
How the CLI is run, and where the numbers come from, is decided in ``stacks/rehearsal``.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
if not __package__:
    sys.path[0] = str(PROJECT)

from localcloud import LocalCloud, LocalCloudError  # noqa: E402
from stacks.rehearsal.checkout import Checkout, DemoFailed  # noqa: E402
from stacks.rehearsal.facts import Facts, at_once  # noqa: E402
from stacks.rehearsal.pulumi_cli import RECORD_TYPE, Stack  # noqa: E402
from stacks.rehearsal.questions import EVENTS  # noqa: E402
from stacks.rehearsal.remote_step import entries, shown, without_docker  # noqa: E402
from stacks.rehearsal.scratch import scratch_folder  # noqa: E402
from stacks.rehearsal.steps import Steps, expect  # noqa: E402
from stacks.rehearsal.table import Row, draw  # noqa: E402
from tools.get_tools import ToolsError  # noqa: E402

PULUMI_PROJECT = "fast-container"
REPOSITORY = "shop/images"
BASES = "shop/bases"
REMOTE_REPOSITORY = "shop/built-remotely"
REMOTE_BASES = "shop/bases-built-remotely"
FUNCTIONS = len(EVENTS)
IMAGES = FUNCTIONS + 1


class Story:
    """The steps, in order; each adds a row to the table."""

    def __init__(self, cloud: LocalCloud, scratch: Path) -> None:
        self._cloud = cloud
        self._scratch = scratch
        self._environment = cloud.environment()
        self._environment.pop("FAST_CONTAINER_CACHE", None)
        self._facts = Facts(cloud.aws_endpoint, cloud.region, cloud.buildkit_address, self._environment)
        self._steps = Steps(self._facts)
        own = {"repositoryName": REPOSITORY, "baseRepositoryName": BASES}
        self._clone, self._stack = self._new_stack("first-clone", "dev", own, PROJECT)
        self._second: Stack | None = None
        self._remote: Stack | None = None

    @property
    def rows(self) -> list[Row]:
        """A row for each step that did what it claims."""
        return self._steps.rows

    def tell(self) -> None:
        """All steps."""
        self._first_up()
        self._second_up()
        self._edit_one_handler()
        self._edit_shared_package()
        self._fresh_clone()
        self._image_lost()
        self._codebuild()
        self._destroy()

    def _first_up(self) -> None:
        _announce("1", f"first up: nothing is there; {IMAGES} images are built side by side, the base before its two")
        before = self._facts.builds()
        operation = self._steps.check("1 first up", self._stack, self._stack.up, built=IMAGES, created=FUNCTIONS)
        builds = [build for reference, build in self._facts.builds().items() if reference not in before]
        expect(at_once(builds) > 1, "builds should run side by side, but ran one after the other")
        for name, expected in ((REPOSITORY, FUNCTIONS), (BASES, 1)):
            tags = self._facts.key_tags(name)
            expect(len(tags) == expected, f"{name} should hold {expected} key tags, not {len(tags)}")
        print(f"   {at_once(builds)} builds ran at once; {operation.count(RECORD_TYPE, 'create')} images are recorded")

    def _second_up(self) -> None:
        _announce("2", "second up: nothing changed, so nothing is done")
        operation = self._steps.check("2 second up", self._stack, self._stack.up)
        expect(not operation.not_same, f"nothing should change, but the engine did {operation.not_same}")

    def _edit_one_handler(self) -> None:
        _announce("3", "one handler edited: one image, one function")
        self._clone.edit("lambdas/orders/handler.py", 'RELEASE = "orders 1"', 'RELEASE = "orders 2"')
        self._steps.releases["orders"] = "orders 2"
        before = set(self._facts.builds())
        preview = self._stack.preview()
        expect(set(self._facts.builds()) == before, "a preview must not build")
        operation = self._steps.check("3 handler edited", self._stack, self._stack.up, built=1, updated=1)
        expect(preview.not_same == operation.not_same, f"preview said {preview.not_same}, up did {operation.not_same}")

    def _edit_shared_package(self) -> None:
        _announce("4", "the shared package edited: the two images that use it, not the base image")
        base = self._stack.outputs()["base_image_uri"]
        rates = "lambdas/packages/pricing/src/shop_pricing/rates.py"
        self._clone.edit(rates, '"DE": Decimal("0.19")', '"DE": Decimal("0.21")')
        self._steps.gross = "36.30"
        self._steps.check("4 shared package edited", self._stack, self._stack.up, built=2, updated=2)
        expect(self._stack.outputs()["base_image_uri"] == base, "the base image should be left alone")

    def _fresh_clone(self) -> None:
        _announce(
            "5", "a fresh clone in another folder, a new stack, the same repository: all reused, no BuildKit needed"
        )
        # Another machine: an empty cache, and a builder that is not there.
        other = {"XDG_CACHE_HOME": str(self._scratch / "other-cache"), "BUILDX_BUILDER": "there-is-none"}
        shared = {"repository": REPOSITORY, "baseRepository": BASES}
        _, self._second = self._new_stack("second-clone", "staging", shared, self._clone.folder, other)
        self._steps.check("5 fresh clone, new stack", self._second, self._second.up, reused=IMAGES, created=FUNCTIONS)

    def _image_lost(self) -> None:
        _announce("6", "an image deleted from the registry: refresh notices, up builds it again")
        digest = self._stack.outputs()["image_uris"]["search"].partition("@")[2]
        self._facts.delete_image(REPOSITORY, digest)
        expect(digest not in self._facts.key_tags(REPOSITORY).values(), "the image should be gone")
        refreshed = self._stack.refresh()
        expect(self._records_of(self._stack) == IMAGES - 1, f"refresh should have dropped one record of {IMAGES}")
        operation = self._steps.check(
            "6 image lost, refresh, up", self._stack, self._stack.up, built=1, earlier=refreshed
        )
        expect(operation.count(RECORD_TYPE, "create") == 1, "one record should have been made again")
        expect("search" in str(self._stack.outputs()["image_uris"]), "the image should have a digest again")

    def _codebuild(self) -> None:
        _announce("7", "the same fleet through CodeBuild, with docker and BuildKit hidden from the program")
        bare = without_docker(self._environment, self._scratch / "bare")
        settings = {"repositoryName": REMOTE_REPOSITORY, "baseRepositoryName": REMOTE_BASES, "builder": "codebuild"}
        environment = {**bare, "XDG_CACHE_HOME": str(self._scratch / "bare-cache")}
        _, stack = self._new_stack("remote-clone", "remote", settings, self._clone.folder, environment, only=True)
        self._remote = stack
        self._cloud.calls.reset()
        operation = self._steps.check("7 through CodeBuild", stack, stack.up, built=IMAGES, created=FUNCTIONS)
        started = self._cloud.calls.counts()["codebuild:StartBuild"]
        expect(started == IMAGES, f"CodeBuild should have started {IMAGES} builds, not {started}")
        print(f"   {shown(self._cloud.calls.uploads())}, {started} builds started, {operation.wall_s:.1f} s")
        self._cloud.calls.reset()
        again = stack.up()
        touched = [call for call in self._cloud.calls.counts() if call.startswith(("s3:", "codebuild:"))]
        expect(not again.not_same and not touched, f"an unchanged up should call neither S3 nor CodeBuild: {touched}")
        print("   an unchanged up called neither S3 nor CodeBuild")
        tags = self._facts.key_tags(REMOTE_REPOSITORY)
        for tag in tags:
            same = entries(self._facts.ecr, REMOTE_REPOSITORY, tag) == entries(self._facts.ecr, REPOSITORY, tag)
            expect(same, f"{tag} should hold the same, built remotely and locally")
        print(f"   {len(tags)} images hold the same paths, types, modes and bytes as those of the same keys built here")

    def _destroy(self) -> None:
        _announce("8", "destroy all stacks: only the retained repositories with their images are left")
        images = self._facts.key_tags(REPOSITORY)
        begin = time.monotonic()
        for stack in (self._remote, self._second, self._stack):
            if stack is not None:
                stack.destroy()
                expect(not stack.resources(), f"the state of stack {stack.name} should be empty")
        wall_s = time.monotonic() - begin
        expect(not self._facts.function_names(), f"functions are left: {self._facts.function_names()}")
        expect(not self._facts.role_names(), f"roles are left: {self._facts.role_names()}")
        expect(self._facts.key_tags(REPOSITORY) == images, "the repository should keep its images")
        self._steps.rows.append(
            Row("8 destroy all", wall_s, 0, 0, 0, f"{3 * FUNCTIONS} deleted", f"{len(images)} images retained")
        )

    def _records_of(self, stack: Stack) -> int:
        return sum(resource["type"] == RECORD_TYPE for resource in stack.resources())

    def _new_stack(
        self,
        folder: str,
        name: str,
        configuration: Mapping[str, str],
        source: Path,
        environment: Mapping[str, str] | None = None,
        *,
        only: bool = False,
    ) -> tuple[Checkout, Stack]:
        """A stack in a clone of its own; ``only`` gives it nothing beside the environment named."""
        clone = Checkout(self._scratch / folder, source, PROJECT / ".venv")
        cache = {"XDG_CACHE_HOME": str(self._scratch / "cache")}
        shared = {} if only else self._environment | cache
        stack = Stack(name, clone.folder, shared | dict(environment or {}))
        stack.init(
            self._cloud.stack_config() | {f"fast-container:{key}": value for key, value in configuration.items()}
        )
        return clone, stack


def _announce(number: str, text: str) -> None:
    print(f"\n=== {number}. {text}", flush=True)


def _stop(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Runs the demo; returns the exit code."""
    signal.signal(signal.SIGTERM, _stop)
    begin = time.monotonic()
    story: Story | None = None
    try:
        with scratch_folder() as scratch:
            _announce("0", "the local cloud starts: AWS APIs, an OCI registry, BuildKit")
            with LocalCloud.running(scratch / "cloud") as cloud:
                # The image with a compiler, which only one function's first stage needs.
                cloud.serve_base_image("builder")
                print(f"   ready after {time.monotonic() - begin:.1f} s at {cloud.aws_endpoint}")
                story = Story(cloud, scratch)
                story.tell()
    except (DemoFailed, LocalCloudError, ToolsError) as error:
        if story is not None and story.rows:
            print("\n" + draw(story.rows))
        print(f"\ndemo FAILED: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: stopped; nothing is left running.", file=sys.stderr)
        return 130
    print("\n" + draw(story.rows))
    print(
        "\nWall time is that of `pulumi up` (6: refresh and up). Builds are counted in BuildKit's own history; images\n"
        "that were reused or left unchanged, and functions, in the engine's events; answers are of invoked functions.\n"
        f"Everything did what it claims; {time.monotonic() - begin:.0f} s in all, nothing is left running."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
