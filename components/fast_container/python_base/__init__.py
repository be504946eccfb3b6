"""What ``BaseImage(install=…)`` reads and writes: Python packages, their requirements, and the Dockerfile for them.

Decides which distributions an installation gets, from which index each, and how the image is built. In reading order:
``spec`` (what a base image is to hold, as its arguments say it), ``package_set`` (the packages that are installed
together), ``dependencies`` (what they need from outside), ``dockerfile`` (what is written), ``generated_files`` (what
the Dockerfile reads beside the packages, with ``bytecode_program`` for its last step); ``toml_table`` reads values of
a TOML file by type. Below them, a room for each subject: ``packages``, ``locks``, ``indexes`` and ``requirements``.

It reads files, writes the generated ones where it is told, and asks no index. Leaves the component to ``base_image``,
and printing the Dockerfile to ``cli.show_dockerfile``.
"""
