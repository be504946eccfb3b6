"""The arguments of all verbs.

Decides names, defaults and which module runs a verb. Leaves checking values to the verbs.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Final

from fast_container.cli.arguments.base import add_base_arguments
from fast_container.cli.arguments.check import add_check_arguments
from fast_container.cli.arguments.cleanup import add_cleanup_arguments, add_doctor_arguments, add_status_arguments
from fast_container.cli.arguments.coldstart import add_coldstart_arguments
from fast_container.cli.arguments.cost import add_cost_arguments
from fast_container.cli.arguments.deployment import add_migrate_arguments, add_pin_arguments, add_promote_arguments
from fast_container.cli.arguments.image import add_image_arguments
from fast_container.cli.arguments.lint import add_init_ignore_arguments, add_lint_arguments
from fast_container.cli.arguments.parser import PrintVersion, VerbParser
from fast_container.cli.arguments.policy import add_policy_arguments
from fast_container.cli.arguments.report import add_history_arguments, add_report_arguments
from fast_container.core.recipe import OPTIONS
from fast_container.core.replaced_tag import OPTION
from fast_container.core.spelling import did_you_mean

_AddArguments = Callable[[argparse.ArgumentParser], None]

_BAD_INPUT = "2 for bad input, with one message on standard error"
_EXIT_CODES: Final = {
    "certify": f"0 as expected, or nothing was made; 1 something differs; {_BAD_INPUT}.",
    "check-image": f"0 nothing as bad as --fail-on; 1 a finding that is; {_BAD_INPUT}.",
    "doctor": f"0 nothing is wrong, or only warnings; 1 a problem; {_BAD_INPUT}.",
    "gc": f"0 done; 1 an image could not be deleted; {_BAD_INPUT}, also when a use cannot be read; 130 after Ctrl-C.",
    "init-ignore": f"0 written, or nothing to add; 1 not written; {_BAD_INPUT}.",
    "lint": f"0 nothing as bad as --fail-on; 1 a finding that is, or a change not written; {_BAD_INPUT}.",
    "plan": f"0 nothing to build; {_BAD_INPUT}; 3 something to build.",
    "migrate": f"0 all of it is translated; 1 something is not, or there is no image; {_BAD_INPUT}.",
    "promote": f"0 all are there; 1 one of them is not; {_BAD_INPUT}; 130 after Ctrl-C.",
    "wait": f"0 all builds succeeded; 1 one of them failed; {_BAD_INPUT}.",
    "warm": f"0 nothing is missing any more; 1 a build failed; {_BAD_INPUT}; 130 after Ctrl-C.",
}
"""Exit codes of verbs that have more than success and bad input."""


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the arguments; ``run`` of the result is the verb, a function of the result that returns the exit code.

    Raises:
        SystemExit: With code 2 for arguments that cannot be read, 0 after ``--help``.
    """
    asked = next((word for word in argv if not word.startswith("-")), "")
    parser = verbs_parser(asked)
    if asked and asked not in _VERBS:
        parser.error(f"there is no verb {asked!r}; {did_you_mean(asked, _VERBS)}")
    found, unknown = parser.parse_known_args(argv)
    if unknown:
        parser.prog = f"{parser.prog} {asked}"
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    return found


def verbs_parser(asked: str = "") -> argparse.ArgumentParser:
    """Return the parser of one verb, or of all verbs if there is no such verb."""
    parser = VerbParser(prog="fast-container", allow_abbrev=False)
    parser.description = "Look at images before and after they are built; plan, build, check, move and remove them."
    parser.epilog = (
        f"Exit codes: 0; 1 when a build failed, or `certify`, `lint` or `check-image` found something;"
        f" {_BAD_INPUT}; 3 when `plan` finds something to build. `--help` of a verb lists its own."
    )
    parser.add_argument("--version", action=PrintVersion, nargs=0, help="print the version and exit")
    # With a prog of its own argparse does not ask for the terminal's width, which would import many modules.
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB", prog=parser.prog)
    # The parsers of the other verbs would cost each command 3 ms.
    for name in (asked,) if asked in _VERBS else _VERBS:
        text, add_arguments = _VERBS[name]
        add_arguments(verbs.add_parser(name, help=text, allow_abbrev=False))
    for name, verb in verbs.choices.items():
        example = f"Example: {verb.epilog}. " if verb.epilog else ""
        verb.epilog = f"{example}Exit codes: {_EXIT_CODES.get(name, f'0; {_BAD_INPUT}.')}"
    return parser


