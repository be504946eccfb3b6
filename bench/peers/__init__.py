"""Other tools that build and push images, and ours, on one tree: what each costs, and what each really deploys.

Decides nothing itself; its door is ``report.peers``. The modules in reading order:

- ``peer``: a tool that is compared: how it is found, its setting, its limits; ``job``: what it is to build.
- ``place``: the registry, BuildKit and logins that all sides share; ``operation``: what one run of a side cost.
- ``sides``: which tools there are. ``engine_sides`` run the Pulumi engine (floor, ours, docker-build, tuned);
  ``bake``, ``skaffold`` and ``cdk`` are command lines. ``tool_cache``: where skaffold and CDK come from.
- ``monorepo``: the tree that is measured, and its edits; ``scenarios``: interleaved rounds of edits and clones.
- ``cases``: edits that are hard to notice; ``correctness``: each one on each side; ``deployed``: the files of the image
  that a side would deploy; ``verdict``: right, stale, refused, needless.
- ``speed_tables`` and ``case_table``: the tables; ``machine``: what they were made on.
"""
