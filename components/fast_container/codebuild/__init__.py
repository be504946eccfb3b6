"""The component ``CodeBuildBuilder``: its arguments, the resources that it makes, and the permissions of its role.

Decides what a builder is in AWS. In reading order: ``builder`` (the component: arguments and outputs), ``arguments``
(what each may be), ``build_limits`` (time, and builds at once), ``architectures``, ``limits`` (what AWS would refuse
halfway through an update) and ``combinations`` (arguments that do not go together), ``installation`` (bucket, log
group, role and projects, made here or by another stack), ``resources`` (the settings of each), ``policies`` (the
documents of the role and of the deployer), ``grants`` (what each image adds to them), ``executors`` (who runs the
builds of one project).

Leaves running builds to ``adapters.codebuild``, and what runs in one to ``remote``.
"""
