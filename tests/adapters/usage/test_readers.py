"""Each service is read to the end of its lists and says which images it uses, and why; a denial is an error."""

from __future__ import annotations

from typing import Any

import pytest

from fast_container.adapters.usage.account import SERVICES, readers_of
from fast_container.adapters.usage.ecs_services import EcsServices
from fast_container.adapters.usage.lambda_functions import LambdaFunctions
from fast_container.adapters.usage.other_services import (
    AppRunnerServices,
    BatchJobs,
    CodeBuildProjects,
    SageMakerModels,
)
from fast_container.errors import AuthError, RegistryError
from tests.adapters.aws_fakes import FakeClient, paged, refusal

URI = "1.dkr.example/shop/orders"
OLD, NEW = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"


def version(number: str, revision: str = "r1", **fields: str) -> dict[str, str]:
    arn = f"arn:aws:lambda:eu:1:function:orders:{number}"
    found = {"FunctionName": "orders", "FunctionArn": arn, "Version": number, "RevisionId": revision}
    return {**found, "PackageType": "Image", "CodeSha256": NEW[7:], **fields}


def lambda_client(**answers: Any) -> FakeClient:
    def get_function(FunctionName: str, Qualifier: str) -> dict[str, Any]:  # noqa: N803
        assert FunctionName == "orders"
        digest = OLD if Qualifier == "14" else NEW
        return {"Code": {"ImageUri": f"{URI}:live", "ResolvedImageUri": f"{URI}@{digest}"}}

    functions = [version("$LATEST"), version("14", CodeSha256="x"), {"PackageType": "Zip", "FunctionName": "z"}]
    aliases = [
        {"Name": "live", "FunctionVersion": "14", "RoutingConfig": {"AdditionalVersionWeights": {"15": 0.1}}},
        {"Name": "blue", "FunctionVersion": "14"},
    ]
    return FakeClient(
        {
            "list_functions": paged("Functions", functions, "Marker", "NextMarker"),
            "list_aliases": paged("Aliases", aliases, "Marker", "NextMarker"),
            "get_function": get_function,
            **answers,
        }
    )


def test_lambda_uses_what_a_uri_says_and_what_it_was_resolved_to_of_every_version() -> None:
    found = LambdaFunctions(lambda: client).read() if (client := lambda_client()) else []
    assert {(use.reference, use.by) for use in found} == {
        (f"{URI}:live", "$LATEST of function orders"),
        (f"{URI}@{NEW}", "$LATEST of function orders"),
        (NEW, "$LATEST of function orders"),
        (f"{URI}:live", "alias live, blue of function orders, version 14"),
        (f"{URI}@{OLD}", "alias live, blue of function orders, version 14"),
    }


def test_reading_again_asks_lambda_only_about_what_changed() -> None:
    client = lambda_client()
    reader = LambdaFunctions(lambda: client)
    first = reader.read()
    assert reader.read() == first
    assert client.count("get_function") == 2
    client.answers["list_functions"] = paged("Functions", [version("$LATEST", "r2"), version("14", CodeSha256="x")])
    reader.read()
    assert client.count("get_function") == 3


def test_a_version_that_vanished_meanwhile_is_not_in_use() -> None:
    client = lambda_client(get_function="ResourceNotFoundException", list_aliases="ResourceNotFoundException")
    assert LambdaFunctions(lambda: client).read() == []


@pytest.mark.parametrize("operation", ["list_functions", "get_function", "list_aliases"])
def test_a_permission_of_lambda_that_is_missing_is_named(operation: str) -> None:
    client = lambda_client(**{operation: "AccessDeniedException"})
    action = "lambda:" + "".join(part.capitalize() for part in operation.split("_"))
    with pytest.raises(AuthError, match=f"AWS denied {action}"):
        LambdaFunctions(lambda: client).read()


