"""The images of ``peer_ours.py``, as a program with Pulumi's docker-build provider says it."""

import json

import pulumi
import pulumi_docker_build as docker_build

config = pulumi.Config()
root = config.require("root")
named = {
    name: docker_build.ContextArgs(location=folder) for name, folder in json.loads(config.require("named")).items()
}
for name, dockerfile in json.loads(config.require("images")).items():
    image = docker_build.Image(
        name,
        context=docker_build.BuildContextArgs(location=root, named=named or None),
        dockerfile=docker_build.DockerfileArgs(location=f"{root}/{dockerfile}"),
        build_args={"SIDE": config.require("side")},
        platforms=[docker_build.Platform(config.require("platform"))],
        push=True,
        tags=[f"{config.require('repository')}:{name}"],
    )
    pulumi.export(name, image.ref)
