"""Locks: the exact distributions that some packages need, chosen by extra, group, marker and conflict.

Decides what of a ``uv.lock`` is installed. In reading order: ``uv_lock`` (what is in the file), ``uv_lock_walk``
(what is needed of it), ``selected_declarations`` (which extras and groups are selected), ``stale_lock`` (whether it
is older than the packages).

Leaves markers to ``python_base.requirements``, and other tools' locks to the error that names their export command.
"""
