"""Ignore files, exactly as moby reads and applies them.

``rules`` is the door: the patterns of a file in their order. ``pattern`` is one of them, ``go_regexp`` the regular
expressions of Go that it becomes, ``prefilter`` the quick look that most paths never get past.
"""
