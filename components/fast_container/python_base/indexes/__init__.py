"""The indexes and other sources of distributions that projects declare, and one installation from them.

Decides that a distribution comes from where the project's own tools would get it, or is refused; never from PyPI
instead. In reading order: ``package_indexes`` (the indexes of uv, Poetry, PDM and Rye), ``package_source`` (the sources
of single distributions), ``index_choice`` (several projects, taken together), ``install_steps`` (which step gets which
distributions from which index).

Leaves reading a project's files to ``python_base.packages``, and the choices of a lock to ``python_base.locks``.
"""
