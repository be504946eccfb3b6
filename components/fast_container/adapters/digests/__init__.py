"""Digests of many files: quick, and never of another content than the file has.

Decides when an earlier digest is believed. ``walks`` is the way in: it gives a program one look at each of its roots.
``stat_cache`` remembers digests between runs, ``mount_table`` says of which file systems that may be believed,
``write_back`` makes the next store to a file show in its times.

Leaves reading files, and which of them count, to ``core.context``, and where the cache folder is to
``core.cache_folder``.
"""
