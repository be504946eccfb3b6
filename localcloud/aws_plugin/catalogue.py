"""Which types and functions this stand-in has, and in which module each is declared.

A module is loaded when its type is first used. A new type is one line here and one module under ``types``.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Final

from localcloud.aws_plugin.errors import PluginError
from localcloud.aws_plugin.schema import Function, ResourceType

TYPES: Final[Mapping[str, str]] = {
    "aws:cloudwatch/dashboard:Dashboard": "cloudwatch_dashboard",
    "aws:cloudwatch/eventRule:EventRule": "cloudwatch_event_rule",
    "aws:cloudwatch/eventTarget:EventTarget": "cloudwatch_event_target",
    "aws:cloudwatch/logGroup:LogGroup": "cloudwatch_log_group",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": "cloudwatch_log_metric_filter",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "cloudwatch_metric_alarm",
    "aws:codebuild/project:Project": "codebuild_project",
    "aws:ec2/securityGroup:SecurityGroup": "ec2_security_group",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "ecr_lifecycle_policy",
    "aws:ecr/repository:Repository": "ecr_repository",
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "ecr_repository_policy",
    "aws:ecs/cluster:Cluster": "ecs_cluster",
    "aws:ecs/service:Service": "ecs_service",
    "aws:ecs/taskDefinition:TaskDefinition": "ecs_task_definition",
    "aws:iam/policy:Policy": "iam_policy",
    "aws:iam/role:Role": "iam_role",
    "aws:iam/rolePolicy:RolePolicy": "iam_role_policy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "iam_role_policy_attachment",
    "aws:lambda/alias:Alias": "lambda_alias",
    "aws:lambda/function:Function": "lambda_function",
    "aws:lambda/permission:Permission": "lambda_permission",
    "aws:s3/bucket:Bucket": "s3_bucket",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "s3_bucket_lifecycle_configuration",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "s3_bucket_ownership_controls",
    "aws:s3/bucketPolicy:BucketPolicy": "s3_bucket_policy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "s3_bucket_public_access_block",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "s3_bucket_server_side_encryption_configuration"
    ),
    "aws:s3/bucketVersioning:BucketVersioning": "s3_bucket_versioning",
    "aws:sns/topic:Topic": "sns_topic",
    "aws:sns/topicPolicy:TopicPolicy": "sns_topic_policy",
    "aws:sns/topicSubscription:TopicSubscription": "sns_topic_subscription",
}

FUNCTIONS: Final[Mapping[str, str]] = {
    "aws:ec2/getSubnets:getSubnets": "ec2",
    "aws:ec2/getVpc:getVpc": "ec2",
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": "ecr",
    "aws:ecr/getCredentials:getCredentials": "ecr",
    "aws:ecr/getRepository:getRepository": "ecr",
    "aws:iam/getPolicyDocument:getPolicyDocument": "iam_policy_document",
    "aws:index/getCallerIdentity:getCallerIdentity": "index",
    "aws:index/getPartition:getPartition": "index",
    "aws:index/getRegion:getRegion": "index",
    "aws:s3/getBucket:getBucket": "s3",
}


def resource_type(token: str) -> ResourceType:
    """The declaration of a type.

    Raises:
        PluginError: This stand-in does not have it.
    """
    module = TYPES.get(token)
    if module is None:
        raise PluginError(
            f"the resource type {token} is not supported by this stand-in of the AWS provider; "
            f"supported are: {', '.join(sorted(TYPES))}"
        )
    return importlib.import_module(f"localcloud.aws_plugin.types.{module}").RESOURCE_TYPE


def function(token: str) -> Function:
    """The declaration of a function.

    Raises:
        PluginError: This stand-in does not have it.
    """
    module = FUNCTIONS.get(token)
    if module is None:
        raise PluginError(
            f"the function {token} is not supported by this stand-in of the AWS provider; "
            f"supported are: {', '.join(sorted(FUNCTIONS))}"
        )
    return importlib.import_module(f"localcloud.aws_plugin.functions.{module}").FUNCTIONS[token]
