"""``fast-container certify``: tries this library on a real AWS account with a tiny stack, and writes a report.

Decides what is explained before anything is made, that nothing is made without a yes, and where the report is. Leaves
the story to ``certify.story``.
"""

from __future__ import annotations

import argparse
import datetime
import os
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from fast_container.adapters.aws_session import AwsSession
from fast_container.certify.account import Account, Identity
from fast_container.certify.orphans import new_name
from fast_container.certify.report import Surroundings, report_text
from fast_container.certify.stack import CertifyError, CertifyStack
from fast_container.certify.story import StepResult, Story
from fast_container.cli.output import say
from fast_container.core.aws_access import AwsAccess
from fast_container.errors import ArgsError

_DIFFERS = 1
_NAME_FILE = "name"

_INTRODUCTION = """\
fast-container certify deploys a tiny stack to account {account}, region {region}, as
{arn}

It makes, all with names that begin with {name}:
  - an ECR repository with two images (about 200 MB, most of it AWS's own base image)
  - a CodeBuild project, its service role, its log group and an S3 bucket for sources
  - a Lambda function, its role, and what it logs
It builds {images}; goes through skip, reuse, a build in the
background, a build that fails, refresh and destroy; and removes all that it has made.
It takes less than ten minutes and costs less than 0.10 USD (three or four CodeBuild minutes).
Your own Pulumi stacks and backend are not touched. If it is killed, this removes what is left:
fast-container certify --clean --folder {folder}

"""


def run(arguments: argparse.Namespace) -> int:
    """Ask, go through the story, write the report; 1 if a step differs from what is expected.

    Raises:
        ArgsError: An argument cannot be right, or there is no Pulumi CLI.
        AuthError: AWS rejects the credentials.
    """
    folder, report = Path(arguments.folder).absolute(), Path(arguments.report)
    session = AwsSession(AwsAccess(region=arguments.region or "", profile=arguments.profile or ""), os.environ)
    configuration = _configuration(arguments, session)
    _check_cli()
    stack = CertifyStack(folder, os.environ)
    if arguments.clean:
        return _clean(stack, session)
    if folder.exists():
        raise ArgsError(
            "An earlier certification has left resources.",
            property_path="--folder",
            why=f"{folder} is there",
            next_step=f"Run: fast-container certify --clean --folder {arguments.folder}",
        )
    name = new_name()
    account = Account(session, name)
    identity = account.identity()
    local = not arguments.no_local
    if not _agreed(arguments, identity, configuration["aws:region"], name, local=local):
        say(["nothing was made"])
        return 0
    folder.mkdir(parents=True)
    (folder / _NAME_FILE).write_text(name, encoding="utf-8")
    with stack.held():
        started = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M")
        stack.create({**configuration, "name": name, "local": "true" if local else "false", "step": "first"})
        results = Story(stack, account, _say).run()
        surroundings = Surroundings(_hidden(identity.account), configuration["aws:region"], _versions(), started)
        # Messages of the engine name repositories and roles, and so the account.
        text = report_text(surroundings, results).replace(identity.account, surroundings.account)
        report.write_text(text, encoding="utf-8")
        return _ended(stack, results, report)


def _ended(stack: CertifyStack, results: list[StepResult], report: Path) -> int:
    for result in results:
        say([f"{'ok     ' if result.ok else 'DIFFERS'}  {result.title}"])
    say([f"report: {report}"])
    if results[-1].ok:
        stack.remove()
    else:
        say([f"resources are left: run fast-container certify --clean --folder {stack.folder}"])
    return 0 if all(result.ok for result in results) else _DIFFERS


def _clean(stack: CertifyStack, session: AwsSession) -> int:
    name = stack.folder / _NAME_FILE
    if not (stack.is_there and name.exists()):
        say([f"nothing to clean up in {stack.folder}"])
        return 0
    with stack.held():
        if not stack.was_made:
            stack.remove()
            say(["removed: the folder of a certification that was killed before it made anything"])
            return 0
        account = Account(session, name.read_text(encoding="utf-8").strip())
        result = Story(stack, account, _say).clean_up(interrupted=True)
        say([f"{'removed' if result.ok else 'NOT removed'}: the resources of the certification"])
        if not result.ok:
            for text in [result.error, *(check.found for check in result.checks)]:
                say(text.split("\n") if text else [])
            return _DIFFERS
        stack.remove()
    return 0


def _configuration(arguments: argparse.Namespace, session: AwsSession) -> dict[str, str]:
    """Return the stack's configuration: region, profile, and the settings of ``--config``."""
    found: dict[str, str] = {}
    for pair in arguments.config:
        key, is_pair, value = str(pair).partition("=")
        if not (key and is_pair):
            raise ArgsError(
                f"{pair!r} is not KEY=VALUE.", property_path="--config", next_step="Write --config aws:region=…"
            )
        found[key] = value
    region = found.get("aws:region") or session.region()
    if not region:
        raise ArgsError(
            "The AWS region is not known.", property_path="--region", next_step="Give --region eu-central-1."
        )
    profile: dict[str, str] = {"aws:profile": arguments.profile} if arguments.profile else {}
    return {**profile, **found, "aws:region": region}


def _agreed(arguments: argparse.Namespace, identity: Identity, region: str, name: str, *, local: bool) -> bool:
    images = "one image on CodeBuild and one with the BuildKit here" if local else "its image on CodeBuild"
    introduction = _INTRODUCTION.format(
        account=identity.account,
        region=region,
        arn=identity.arn,
        name=name,
        images=images,
        folder=arguments.folder,
    )
    say(introduction.splitlines())
    sys.stdout.flush()
    if arguments.yes:
        return True
    if not sys.stdin.isatty():
        raise ArgsError(
            "The confirmation cannot be asked for.",
            property_path="--yes",
            why="standard input is not a terminal",
            next_step="Add --yes.",
        )
    return input("Go on? Type yes: ").strip().lower() == "yes"


def _check_cli() -> None:
    if shutil.which("pulumi") is None:
        raise CertifyError(
            "The Pulumi CLI was not found.",
            why="no `pulumi` on PATH",
            next_step="Install it: https://www.pulumi.com/docs/install/.",
        )


def _versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in ("fast-container", "pulumi", "pulumi-aws", "boto3"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _hidden(account: str) -> str:
    return "…" + account[-4:]


def _say(title: str) -> None:
    now: Any = datetime.datetime.now(datetime.UTC).strftime("%H:%M:%S")
    say([f"{now}  {title} …"])
    sys.stdout.flush()
