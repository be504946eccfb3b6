"""What both ends of a remote build share: the machine that starts it, and the machine that runs it.

Decides two formats. ``plan`` is the file that travels with the sources: one job, without any secret. ``log_lines``
are the marked lines among the plain lines of a build's log: progress, and the end with its cause.

Leaves sending and following to ``adapters.codebuild``, and carrying out the plan to ``remote``.
"""
