"""A cloud of this machine's own: for the demo and the tests, never imported by the library.

Real parts where they can be had (an OCI registry, BuildKit, runc, functions that are really invoked), moto for the
AWS control plane, and stand-ins where neither can be had (the AWS plugin of Pulumi, base images).

Where to find what::

    cloud              LocalCloud: start, stop, addresses, environment
    supervisor         the process that all parts belong to
    state, processes   files of a cloud; children that cannot outlive it
    aws_api            the AWS endpoint: our handlers before moto's
    api_calls          calls counted, refused by policy, or failing by order; policy_conditions
    codebuild/         CodeBuild, whose builds are really run     s3_api   what of S3 is mended
    moto_server        moto, and what is mended inside it
    ecr_api            ECR's image calls     ecr_images   the registry's storage as ECR sees it
    gateway            the registry as ECR's clients meet it; tokens: who may come in
    lambda_api         Lambda's calls        lambda_images, lambda_functions   what it takes, what it says
    lambda_invocation  warm sandboxes        lambda_sandbox, runtime_api, image_layers   how code is run
    logs_api           log events become metrics, alarms go off     log_metrics   which metrics
    ecs_api            services that roll         ecs_tasks   what a task needs to start
    registry_process   CNCF distribution     buildkit     buildkitd
    base_images/       stand-ins for python:3.12-slim and others
    aws_plugin/        stand-in for pulumi-resource-aws
    docker_build_plugin/   stand-in for pulumi-resource-docker-build, to be moved away from

``python -m localcloud start | stop | status``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localcloud.cloud import LocalCloud
    from localcloud.state import LocalCloudError

__all__ = ["LocalCloud", "LocalCloudError"]


def __getattr__(name: str) -> Any:
    if name == "LocalCloud":
        from localcloud.cloud import LocalCloud  # noqa: PLC0415

        return LocalCloud
    if name == "LocalCloudError":
        from localcloud.state import LocalCloudError  # noqa: PLC0415

        return LocalCloudError
    raise AttributeError(f"module 'localcloud' has no attribute {name!r}")
