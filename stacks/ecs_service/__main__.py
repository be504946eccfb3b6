"""A web service, a worker and a static front end on ECS Fargate, each deployed by its image's digest.

Configuration (all optional): ``repository`` names one that exists, ``repositoryName`` and ``adopt`` are for one of
this stack's own, ``architecture`` is ``x86_64`` or ``arm64``, ``builder`` is ``local`` or ``codebuild``; ``vpcId``,
``subnets``, ``publicIp`` and ``allowedCidrs`` say where the tasks run and who may reach them. See README.md.
"""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from fast_container import CodeBuildBuilder, FastImageFleet, ImageRepository, LocalBuilder

PLATFORMS = {"x86_64": "linux/amd64", "arm64": "linux/arm64"}


@dataclass(frozen=True)
class Task:
    """What of a service is its own; its image is built from the folder of its name."""

    health: tuple[str, ...]
    port: int | None = None
    environment: tuple[tuple[str, str], ...] = ()


TASKS = {
    "web": Task(health=("python3", "-m", "shop_web.health"), port=8080),
    "worker": Task(health=("python3", "-m", "shop_worker.health"), environment=(("REPORT_EVERY_S", "300"),)),
    "frontend": Task(health=("wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/"), port=8080),
}

config = pulumi.Config()
stack = f"{pulumi.get_project()}-{pulumi.get_stack()}"
region, account = aws.get_region().region, aws.get_caller_identity().account_id
architecture = config.get("architecture") or "x86_64"
if architecture not in PLATFORMS:
    raise pulumi.RunError(f"architecture must be one of {', '.join(PLATFORMS)}, not {architecture!r}")

# --- images

existing = config.get("repository")
repository: ImageRepository | str
repository_arn: pulumi.Input[str]
if existing:
    found = aws.ecr.get_repository(name=existing)
    repository, repository_arn = found.repository_url, found.arn
else:
    repository = ImageRepository(
        "images",
        name=config.get("repositoryName"),
        adopt=config.get_bool("adopt") or False,
        lambda_pull=False,
    )
    repository_arn = repository.arn

builder = config.get("builder") or "local"
if builder not in ("local", "codebuild"):
    raise pulumi.RunError(f"builder must be local or codebuild, not {builder!r}")
images = FastImageFleet(
    "shop",
    {name: {"context": name} for name in TASKS},
    repository=repository,
    platform=PLATFORMS[architecture],
    runs_on="ecs",
    builder=CodeBuildBuilder("builds", architectures=[architecture]) if builder == "codebuild" else LocalBuilder(),
)

# --- where the tasks run, and what ECS may do to start them

# Without configuration: the account's default VPC, all its subnets, and whoever is in it.
vpc_id, subnets, allowed = config.get("vpcId"), config.get_object("subnets"), config.get_object("allowedCidrs")
if not (vpc_id and subnets and allowed):
    vpc = aws.ec2.get_vpc(id=vpc_id) if vpc_id else aws.ec2.get_vpc(default=True)
    vpc_id = vpc.id
    subnets = subnets or aws.ec2.get_subnets(filters=[{"name": "vpc-id", "values": [vpc.id]}]).ids
    allowed = allowed or [vpc.cidr_block]
public_ip = config.get_bool("publicIp")

cluster = aws.ecs.Cluster("cluster", settings=[{"name": "containerInsights", "value": "enabled"}])
logs = {name: aws.cloudwatch.LogGroup(name, name=f"/ecs/{stack}/{name}", retention_in_days=14) for name in TASKS}

# The program in a container gets no role: it calls no AWS API. This one is ECS's own, to pull images and to write logs.
execution = aws.iam.Role(
    "execution",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                    "Condition": {"StringEquals": {"aws:SourceAccount": account}},
                }
            ],
        }
    ),
)
permissions = aws.iam.RolePolicy(
    "execution",
    role=execution.name,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                # This call knows no resource.
                {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
                {
                    "Effect": "Allow",
                    "Action": ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                    "Resource": repository_arn,
                },
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": [group.arn.apply(lambda arn: f"{arn}:*") for group in logs.values()],
                },
            ],
        }
    ),
)

# --- the services

image_uris: dict[str, pulumi.Output[str]] = {}
task_definitions: dict[str, pulumi.Output[str]] = {}
services: dict[str, pulumi.Output[str]] = {}
for name, task in TASKS.items():
    network = aws.ec2.SecurityGroup(
        name,
        description=f"{stack} {name}",
        vpc_id=vpc_id,
        ingress=[{"protocol": "tcp", "from_port": task.port, "to_port": task.port, "cidr_blocks": allowed}]
        if task.port
        else [],
        # ECR and CloudWatch Logs.
        egress=[{"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["0.0.0.0/0"]}],
    )
    definition = aws.ecs.TaskDefinition(
        name,
        family=f"{stack}-{name}",
        requires_compatibilities=["FARGATE"],
        network_mode="awsvpc",
        cpu="256",
        memory="512",
        runtime_platform={"cpu_architecture": architecture.upper(), "operating_system_family": "LINUX"},
        execution_role_arn=execution.arn,
        container_definitions=pulumi.Output.json_dumps(
            [
                {
                    "name": name,
                    "image": images[name].image_uri,
                    "essential": True,
                    "readonlyRootFilesystem": True,
                    "linuxParameters": {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}},
                    "environment": [{"name": key, "value": value} for key, value in task.environment],
                    "portMappings": [{"containerPort": task.port, "protocol": "tcp"}] if task.port else [],
                    "healthCheck": {"command": ["CMD", *task.health], "interval": 10, "startPeriod": 15},
                    "stopTimeout": 30,
                    "logConfiguration": {
                        "logDriver": "awslogs",
                        "options": {
                            "awslogs-group": logs[name].name,
                            "awslogs-region": region,
                            "awslogs-stream-prefix": name,
                        },
                    },
                }
            ]
        ),
    )
    service = aws.ecs.Service(
        name,
        cluster=cluster.arn,
        task_definition=definition.arn,
        desired_count=1,
        launch_type="FARGATE",
        # Rolling: a new task is healthy before an old one ends; and back again when none becomes healthy.
        deployment_minimum_healthy_percent=100,
        deployment_maximum_percent=200,
        deployment_circuit_breaker={"enable": True, "rollback": True},
        wait_for_steady_state=True,
        network_configuration={
            "subnets": subnets,
            "security_groups": [network.id],
            "assign_public_ip": True if public_ip is None else public_ip,
        },
        opts=pulumi.ResourceOptions(depends_on=[permissions]),
    )
    image_uris[name], task_definitions[name], services[name] = images[name].image_uri, definition.arn, service.name

pulumi.export("cluster", cluster.name)
pulumi.export("image_uris", image_uris)
pulumi.export("task_definitions", task_definitions)
pulumi.export("services", services)