def ecs_client(**answers: Any) -> FakeClient:
    def describe_task_definition(taskDefinition: str) -> dict[str, Any]:  # noqa: N803
        containers = [{"image": f"{URI}:{taskDefinition.rpartition('/')[2].replace(':', '-')}"}, {"name": "none"}]
        return {"taskDefinition": {"containerDefinitions": containers}}

    service = {
        "serviceName": "web",
        "taskDefinition": "d/web:3",
        "deployments": [{"taskDefinition": "d/web:3"}, {"taskDefinition": "d/web:2"}],
        "taskSets": [{"taskDefinition": "d/web:1"}],
        "currentServiceRevisions": [{"arn": "rev/1"}],
    }
    revision = {
        "serviceRevisionArn": "rev/1",
        "taskDefinition": "d/web:3",
        "containerImages": [{"image": f"{URI}:web-3", "imageDigest": OLD}],
    }
    task = {
        "taskArn": "t/abc",
        "group": "family:cron",
        "taskDefinitionArn": "d/cron:9",
        "containers": [{"image": f"{URI}:cron", "imageDigest": NEW}],
    }
    return FakeClient(
        {
            "list_clusters": paged("clusterArns", ["c/one", "c/two"]),
            "list_services": lambda **r: paged("serviceArns", ["s/web", "s/x"] if r["cluster"] == "c/two" else [])(**r),
            "describe_services": lambda **_: {"services": [service]},
            "describe_service_revisions": lambda **_: {"serviceRevisions": [revision]},
            "list_tasks": lambda **r: paged("taskArns", ["t/abc"] if r["cluster"] == "c/two" else [])(**r),
            "describe_tasks": lambda **_: {"tasks": [task]},
            "list_task_definitions": paged("taskDefinitionArns", ["d/web:3", "d/job:1", "d/job:2"]),
            "describe_task_definition": describe_task_definition,
            **answers,
        }
    )


def test_ecs_uses_what_runs_what_was_resolved_and_every_definition_that_may_run() -> None:
    client = ecs_client()
    found = {(use.reference, use.by) for use in EcsServices(lambda: client, "prod eu-west-1").read()}
    web, task = "service web of cluster two (prod eu-west-1)", "running task abc of family:cron (prod eu-west-1)"
    assert found == {
        (OLD, web),
        (f"{URI}:web-3", web),
        (f"{URI}:web-2", web),
        (f"{URI}:web-1", web),
        (NEW, task),
        (f"{URI}:cron", task),
        (f"{URI}:cron-9", task),
        (f"{URI}:job-1", "task definition job:1 (prod eu-west-1)"),
        (f"{URI}:job-2", "task definition job:2 (prod eu-west-1)"),
    }


def test_a_task_definition_is_asked_for_once() -> None:
    client = ecs_client()
    reader = EcsServices(lambda: client)
    assert reader.read() == reader.read()
    assert client.count("describe_task_definition") == 6


def test_a_cluster_that_vanished_meanwhile_runs_nothing() -> None:
    client = ecs_client(list_services="ClusterNotFoundException", list_tasks="ClusterNotFoundException")
    assert {use.by for use in EcsServices(lambda: client).read()} == {
        f"task definition {one}" for one in ("web:3", "job:1", "job:2")
    }


def test_a_service_that_ecs_does_not_describe_is_an_error_unless_it_is_gone() -> None:
    for reason, is_error in (("MISSING", False), ("INTERNAL", True)):
        client = ecs_client(describe_services={"failures": [{"arn": "s/web", "reason": reason}]})
        if is_error:
            with pytest.raises(RegistryError, match="did not answer for all"):
                EcsServices(lambda client=client: client).read()
        else:
            EcsServices(lambda client=client: client).read()


def test_a_model_that_sagemaker_does_not_describe_is_an_error() -> None:
    models = FakeClient(
        {
            "list_models": {"Models": [{"ModelName": "m"}]},
            "list_endpoints": {},
            "list_inference_components": {},
            "describe_model": "ValidationException",
        }
    )
    with pytest.raises(RegistryError, match="AWS refused sagemaker:DescribeModel"):
        SageMakerModels(lambda: models).read()


@pytest.mark.parametrize(
    "operation",
    [
        *("list_clusters", "list_services", "describe_services", "describe_service_revisions", "list_tasks"),
        *("describe_tasks", "list_task_definitions", "describe_task_definition"),
    ],
)
def test_a_permission_of_ecs_that_is_missing_is_named(operation: str) -> None:
    client = ecs_client(**{operation: "AccessDeniedException"})
    action = "ecs:" + "".join(part.capitalize() for part in operation.split("_"))
    with pytest.raises(AuthError, match=f"AWS denied {action}"):
        EcsServices(lambda: client).read()


def test_app_runner_uses_the_image_of_each_service() -> None:
    def describe_service(ServiceArn: str) -> dict[str, Any]:  # noqa: N803
        source = {"ImageRepository": {"ImageIdentifier": f"{URI}:{ServiceArn}"}} if ServiceArn == "a" else {}
        return {"Service": {"ServiceName": f"web-{ServiceArn}", "SourceConfiguration": source}}

    summaries = [{"ServiceArn": "a"}, {"ServiceArn": "b"}]
    client = FakeClient(
        {"list_services": paged("ServiceSummaryList", summaries, "NextToken"), "describe_service": describe_service}
    )
    (use,) = AppRunnerServices(lambda: client).read()
    assert (use.reference, use.by) == (f"{URI}:a", "App Runner service web-a")


