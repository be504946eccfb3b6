"""The arguments of a ``BuildMetrics``: what each may be.

Decides which values are refused, with their property path, before any resource exists. Leaves what becomes of them to
the modules beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

import pulumi

from fast_container.codebuild.arguments import check_log_days
from fast_container.errors import ArgsError, bracketed
from fast_container.report.metric_documents import Detail
from fast_container.shapes import (
    check_choice,
    check_mapping,
    check_resource_name,
    check_strings,
    engine_input,
    is_later,
    shown,
)

if TYPE_CHECKING:
    import pulumi_aws as aws
else:
    from fast_container import lazy_aws as aws

Alarm: TypeAlias = Literal["failed", "slower", "grown", "uncached"]
ALARMS: Final[Sequence[Alarm]] = get_args(Alarm)
BuildState: TypeAlias = Literal["FAILED", "FAULT", "STOPPED", "TIMED_OUT", "IN_PROGRESS", "SUCCEEDED"]
BUILD_STATES: Final[Sequence[BuildState]] = ("FAILED", "FAULT", "STOPPED", "TIMED_OUT")
DEFAULT_LOG_DAYS: Final = 90
FunctionInput: TypeAlias = "aws.lambda_.Function | aws.cloudwatch.LogGroup | pulumi.Input[str]"

# The names of a dashboard and of a log group are made of it.
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)
_FUNCTION: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
_LOG_GROUP: Final = re.compile(r"[A-Za-z0-9\-_/.#]{1,512}", re.ASCII)
_TOPIC: Final = re.compile(r"arn:[a-z0-9-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}", re.ASCII)
_ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s]+")


def check_name(name: object) -> str:
    """Refuse a name of which no dashboard can be named."""
    found = check_resource_name(name)
    if not _NAME.fullmatch(found):
        raise ArgsError(
            f"{shown(name)} has characters that AWS refuses.",
            property_path="name",
            why="the dashboard and the log group are named after it",
            next_step="Use letters, digits, - and _, at most 100.",
        )
    return found


def check_topic(topic: object) -> Any:
    """Return the ARN of a topic of the user's, now or later; None without one."""
    if topic is None:
        return None
    if not isinstance(topic, str) and not is_later(topic):
        # Asked last, because naming the AWS class loads its package.
        if not isinstance(topic, aws.sns.Topic):
            raise ArgsError(
                f"{shown(topic)} is not a topic.", property_path="topic", next_step="Give an aws.sns.Topic, or its ARN."
            )
        return topic.arn
    if isinstance(topic, str) and not _TOPIC.fullmatch(topic):
        raise ArgsError(
            f"{shown(topic)} is not the ARN of a topic.",
            property_path="topic",
            next_step="Give an aws.sns.Topic, or an ARN such as arn:aws:sns:eu-west-1:123456789012:builds",
        )
    return engine_input(topic, "topic")


def check_emails(emails: object, *, has_topic: bool) -> tuple[str, ...]:
    """Return the addresses that get notices."""
    found = () if emails is None else check_strings(emails, "emails")
    for index, address in enumerate(found):
        if not _ADDRESS.fullmatch(address):
            raise ArgsError(f"{address!r} is not an e-mail address.", property_path=f"emails[{index}]")
        if address in found[:index]:
            raise ArgsError(f"{address!r} is given twice.", property_path=f"emails[{index}]")
    if found and has_topic:
        raise ArgsError(
            "emails cannot be combined with topic.",
            property_path="emails",
            why="who gets the notices of a topic is said where the topic is made",
            next_step="Subscribe them there: aws.sns.TopicSubscription(…).",
        )
    return found


def check_alarms(alarms: object) -> tuple[str, ...]:
    """Return the alarms that are wanted."""
    return _choices(alarms, "alarms", ALARMS)


def check_build_states(states: object) -> tuple[str, ...]:
    """Return the states of a CodeBuild build that are a notice."""
    return _choices(states, "build_states", get_args(BuildState))


def _choices(values: object, property_path: str, choices: Sequence[str]) -> tuple[str, ...]:
    found = check_strings(values, property_path)
    return tuple(
        dict.fromkeys(check_choice(value, f"{property_path}[{index}]", choices) for index, value in enumerate(found))
    )


def check_detail(detail: object) -> Detail:
    """Return which metrics there are."""
    return "image" if check_choice(detail, "detail", get_args(Detail)) == "image" else "stack"


def check_retention(days: object) -> None:
    """Refuse a retention that CloudWatch does not have."""
    check_log_days(days)


def check_functions(functions: object) -> Mapping[str, Any]:
    """Check function name → its log group, or the function itself; a later name is checked when it is known."""
    if functions is None:
        return {}
    found = check_mapping(functions, "functions", 'functions={"api": function}')
    return {name: _function(name, given) for name, given in found.items()}


def _function(name: str, given: object) -> Any:
    path = f"functions{bracketed(name)}"
    if not _FUNCTION.fullmatch(name):
        raise ArgsError(
            f"{name!r} cannot be the name of a metric.",
            property_path=path,
            next_step="Use letters, digits, - _ and ., at most 64.",
        )
    if isinstance(given, str):
        return _log_group(given, path)
    if is_later(given):
        return pulumi.Output.from_input(given).apply(lambda group: _log_group(group, path))
    if isinstance(given, aws.lambda_.Function | aws.cloudwatch.LogGroup):
        return given
    raise ArgsError(
        f"{shown(given)} is neither a function nor a log group.",
        property_path=path,
        next_step="Give an aws.lambda_.Function, or its log group: an aws.cloudwatch.LogGroup or a name.",
    )


def _log_group(group: object, property_path: str) -> str:
    if not isinstance(group, str) or not _LOG_GROUP.fullmatch(group):
        raise ArgsError(
            f"{shown(group)} is not the name of a log group.",
            property_path=property_path,
            next_step='For example: "/aws/lambda/api"',
        )
    return group
