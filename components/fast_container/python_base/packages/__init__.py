"""Local Python packages: the declarations of their projects, their versions, and the files of their wheels.

Decides which files and declarations of a package count for a base image. In reading order: ``local_package`` (the
declarations in its ``pyproject.toml``), ``project_settings`` (the settings of its project's tools), ``wheel_source``
(the files that a build of its wheel can see) with ``source_links`` (links among them), ``build_backends``,
``package_version`` (versions that a build takes from git), ``local_names`` (packages below the root that were not
given), ``package_order`` (which is built first), ``parent_python`` (the Python of the parent image).

Leaves putting packages together to ``python_base.package_set``, and requirements to ``python_base.requirements``.
"""
