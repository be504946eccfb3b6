"""Locks: the exact distributions that some packages need, chosen by extra, group, marker and conflict.

Decides which distributions of a ``uv.lock`` are installed. In reading order: ``uv_lock`` (the file), ``uv_lock_walk``
(the distributions of it that are needed), ``selected_declarations`` (which extras and groups are selected),
``stale_lock`` (whether it is older than the packages).

Leaves markers to ``python_base.requirements``, and other tools' locks to the error that names their export command.
"""
