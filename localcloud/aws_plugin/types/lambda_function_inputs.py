"""The inputs of ``aws:lambda/function:Function``: limits, defaults and what replaces, of package type Image."""

from __future__ import annotations

from localcloud.aws_plugin.schema import Property

INPUTS = {
    "name": Property(replaces=True, pattern=r"[a-zA-Z0-9-_:]{1,140}"),
    "role": Property(required=True, pattern=r"arn:.*"),
    "packageType": Property(default="Zip", replaces=True, choices=("Image", "Zip")),
    "imageUri": Property(minimum=1),
    "imageConfig": Property(
        kind="object",
        fields={
            "commands": Property(kind="list"),
            "entryPoints": Property(kind="list"),
            "workingDirectory": Property(),
        },
    ),
    "architectures": Property(kind="list", computed=True, maximum=1, items=Property(choices=("x86_64", "arm64"))),
    "codeSha256": Property(computed=True),
    "sourceCodeHash": Property(computed=True, write_only=True),
    "deadLetterConfig": Property(kind="object", fields={"targetArn": Property(required=True)}),
    "description": Property(maximum=256),
    "environment": Property(kind="object", fields={"variables": Property(kind="map")}),
    "ephemeralStorage": Property(
        kind="object",
        computed=True,
        fields={"size": Property(kind="integer", computed=True, minimum=512, maximum=10240)},
    ),
    "kmsKeyArn": Property(),
    "loggingConfig": Property(
        kind="object",
        computed=True,
        fields={
            "logFormat": Property(required=True, choices=("JSON", "Text")),
            "logGroup": Property(computed=True),
            "applicationLogLevel": Property(
                computed=True, choices=("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
            ),
            "systemLogLevel": Property(computed=True, choices=("DEBUG", "INFO", "WARN")),
        },
    ),
    "memorySize": Property(kind="integer", default=128, minimum=128, maximum=32768),
    "publish": Property(kind="boolean", default=False),
    "reservedConcurrentExecutions": Property(kind="integer", default=-1, minimum=-1),
    "skipDestroy": Property(kind="boolean", default=False, write_only=True),
    "snapStart": Property(
        kind="object", fields={"applyOn": Property(required=True, choices=("None", "PublishedVersions"))}
    ),
    "timeout": Property(kind="integer", default=3, minimum=1, maximum=900),
    "tracingConfig": Property(
        kind="object",
        computed=True,
        fields={"mode": Property(required=True, choices=("Active", "PassThrough"))},
    ),
}

UNSUPPORTED = frozenset(
    {
        *("capacityProviderConfig", "code", "codeSigningConfigArn", "durableConfig", "fileSystemConfig"),
        *("handler", "layers", "publishTo", "replaceSecurityGroupsOnDestroy", "replacementSecurityGroupIds"),
        *("runtime", "s3Bucket", "s3Key", "s3ObjectVersion", "sourceKmsKeyArn"),
        *("tenancyConfig", "useResourceTimeoutForPropagation", "vpcConfig"),
    }
)
