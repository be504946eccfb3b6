"""Rules about Dockerfiles, before anything is built; pure.

Decides what in a Dockerfile makes images large, builds slow or a service unsafe, from the stages that a target needs
and the files that they read. What is not understood gives no finding. ``lint`` is the door, ``checks.finding`` is what
comes out, ``catalogue`` has the rules' titles and severities; ``waivers`` (with ``settings``) are findings that someone
accepts, ``buildkit_check`` and ``hadolint`` have those of others. ``steps`` is a room of its own: the model;
``fixes`` is another one: the changes that mend findings.
``subject`` is one image for the rules, ``requirement_lines`` and ``lock_sizes`` are files of dependencies,
``step_seconds`` has times of earlier builds. The rules, a family a module: ``order_rules``, ``fleet_rules``,
``cache_rules``, ``final_stage_rules``, ``gpu_rules``, ``context_rules``, ``base_rules``, ``bytecode_rules``,
``strip_rules``, ``runtime_rules``, ``permission_rules``, ``system_package_rules``.

Leaves reading files, other linters and printing to ``cli``.
"""
