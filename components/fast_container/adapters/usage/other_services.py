"""The images of App Runner, SageMaker, CodeBuild and Batch.

Decides which of their lists name images. App Runner does not say which digest its tag was resolved to; SageMaker does,
for the images of an endpoint that runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, cast

from fast_container.adapters.aws_lists import Json, at_once, chunks, listed, object_in, objects_in, unless_gone
from fast_container.core.cleanup.uses import Use

_PROJECTS_PER_CALL: Final = 100
_UNENDED: Final = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING")


class _Reader:
    """One service of an account in a region; ``read`` as ``LambdaFunctions.read``."""

    def __init__(self, client: Callable[[], Any], place: str = "") -> None:
        self._client = client
        self._where = f" ({place})" if place else ""


class AppRunnerServices(_Reader):
    """The services of App Runner."""

    name = "apprunner"

    def read(self) -> list[Use]:
        """Return the uses; blocking."""
        found = listed("apprunner:ListServices", self._client().list_services, "NextToken", "ServiceSummaryList")
        return [use for uses in at_once(self._of, [str(one["ServiceArn"]) for one in found]) for use in uses]

    def _of(self, arn: str) -> list[Use]:
        answer = unless_gone(
            "apprunner:DescribeService",
            arn,
            self._client().describe_service,
            "ResourceNotFoundException",
            ServiceArn=arn,
        )
        service = object_in(answer or {}, "Service")
        source = object_in(object_in(service, "SourceConfiguration"), "ImageRepository")
        image = source.get("ImageIdentifier")
        return [Use(str(image), f"App Runner service {service.get('ServiceName', arn)}{self._where}")] if image else []


class SageMakerModels(_Reader):
    """The models of SageMaker, its inference components, and what its endpoints run."""

    name = "sagemaker"

    def read(self) -> list[Use]:
        """Return the uses; blocking."""
        client = self._client()
        models = listed("sagemaker:ListModels", client.list_models, "NextToken", "Models")
        endpoints = listed("sagemaker:ListEndpoints", client.list_endpoints, "NextToken", "Endpoints")
        components = listed(
            "sagemaker:ListInferenceComponents", client.list_inference_components, "NextToken", "InferenceComponents"
        )
        found = at_once(self._of_model, [str(one["ModelName"]) for one in models])
        found += at_once(self._of_endpoint, [str(one["EndpointName"]) for one in endpoints])
        found += at_once(self._of_component, [str(one["InferenceComponentName"]) for one in components])
        return [use for uses in found for use in uses]

    def _of_component(self, name: str) -> list[Use]:
        call = self._client().describe_inference_component
        component = unless_gone("sagemaker:DescribeInferenceComponent", name, call, InferenceComponentName=name) or {}
        by = f"SageMaker inference component {name}{self._where}"
        return [Use(image, by) for image in _images_in(component, ("Image", "SpecifiedImage", "ResolvedImage"))]

    def _of_model(self, name: str) -> list[Use]:
        call = self._client().describe_model
        model = unless_gone("sagemaker:DescribeModel", name, call, ModelName=name) or {}
        containers = [object_in(model, "PrimaryContainer"), *objects_in(model, "Containers")]
        by = f"SageMaker model {name}{self._where}"
        return [Use(str(one["Image"]), by) for one in containers if one.get("Image")]

    def _of_endpoint(self, name: str) -> list[Use]:
        call = self._client().describe_endpoint
        endpoint = unless_gone("sagemaker:DescribeEndpoint", name, call, EndpointName=name) or {}
        by = f"SageMaker endpoint {name}{self._where}"
        return [Use(image, by) for image in _deployed(endpoint)]


def _deployed(endpoint: Json) -> Iterator[str]:
    stages = [endpoint, object_in(endpoint, "PendingDeploymentSummary")]
    kinds = ("ProductionVariants", "ShadowProductionVariants")
    for variant in (one for stage in stages for kind in kinds for one in objects_in(stage, kind)):
        for image in objects_in(variant, "DeployedImages"):
            for name in ("SpecifiedImage", "ResolvedImage"):
                if image.get(name):
                    yield str(image[name])


class CodeBuildProjects(_Reader):
    """The images that CodeBuild projects run in."""

    name = "codebuild"

    def read(self) -> list[Use]:
        """Return the uses; blocking."""
        client = self._client()
        names = listed("codebuild:ListProjects", client.list_projects, "nextToken", "projects")
        found: list[Json] = []
        for some in chunks(names, _PROJECTS_PER_CALL):
            answer = unless_gone("codebuild:BatchGetProjects", "AWS", client.batch_get_projects, names=list(some))
            found += objects_in(answer or {}, "projects")
        return [
            Use(str(image), f"CodeBuild project {project.get('name', '')}{self._where}")
            for project in found
            if (image := object_in(project, "environment").get("image"))
        ]


class BatchJobs(_Reader):
    """The active job definitions of AWS Batch, and the inactive ones of jobs that have not ended."""

    name = "batch"

    def read(self) -> list[Use]:
        """Return the uses; blocking."""
        call = self._client().describe_job_definitions
        found: list[Json] = listed("batch:DescribeJobDefinitions", call, "nextToken", "jobDefinitions")
        inactive = [one for one in found if one.get("status") == "INACTIVE"]
        waiting = self._definitions_of_jobs() if inactive else set[str]()
        return [
            Use(
                image, f"Batch job definition {one.get('jobDefinitionName', '')}:{one.get('revision', '')}{self._where}"
            )
            for one in found
            if one not in inactive or one.get("jobDefinitionArn") in waiting
            for image in _images_in(one)
        ]

    def _definitions_of_jobs(self) -> set[str]:
        """The definitions of all jobs that wait or run: a job keeps its definition when that is deregistered."""
        client = self._client()
        queues = listed("batch:DescribeJobQueues", client.describe_job_queues, "nextToken", "jobQueues")
        asked = [(str(queue["jobQueueArn"]), status) for queue in queues for status in _UNENDED]

        def jobs(queue_and_status: tuple[str, str]) -> list[Json]:
            queue, status = queue_and_status
            return listed(
                "batch:ListJobs", client.list_jobs, "nextToken", "jobSummaryList", jobQueue=queue, jobStatus=status
            )

        return {str(job.get("jobDefinition", "")) for some in at_once(jobs, asked) for job in some}


def _images_in(value: Any, names: tuple[str, ...] = ("image",)) -> Iterator[str]:
    """Every image of a description, however deep: of a job's container, its nodes, its tasks or its pods."""
    if isinstance(value, dict):
        for name, one in cast("Json", value).items():
            if name in names and isinstance(one, str):
                yield one
            else:
                yield from _images_in(one, names)
    elif isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from _images_in(one, names)
