"""Child processes and temporary folders that leave nothing after them.

Decides how a child ends: with its parent, whatever ends that. ``child`` runs a command and gives its output;
``process_guard`` is the small program between the two that notices a dead parent; ``shared_guard`` starts many
commands under one, ``shared_guard_program``; ``private_directory`` makes folders that only their owner may read, and
removes those that a crash left.

Leaves the command, and the meaning of its exit code, to the callers.
"""
