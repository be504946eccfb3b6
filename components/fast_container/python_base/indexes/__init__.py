"""Where a distribution comes from: the indexes and sources that projects declare, and one installation for each.

Decides that a name is asked of the place that the project's own tools would ask, or refused; never of PyPI instead.
In reading order: ``package_indexes`` (the indexes of uv, Poetry, PDM and Rye), ``package_source`` (where single
distributions come from), ``index_choice`` (several projects, taken together), ``install_steps`` (which step gets
which distributions from which index).

Leaves reading a project's files to ``python_base.packages``, and what a lock chose to ``python_base.locks``.
"""
