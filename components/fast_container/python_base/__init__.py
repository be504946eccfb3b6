"""What ``BaseImage(install=…)`` reads and writes: Python packages, their requirements, and the Dockerfile for them.

``spec`` is what a base image is to hold, ``package_set`` the packages that are installed together, ``dependencies``
what they need from outside, ``dockerfile`` (with ``bytecode_program``) what is written. Below them: ``packages``,
``locks``, ``indexes`` and ``requirements``. Pure, as core is.
"""