def test_sagemaker_uses_what_models_say_and_what_endpoints_resolved() -> None:
    endpoint = {
        "ProductionVariants": [{"DeployedImages": [{"SpecifiedImage": f"{URI}:m", "ResolvedImage": OLD}]}],
        "PendingDeploymentSummary": {"ProductionVariants": [{"DeployedImages": [{"ResolvedImage": f"{URI}:next"}]}]},
    }
    client = FakeClient(
        {
            "list_models": paged("Models", [{"ModelName": "m"}, {"ModelName": "n"}], "NextToken"),
            "list_endpoints": paged("Endpoints", [{"EndpointName": "e"}], "NextToken"),
            "describe_model": lambda **request: {"Containers": [{"Image": f"{URI}:{request['ModelName']}"}]},
            "describe_endpoint": endpoint,
            "list_inference_components": paged("InferenceComponents", [{"InferenceComponentName": "c"}], "NextToken"),
            "describe_inference_component": {
                "Specification": {"Container": {"DeployedImage": {"ResolvedImage": f"{URI}:c"}}}
            },
        }
    )
    found = {(use.reference, use.by) for use in SageMakerModels(lambda: client).read()}
    assert found == {
        (f"{URI}:m", "SageMaker model m"),
        (f"{URI}:n", "SageMaker model n"),
        (f"{URI}:m", "SageMaker endpoint e"),
        (OLD, "SageMaker endpoint e"),
        (f"{URI}:next", "SageMaker endpoint e"),
        (f"{URI}:c", "SageMaker inference component c"),
    }


def test_codebuild_and_batch_use_the_images_of_projects_and_jobs() -> None:
    projects = [{"name": "p", "environment": {"image": f"{URI}:p"}}, {"name": "q"}]
    builds = FakeClient(
        {"list_projects": paged("projects", ["p", "q"]), "batch_get_projects": lambda names: {"projects": projects}}
    )
    assert [use.by for use in CodeBuildProjects(lambda: builds).read()] == ["CodeBuild project p"]
    job = {
        "jobDefinitionName": "j",
        "revision": 2,
        "ecsProperties": {"taskProperties": [{"containers": [{"image": URI}]}]},
    }
    batch = FakeClient(
        {"describe_job_definitions": paged("jobDefinitions", [job, {"containerProperties": {"image": OLD}}])}
    )
    assert [use.reference for use in BatchJobs(lambda: batch).read()] == [URI, OLD]


def test_batch_uses_an_inactive_definition_as_long_as_a_job_has_it() -> None:
    definitions = [
        {
            "jobDefinitionArn": f"d:{number}",
            "revision": number,
            "status": "INACTIVE",
            "containerProperties": {"image": image},
        }
        for number, image in ((1, OLD), (2, URI))
    ]

    def jobs(jobQueue: str, jobStatus: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        found = [{"jobDefinition": "d:2"}] if (jobQueue, jobStatus) == ("q2", "RUNNABLE") else []
        return {"jobSummaryList": found}

    answers = {
        "describe_job_definitions": paged("jobDefinitions", definitions),
        "describe_job_queues": paged("jobQueues", [{"jobQueueArn": "q1"}, {"jobQueueArn": "q2"}]),
        "list_jobs": jobs,
    }
    assert [use.reference for use in BatchJobs(lambda: FakeClient(answers)).read()] == [URI]
    denied = FakeClient({**answers, "list_jobs": "AccessDeniedException"})
    with pytest.raises(AuthError, match="AWS denied batch:ListJobs"):
        BatchJobs(lambda: denied).read()


def test_a_list_that_does_not_end_is_an_error() -> None:
    client = FakeClient({"list_functions": {"Functions": [], "NextMarker": "again"}})
    with pytest.raises(RegistryError, match="AWS did not end a list"):
        LambdaFunctions(lambda: client).read()


def test_every_service_is_asked_unless_it_is_left_out() -> None:
    assert [one.name for one in readers_of(lambda _: None, "")] == list(SERVICES)
    assert [one.name for one in readers_of(lambda _: None, "", without=["ecs"])] == [s for s in SERVICES if s != "ecs"]


def test_a_refusal_that_is_not_about_permissions_is_an_error_too() -> None:
    def throttled(**_: Any) -> Any:
        raise refusal("ThrottlingException")

    with pytest.raises(RegistryError, match="AWS refused ecs:ListClusters"):
        EcsServices(lambda: FakeClient({"list_clusters": throttled})).read()
