"""What ``BaseImage(install=…)`` reads and writes: Python packages, their requirements, and the Dockerfile for them.

Decides which distributions an installation gets, from which index each, and how the image is built. In reading order:
``spec`` (the arguments that describe a base image), ``package_set`` (the packages that are installed together),
``dependencies`` (their external requirements), ``dockerfile`` (the Dockerfile for them), ``generated_files`` (the files
that the Dockerfile reads beside the packages, with ``bytecode_program`` for its last step); ``toml_table`` reads values
of a TOML file by type. Below them, a room for each subject: ``packages``, ``locks``, ``indexes`` and ``requirements``.

Reads files, writes the generated ones into a given folder, and asks no index. Leaves the component to ``base_image``,
and printing the Dockerfile to ``cli.verbs.show_dockerfile``.
"""
