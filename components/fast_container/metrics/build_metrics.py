"""``BuildMetrics``: what CloudWatch is told of the images of a program, and what it shows and says of them.

Decides the arguments and outputs, and that one of it is for all images of its program, in whatever order they are
declared: an image says nothing of metrics. Leaves refusing arguments to ``arguments``, and the resources to the
modules beside it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pulumi

from fast_container.adapters.records.metric_log import MetricLog
from fast_container.builder_arguments import check_access
from fast_container.builder_interface import Builder
from fast_container.core.aws_access import AwsAccess
from fast_container.errors import ArgsError, FastContainerError
from fast_container.metrics import policies
from fast_container.metrics.arguments import (
    ALARMS,
    BUILD_STATES,
    DEFAULT_LOG_DAYS,
    Alarm,
    BuildState,
    FunctionInput,
    check_alarms,
    check_build_states,
    check_detail,
    check_emails,
    check_functions,
    check_name,
    check_retention,
    check_topic,
)
from fast_container.metrics.dashboard import dashboard
from fast_container.metrics.functions import LogFormat, watch_function
from fast_container.metrics.notices import build_rule, own_topic, stack_alarm
from fast_container.metrics.sender import MetricSender
from fast_container.report.metric_documents import Detail
from fast_container.report.metric_history import dimension_value
from fast_container.shapes import check_choice, check_opts, engine_inputs, refused_as_one_line, shown
from fast_container.state.access import access_of_image
from fast_container.state.hook import make_hook
from fast_container.state.program import Program, current_program

if TYPE_CHECKING:
    import pulumi_aws as aws
else:
    from fast_container import lazy_aws as aws

TYPE: Final = "fast-container:index:BuildMetrics"
# Only a unit test's mocks lack an ARN.
_MOCKED: Final = "arn:aws:logs:::log-group:mocked"


class BuildMetrics(pulumi.ComponentResource):
    """Metrics, a dashboard and alarms for the images of a program; one for all of them.

    It makes a log group, to which each ``pulumi up`` writes what it did, at its end. A preview asks nothing of AWS.

    Args:
        name: The Pulumi name.
        topic: An ``aws.sns.Topic``, or its ARN, that gets the notices; default a new one. Yours must let
            ``cloudwatch.amazonaws.com`` and ``events.amazonaws.com`` publish.
        emails: Addresses that a new topic writes to; each gets a mail in which it must agree.
        alarms: Those that are wanted: ``failed`` (an image could not be built), ``slower`` (a build takes longer than
            the same steps did before), ``grown`` (an image has grown), ``uncached`` (a cache is of no use any more).
        build_states: States of CodeBuild builds that are a notice, of the projects of this stack's builders; ``()``
            for no rule.
        functions: Name → an ``aws.lambda_.Function`` (its log group ``/aws/lambda/…`` is made), or its log group: an
            ``aws.cloudwatch.LogGroup`` or a name. Their cold and warm starts become metrics.
        log_format: ``text`` or ``json``: the format of ``functions`` that are given as log groups.
        detail: ``image`` (default): each image has metrics of its own, and the stack; ``stack``: the stack alone.
        log_retention_days: CloudWatch's, for log groups that are made.
        aws: How to reach AWS if the stack's ``aws:`` configuration does not say it.
        tags: AWS tags.
        opts: Resource options of the component.

    Attributes:
        log_group: Name of the log group.
        dashboard_name: Name of the dashboard.
        topic_arn: ARN of the topic.
        deployer_policy: The permissions of ``pulumi up`` to send metrics, as JSON.

    Raises:
        pulumi.RunError: An argument cannot be right, or the program has another one.
    """

    log_group: pulumi.Output[str]
    dashboard_name: pulumi.Output[str]
    topic_arn: pulumi.Output[str]
    deployer_policy: pulumi.Output[str]

    @refused_as_one_line("BuildMetrics")
    def __init__(
        self,
        name: str,
        *,
        topic: aws.sns.Topic | pulumi.Input[str] | None = None,
        emails: Sequence[str] | None = None,
        alarms: Sequence[Alarm] = ALARMS,
        build_states: Sequence[BuildState] = BUILD_STATES,
        functions: Mapping[str, FunctionInput] | None = None,
        log_format: LogFormat = "text",
        detail: Detail = "image",
        log_retention_days: int = DEFAULT_LOG_DAYS,
        aws: AwsAccess | None = None,
        tags: Mapping[str, pulumi.Input[str]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        try:
            check_name(name)
            topic_arn = check_topic(topic)
            wanted = check_emails(emails, has_topic=topic_arn is not None)
            alarm_kinds, states = check_alarms(alarms), check_build_states(build_states)
            watched = check_functions(functions)
            is_json = check_choice(log_format, "log_format", ("text", "json")) == "json"
            detail = check_detail(detail)
            check_retention(log_retention_days)
            check_access(aws, "aws")
            tags = engine_inputs(tags, "tags")
            check_opts(opts, pulumi.ResourceOptions)
            program = current_program(make_hook)
            _refuse_second(program)
        except FastContainerError as error:
            raise pulumi.RunError(f"BuildMetrics {shown(name)}: {error}") from None
        super().__init__(TYPE, name, {}, opts)
        program.is_measured = True
        self._name, self._tags, self._states = name, tags, states
        child = pulumi.ResourceOptions(parent=self)
        after: list[pulumi.Resource] = []
        if topic_arn is None:
            self.topic_arn, after = own_topic(name, wanted, tags, child)
        else:
            self.topic_arn = pulumi.Output.from_input(topic_arn)
        self._after = pulumi.ResourceOptions(parent=self, depends_on=after)
        group = self._make_log_group(log_retention_days)
        self._make_dashboard(group, alarm_kinds, tuple(watched), detail)
        for function, given in watched.items():
            watch_function(name, function, given, "json" if is_json else "text", log_retention_days, tags, child)
        if states:
            program.executors.tell_builders(self._watch_builder)
        self._send_runs(program, group, detail, aws)
        self.register_outputs(
            {
                "log_group": self.log_group,
                "dashboard_name": self.dashboard_name,
                "topic_arn": self.topic_arn,
                "deployer_policy": self.deployer_policy,
            }
        )

    def _make_log_group(self, retention_days: int) -> aws.cloudwatch.LogGroup:
        group = aws.cloudwatch.LogGroup(
            f"{self._name}-logs",
            name=f"/fast-container/{_stack()}/{self._name}-metrics",
            retention_in_days=retention_days,
            tags=self._tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.log_group = group.name
        self.deployer_policy = group.arn.apply(lambda arn: json.dumps(policies.deployer(arn or _MOCKED)))
        return group

    def _make_dashboard(
        self, group: aws.cloudwatch.LogGroup, kinds: Sequence[str], functions: Sequence[str], detail: Detail
    ) -> None:
        stack = dimension_value(_stack())
        name = f"{_stack()}/{self._name}".replace("/", "-").replace(".", "-")
        made = [stack_alarm(self._name, kind, stack, name, self.topic_arn, self._tags, self._after) for kind in kinds]

        def body(found: Sequence[str]) -> str:
            arn, group_name, *alarms = found
            region = (arn or _MOCKED).split(":")[3]
            return json.dumps(dashboard(stack, region, group_name, alarms, functions, detail))

        self.dashboard_name = aws.cloudwatch.Dashboard(
            f"{self._name}-dashboard",
            dashboard_name=name,
            dashboard_body=pulumi.Output.all(group.arn, group.name, *(alarm.arn for alarm in made)).apply(body),
            opts=pulumi.ResourceOptions(parent=self),
        ).dashboard_name

    def _watch_builder(self, builder: Builder) -> None:
        projects = builder.own_projects
        if projects:
            name = f"{self._name}-{getattr(builder, 'name', builder.kind)}"
            build_rule(name, list(projects.values()), self._states, self.topic_arn, self._tags, self._after)

    def _send_runs(
        self, program: Program, group: aws.cloudwatch.LogGroup, detail: Detail, stated: AwsAccess | None
    ) -> None:
        if program.records.kept is None:
            return
        sender = MetricSender(detail)
        program.records.readers.append(sender)

        async def access() -> AwsAccess | None:
            try:
                return await access_of_image(self, stated)
            except FastContainerError as error:
                sender.fail(error.what)
                return None

        def opened(found: Sequence[Any]) -> None:
            name, arn, reached = found
            if reached is not None:
                sender.open(lambda: MetricLog(reached, os.environ, name, arn.split(":")[3]))

        pulumi.Output.all(group.name, group.arn, access()).apply(opened)


def _stack() -> str:
    return f"{pulumi.get_project()}/{pulumi.get_stack()}"


def _refuse_second(program: Program) -> None:
    if program.is_measured:
        raise ArgsError(
            "The program has another BuildMetrics.",
            property_path="name",
            why="one is for all images of its program, and a second one would count each of them twice",
            next_step="Leave one of them out.",
        )
