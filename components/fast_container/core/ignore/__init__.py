"""Ignore files, exactly as moby reads and applies them.

Decides whether a path is ignored. ``rules`` is the way in: the patterns of a file in their order, of which the last
that matches counts. ``pattern`` is one of them, ``go_regexp`` reads the regular expression of Go that it
becomes, ``go_expression`` searches with it, ``prefilter`` is the quick test that settles most paths.

Leaves which ignore file belongs to which context to ``core.build_files``, and walking the files to ``core.context``.
"""
