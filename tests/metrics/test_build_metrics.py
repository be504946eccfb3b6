"""``BuildMetrics``: what it registers, in which order it may stand, what is refused; with Pulumi's mocks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from fast_container import BuildMetrics, CodeBuildBuilder, FastContainerImage, LocalBuilder
from fast_container.metrics.dashboard import dashboard
from fast_container.metrics.policies import topic
from tests.codebuild.builder_program import ACCOUNT, REGION, Mocks

pytestmark = pytest.mark.filterwarnings("ignore:(aws[.]|s3[.]):DeprecationWarning")

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
FILTER = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:ours"
Run = Callable[..., Mocks]


class NoCalls(Mocks):
    """Nothing is asked of AWS."""

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        pytest.fail(f"asked: {args.token}")


class Unknown(NoCalls):
    """A first preview, in which no ARN is known."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        resource_id, _ = super().new_resource(args)
        return resource_id, dict(args.inputs)


@pytest.fixture
def run(mock_loops: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAST_CONTAINER_CACHE", str(tmp_path / "cache"))

    def run(program: Callable[[], object], mocks: Mocks | None = None, *, preview: bool = False) -> Mocks:
        mocks = mocks or NoCalls()
        pulumi.runtime.set_mocks(mocks, project="shop", stack="prod", preview=preview)

        @pulumi.runtime.test
        def test() -> None:
            program()

        test()
        return mocks

    yield run


def one(mocks: Mocks, kind: str) -> dict[str, Any]:
    (found,) = mocks.of(kind).values()
    return found


def test_one_line_makes_log_group_dashboard_topic_and_four_alarms(run: Run) -> None:
    mocks = run(lambda: BuildMetrics("builds"))
    assert one(mocks, LOG_GROUP)["name"] == "/fast-container/shop/prod/builds-metrics"
    assert one(mocks, LOG_GROUP)["retentionInDays"] == 90
    alarms = mocks.of(ALARM)
    assert {alarm["metricName"] for alarm in alarms.values()} == {"Failed", "SlowerBuilds", "GrownImages", "LostCaches"}
    for alarm in alarms.values():
        assert alarm["dimensions"] == {"Stack": "shop/prod"}
        assert alarm["treatMissingData"] == "notBreaching"
        assert alarm["alarmActions"] == [f"arn:aws:x:{REGION}:{ACCOUNT}:builds-topic"]
        assert "dashboard shop-prod-builds." in alarm["alarmDescription"]
    assert not mocks.of(RULE)
    assert not mocks.of(FILTER)


def test_an_alarm_waits_for_data_points_that_come_late(run: Run) -> None:
    alarm = run(lambda: BuildMetrics("builds", alarms=["failed"])).of(ALARM)["builds-failed"]
    assert (alarm["datapointsToAlarm"], alarm["evaluationPeriods"], alarm["period"]) == (1, 3, 300)


@pytest.mark.parametrize("metrics_first", [True, False])
def test_builds_on_codebuild_are_watched_wherever_the_line_stands(run: Run, metrics_first: bool) -> None:
    def program() -> None:
        if metrics_first:
            BuildMetrics("metrics", build_states=["FAILED"])
        builder = CodeBuildBuilder("builds", architectures=["x86_64", "arm64"])
        for name in ("api", "web"):
            FastContainerImage(name, repository="r.example/shop/images", builder=builder)
        FastContainerImage("local", repository="r.example/shop/images", builder=LocalBuilder())
        if not metrics_first:
            BuildMetrics("metrics", build_states=["FAILED"])

    mocks = run(program, Mocks())
    rule = one(mocks, RULE)
    assert json.loads(rule["eventPattern"]) == {
        "source": ["aws.codebuild"],
        "detail-type": ["CodeBuild Build State Change"],
        "detail": {"build-status": ["FAILED"], "project-name": ["builds-arm64", "builds-x86-64"]},
    }
    assert one(mocks, TARGET)["arn"] == f"arn:aws:x:{REGION}:{ACCOUNT}:metrics-topic"


def test_another_stacks_projects_are_not_watched_twice(run: Run) -> None:
    def program() -> None:
        names = ("bucket", "prefix", "role_arn", "role_name", "buildkit_image")
        shared = {name: "x" for name in names} | {"projects": {"x86_64": "theirs"}, "expire_days": 30}
        shared["log_group_arn"] = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/theirs"
        builder = CodeBuildBuilder("builds", shared=shared)
        FastContainerImage("api", repository="r.example/shop/images", builder=builder)
        BuildMetrics("metrics")

    assert not run(program, Mocks()).of(RULE)


def test_a_topic_of_ones_own_gets_the_notices_and_no_policy(run: Run) -> None:
    mocks = run(lambda: BuildMetrics("builds", topic=TOPIC))
    assert {alarm["alarmActions"][0] for alarm in mocks.of(ALARM).values()} == {TOPIC}
    assert not [made for made in mocks.made if made.startswith("aws:sns/")]
    given = run(lambda: BuildMetrics("builds", topic=aws.sns.Topic("ours")))
    assert not given.of("aws:sns/topicPolicy:TopicPolicy")


def test_only_alarms_and_rules_of_the_account_may_publish() -> None:
    by_service = {one["Principal"]["Service"]: one for one in topic(TOPIC)["Statement"]}
    assert set(by_service) == {"cloudwatch.amazonaws.com", "events.amazonaws.com"}
    assert {one["Action"] for one in by_service.values()} == {"sns:Publish"}
    assert by_service["cloudwatch.amazonaws.com"]["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_addresses_are_subscribed(run: Run) -> None:
    mocks = run(lambda: BuildMetrics("builds", emails=["a@example.com", "b@example.com"]))
    found = mocks.of("aws:sns/topicSubscription:TopicSubscription")
    assert sorted(one["endpoint"] for one in found.values()) == ["a@example.com", "b@example.com"]


def test_a_functions_starts_are_measured_in_its_log_group(run: Run) -> None:
    def program() -> None:
        function = aws.lambda_.Function(
            "api", name="api-1", role="r", image_uri="i", logging_config={"log_format": "JSON"}
        )
        BuildMetrics("builds", functions={"api": function, "web": "/aws/lambda/web"}, log_retention_days=30)

    mocks = run(program)
    assert mocks.of(LOG_GROUP)["builds-api-logs"]["name"] == "/aws/lambda/api-1"
    assert mocks.of(LOG_GROUP)["builds-api-logs"]["retentionInDays"] == 30
    filters = mocks.of(FILTER)
    assert len(filters) == 10
    cold = filters["builds-api-InitDuration"]
    assert cold["logGroupName"] == "/aws/lambda/api-1"
    assert cold["pattern"].startswith("{")
    assert cold["metricTransformation"] == {
        "name": "api.InitDuration",
        "namespace": "FastContainer/shop/prod",
        "value": "$.record.metrics.initDurationMs",
        "unit": "Milliseconds",
    }
    assert filters["builds-web-InitDuration"]["metricTransformation"]["value"] == "$init"
    assert filters["builds-web-InitDuration"]["logGroupName"] == "/aws/lambda/web"


def test_children_have_parent_tags_and_names_of_the_component(run: Run) -> None:
    found: dict[str, pulumi.ResourceTransformationArgs] = {}

    def program() -> None:
        def look(args: pulumi.ResourceTransformationArgs) -> None:
            found[args.name] = args

        opts = pulumi.ResourceOptions(transformations=[look])
        BuildMetrics("builds", tags={"team": "shop"}, emails=["a@example.com"], functions={"f": "/g"}, opts=opts)

    run(program)
    assert found.pop("builds").type_ == "fast-container:index:BuildMetrics"
    assert len(found) == 14
    for name, args in found.items():
        assert name.startswith("builds-")
        assert args.opts.parent is not None
        if args.type_ in (ALARM, LOG_GROUP, "aws:sns/topic:Topic"):
            assert args.props["tags"] == {"team": "shop"}


def test_a_first_preview_asks_nothing_and_knows_what_it_can(run: Run) -> None:
    mocks = run(lambda: BuildMetrics("builds", functions={"f": "/g"}), Unknown(), preview=True)
    assert len(mocks.of(ALARM)) == 4
    assert one(mocks, "aws:cloudwatch/dashboard:Dashboard")["dashboardName"] == "shop-prod-builds"


def test_the_deployers_policy_is_for_the_log_group_alone(run: Run) -> None:
    found: list[str] = []

    def program() -> None:
        BuildMetrics("builds").deployer_policy.apply(found.append)

    run(program)
    (statement,) = json.loads(found[0])["Statement"]
    assert statement["Action"] == ["logs:CreateLogStream", "logs:GetLogEvents", "logs:PutLogEvents"]
    assert statement["Resource"] == [
        f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/fast-container/p/s/builds:log-stream:*"
    ]


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ({"name": "a b"}, "name"),
        ({"name": 3}, "name"),
        ({"topic": "builds"}, "topic"),
        ({"topic": 3}, "topic"),
        ({"emails": ["nobody"]}, "emails[0]"),
        ({"emails": ["a@b", "a@b"]}, "emails[1]"),
        ({"emails": "a@b"}, "emails"),
        ({"emails": ["a@b"], "topic": TOPIC}, "emails"),
        ({"alarms": ["failed", "slow"]}, "alarms[1]"),
        ({"alarms": "failed"}, "alarms"),
        ({"build_states": ["failed"]}, "build_states[0]"),
        ({"functions": ["api"]}, "functions"),
        ({"functions": {"api": 3}}, 'functions["api"]'),
        ({"functions": {"api": "a b"}}, 'functions["api"]'),
        ({"functions": {"a:b": "/g"}}, 'functions["a:b"]'),
        ({"log_format": "xml"}, "log_format"),
        ({"detail": "stacks"}, "detail"),
        ({"log_retention_days": 91}, "log_retention_days"),
        ({"log_retention_days": "90"}, "log_retention_days"),
        ({"aws": "eu-west-1"}, "aws"),
        ({"tags": ["a"]}, "tags"),
        ({"opts": {}}, "opts"),
        ({"dashboards": True}, "dashboards"),
    ],
)
def test_a_wrong_argument_is_refused_with_its_path(run: Run, arguments: dict[str, Any], path: str) -> None:
    given = {"name": "builds", **arguments}

    def program() -> None:
        with pytest.raises(pulumi.RunError) as caught:
            BuildMetrics(given.pop("name"), **given)
        assert f"where: {path}" in str(caught.value)

    mocks = run(program, preview=True)
    assert mocks.made == {}


def test_a_second_one_is_refused(run: Run) -> None:
    def program() -> None:
        BuildMetrics("builds")
        with pytest.raises(pulumi.RunError, match="another BuildMetrics"):
            BuildMetrics("more")

    run(program)


def test_a_dashboard_finds_images_by_a_search_so_that_its_text_does_not_change_with_them() -> None:
    body = dashboard("shop/prod", "eu-west-1", "/g", ["arn:alarm"], ["api"])
    assert 'SEARCH(\'{FastContainer,Stack,Image} Stack=\\"shop/prod\\" MetricName=\\"ImageBytes\\"\'' in json.dumps(
        body
    )
    titles = [widget["properties"]["title"] for widget in body["widgets"]]
    assert len(titles) == len(set(titles)) == 11
    places = set[tuple[int, int]]()
    for widget in body["widgets"]:
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & places
        assert max(x for x, _ in cells) < 24
        places |= cells
        assert widget["type"] == "alarm" or widget["properties"]["region"] == "eu-west-1"


def test_a_dashboard_without_metrics_of_images_has_those_of_the_stack() -> None:
    assert "SEARCH" not in json.dumps(dashboard("shop/prod", "eu-west-1", "/g", detail="stack"))
