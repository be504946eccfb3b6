"""The component ``CodeBuildBuilder``: its arguments, the resources that it makes, and the permissions of its role.

Decides the parts of a builder in AWS. In reading order: ``builder`` (the component: arguments and outputs),
``arguments`` (the values of each), ``build_limits`` (time, and builds at once), ``architectures``, ``limits`` (values
that AWS would refuse halfway through an update) and ``combinations`` (arguments that exclude each other),
``installation`` (bucket, log group, role and projects, made here or by another stack), ``resources`` (the settings of
each), ``policies`` (the documents of the role and of the deployer), ``grants`` (the additions of each image),
``executors`` (the executor of one project).

Leaves running builds to ``adapters.codebuild``, and the code inside of one to ``remote``.
"""
