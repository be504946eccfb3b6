"""Whether this machine and this account can do what fast-container needs, and how to mend what cannot.

Decides what is looked at, what is wrong and what is only worth knowing, and the fix of each. Reading order: ``answers``
(an answer, and examinations side by side, each with a limit of time), ``tools`` (Pulumi, its SDK, buildx, BuildKit,
emulation, the cache), ``account`` (credentials, permissions, quotas, settings of ECR), ``docker_hub`` (what anonymous
pulls have left). Leaves which of them are asked, and the exit code, to ``cli.verbs.operations``.
"""
