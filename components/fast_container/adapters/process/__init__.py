"""Child processes and temporary folders, of which nothing is left.

Decides how a child ends: with its parent, whatever ends that. ``child`` runs a command and gives its output;
``process_guard`` is the small program between the two that notices a dead parent; ``private_directory`` makes folders
that only their owner may read, and clears away what a crash has left.

Leaves what is run, and what its exit code means, to the callers.
"""
