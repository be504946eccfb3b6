"""Images over one build context, as a program with fast-container says it."""

import json

import pulumi

from fast_container import FastContainerImage

config = pulumi.Config()
root = config.require("root")
for name, dockerfile in json.loads(config.require("images")).items():
    image = FastContainerImage(
        name,
        repository=config.require("repository"),
        context=root,
        dockerfile=f"{root}/{dockerfile}",
        build_args={"SIDE": config.require("side")},
        named_contexts=json.loads(config.require("named")) or None,
        platform=config.require("platform"),
    )
    pulumi.export(name, image.image_uri)
