"""Ignore files, exactly as moby reads and applies them.

Decides whether a path is ignored. ``rules`` is the door: the patterns of a file in their order, of which the last
that matches counts. ``pattern`` is one of them, ``go_regexp`` the regular expression of Go that it becomes,
``prefilter`` the quick look that most paths never get past.

Leaves which ignore file belongs to which context to ``core.build_files``, and walking the files to ``core.context``.
"""