def _ignored(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "find . | fast-container ignored --dockerignore .dockerignore"
    parser.description = (
        "Reads paths from standard input, one a line, a directory ending in /, parents first, "
        "and prints 'ignored' or 'kept', a tab and the path for each."
    )
    parser.add_argument("--dockerignore", metavar="FILE", required=True, help="the ignore file")
    parser.set_defaults(run=_verb("ignored"))


def _explain(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "fast-container explain before.json after.json"
    parser.add_argument("before", metavar="A.json")
    parser.add_argument("after", metavar="B.json")
    parser.set_defaults(run=_verb("explain"))


def _cancel(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "fast-container cancel --project shop-images --key 3f2a9c51"
    parser.description = "Stop the running builds of images in a CodeBuild project; nothing is tagged."
    _remote(parser, "cancel")


def _wait(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "fast-container wait --project shop-images"
    parser.description = "Wait for the running builds of images in a CodeBuild project."
    _remote(parser, "wait")


def _remote(parser: argparse.ArgumentParser, verb: str) -> None:
    parser.add_argument("--project", metavar="NAME", required=True, help="the CodeBuild project")
    parser.add_argument("--repository", metavar="URL", help="only builds for this repository")
    parser.add_argument("--key", metavar="KEY", help="only builds of this build key (its start is enough)")
    parser.add_argument("--region", metavar="REGION", help="default: from the environment or the profile")
    parser.add_argument("--profile", metavar="PROFILE", help="a profile of the AWS configuration")
    parser.set_defaults(run=_verb(verb))


def _certify(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "fast-container certify --region eu-west-1 --profile sandbox"
    parser.description = (
        "Deploy a tiny stack to a real AWS account, go through build, skip, reuse, CodeBuild, wait=False, failure, "
        "refresh and destroy, and write a report that says which call answered what. Says what it makes and asks "
        "first; removes all of it."
    )
    parser.add_argument("--region", metavar="REGION", help="default: from the environment or the profile")
    parser.add_argument("--profile", metavar="PROFILE", help="a profile of the AWS configuration")
    _many(parser, "--config", "KEY=VALUE", "more of the stack's configuration, as `pulumi config set` takes it")
    parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    parser.add_argument("--no-local", action="store_true", help="build on CodeBuild only: this machine has no BuildKit")
    parser.add_argument("--clean", action="store_true", help="remove the leftovers of a certification that was killed")
    parser.add_argument(
        "--folder", metavar="DIR", default="fast-container-certify", help="for its state; default: ./%(default)s"
    )
    parser.add_argument("--report", metavar="FILE", default="fast-container-certify.md", help="default: ./%(default)s")
    parser.set_defaults(run=_verb("certify"))


def _plan(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "fast-container plan --json"
    parser.description = (
        "Compute the keys of a plan file's images as their files are now and ask the registry for them."
    )
    _plan_file(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_verb("plan"))


def _warm(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "fast-container warm --secret token=CI_TOKEN"
    parser.description = "Build and push the images of a plan file that the registry does not have; touch nothing else."
    _plan_file(parser)
    _many(parser, "--secret", "ID=VARIABLE", "a build secret, from an environment variable")
    _many(parser, "--trust-registry", "HOST", "a further registry that bases and copies may come from")
    parser.add_argument("--max-parallel", metavar="N", type=int, help="builds at once; default: two a core, 4 to 16")
    parser.add_argument("--cache", metavar="HOST/NAME", help="a repository for BuildKit's cache, with mutable tags")
    parser.add_argument(
        "--cache-branch", metavar="BRANCH", default="main", help="whose cache is written; default: main"
    )
    parser.add_argument(
        "--cache-export",
        choices=("always", "never", "adaptive"),
        default="always",
        help="adaptive: not where exports take longer than imports save, by this machine's records",
    )
    parser.epilog = "fast-container warm --cache HOST/shop/caches --cache-export adaptive"
    parser.set_defaults(run=_verb("warm"))


def _accept(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "fast-container accept --accept-replaced-tag HOST/NAME:key-…@sha256:…"
    parser.description = (
        "Write down, in a file of the program's folder, that the image under a key tag is wanted although it is another"
        " than the one that was recorded. The next `pulumi up` takes it."
    )
    parser.add_argument(
        OPTION,
        metavar="HOST/NAME:key-…@sha256:…",
        action="append",
        required=True,
        help="as in the message; may be repeated",
    )
    parser.add_argument("--folder", metavar="DIR", default=".", help="the program's folder; default: .")
    parser.set_defaults(run=_verb("deployment.accept"))


def _plan_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--plan", metavar="FILE", default="fast-container.plan.json", help="the plan file that `pulumi preview` wrote"
    )


def _lock(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "fast-container lock --context app --update"
    parser.description = (
        "Look up the base images of Dockerfiles and write what they stand for to a lock file. Adds what is missing; "
        "says what changed. Nothing is written when a registry cannot be asked."
    )
    parser.add_argument("--file", metavar="FILE", default="images.lock", help="default: images.lock")
    parser.add_argument("--update", action="store_true", help="look up all images of the file again")
    parser.add_argument("--context", metavar="DIR", default=".", help="the build context; default: .")
    _many(parser, "--dockerfile", "FILE", "default: Dockerfile in the context")
    _many(parser, "--target", "STAGE", "default: the last stage")
    _many(parser, "--platform", "OS/ARCH", "default: linux/amd64")
    _many(parser, "--build-arg", "K=V", "a build arg")
    _many(parser, "--build-context", "NAME=DIR", "a named context")
    _many(parser, "--image", "NAME", "an image's name, of an inline Dockerfile for example")
    _many(parser, "--own-base", "NAME", "a build arg or FROM name that stands for a BaseImage of yours: not locked")
    _many(parser, "--mirror", "HOST=HOST", "ask the second registry instead of the first; plain http on loopback only")
    parser.set_defaults(
        run=_verb("lock"), ignore=[], secret=[], optional_secret=[], no_dockerignore=False, dockerignore=None
    )


def _inspect(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "fast-container inspect --context app --target production"
    parser.description = "Print the files that an image reads from its contexts, and its build key."
    parser.add_argument("--context", metavar="DIR", help="the build context; required without --plan")
    parser.add_argument("--plan", metavar="FILE", help="take everything from a plan file …")
    parser.add_argument("--image", metavar="NAME", help="… of this image")
    parser.add_argument("--dockerfile", metavar="FILE", help="default: Dockerfile in the context")
    parser.add_argument("--target", metavar="STAGE", default="", help="default: the last stage")
    parser.add_argument("--platform", metavar="OS/ARCH", default="linux/amd64", help="default: linux/amd64")
    _many(parser, "--build-arg", "K=V", "a build arg")
    _many(
        parser, "--build-context", "NAME=DIR", "a named context: a directory, or a reference such as docker-image://…"
    )
    _many(parser, "--ignore", "PATTERN", "a pattern after those of the ignore file")
    _many(parser, "--secret", "ID", "a build secret's id, as `secrets=` has it; ids count in the key")
    _many(parser, "--optional-secret", "ID", "the id of one that a stage mounts and that may be missing")
    for option in OPTIONS:
        said = f"{option.help}; may be repeated" if option.is_list else option.help
        action = "append" if option.is_list else "store"
        parser.add_argument(option.flag, dest=option.name, metavar=option.metavar, action=action, help=said)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--no-dockerignore", action="store_true", help="disregard ignore files of the context")
    which.add_argument("--dockerignore", metavar="FILE", help="read this ignore file instead")
    parser.add_argument("--images-lock", metavar="FILE", help='pin base images as image_policy="locked" does')
    parser.add_argument("--no-cache", action="store_true", help="read every file again, even unchanged ones")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_verb("inspect"))


def _show_dockerfile(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "fast-container show-dockerfile --install dependencies --root . --package packages/orders"
    add_base_arguments(parser)
    parser.set_defaults(run=_verb("show_dockerfile"))


def _completion(parser: argparse.ArgumentParser) -> None:
    parser.description = "Print what a shell needs to complete verbs and flags of this command."
    parser.epilog = 'eval "$(fast-container completion bash)"'
    parser.add_argument("shell", metavar="SHELL", choices=["bash", "zsh", "fish"], help="bash, zsh or fish")
    parser.set_defaults(run=_verb("completion"))


def _many(parser: argparse.ArgumentParser, name: str, metavar: str, text: str) -> None:
    parser.add_argument(name, metavar=metavar, action="append", default=[], help=f"{text}; may be repeated")


def _verb(name: str) -> Callable[[argparse.Namespace], int]:
    def run(arguments: argparse.Namespace) -> int:
        verb: Callable[[argparse.Namespace], int] = import_module(f"fast_container.cli.verbs.{name}").run
        return verb(arguments)

    return run


def _of(name: str, add_arguments: _AddArguments) -> _AddArguments:
    """Add a verb's arguments, and the module that runs it."""

    def add(parser: argparse.ArgumentParser) -> None:
        add_arguments(parser)
        parser.set_defaults(run=_verb(name))

    return add


_VERBS: Final[dict[str, tuple[str, _AddArguments]]] = {
    "inspect": ("the files that an image reads, and its build key", _inspect),
    "ignored": ("which paths an ignore file ignores", _ignored),
    "explain": ("the differences between two outputs of inspect --json", _explain),
    "show-dockerfile": ("the Dockerfile of a base image", _show_dockerfile),
    "lint": ("find what makes images large, slow or unsafe", _of("lint", add_lint_arguments)),
    "init-ignore": ("propose a .dockerignore", _of("init_ignore", add_init_ignore_arguments)),
    "check-image": ("what is in a pushed image, checked", _of("check_image", add_check_arguments)),
    "image": ("what takes the space in a pushed image", _of("image", add_image_arguments)),
    "coldstart": ("measure how an image starts", _of("coldstart", add_coldstart_arguments)),
    "lock": ("pin base images: write images.lock", _lock),
    "plan": ("the images that would be built now", _plan),
    "warm": ("build and push missing images", _warm),
    "pin": ("the keys that an image can be held at", _of("deployment.pin", add_pin_arguments)),
    "migrate": ("write a program with other image components anew", _of("deployment.migrate", add_migrate_arguments)),
    "promote": ("copy images to another account or region", _of("deployment.promote", add_promote_arguments)),
    "certify": ("try the library on a real AWS account", _certify),
    "accept": ("accept the image that replaced a recorded one", _accept),
    "policy": ("the IAM policies that builds need", _of("policy", add_policy_arguments)),
    "report": ("what the last runs built, why, and how long it took", _of("report", add_report_arguments)),
    "history": ("the builds of one image", _of("history", add_history_arguments)),
    "cost": ("what builds cost and what was saved", _of("cost", add_cost_arguments)),
    "completion": ("complete commands in a shell", _completion),
    "status": (
        "where each image stands: here, in the registry, deployed",
        _of("operations.status", add_status_arguments),
    ),
    "doctor": ("what is missing, and how to mend it", _of("operations.doctor", add_doctor_arguments)),
    "gc": ("delete images that nothing uses any more", _of("operations.gc", add_cleanup_arguments)),
    "cancel": ("stop running remote builds", _cancel),
    "wait": ("wait for running remote builds", _wait),
}
"""Verb → its line in ``--help``, and the function that adds its arguments; in the order of ``--help``."""


def verb_lines() -> dict[str, str]:
    """Return verb → its line in ``--help``."""
    return {name: line for name, (line, _) in _VERBS.items()}
