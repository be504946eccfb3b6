"""What both ends of a remote build share: the machine that starts it, and the machine that runs it.

Decides two formats and a rule. ``plan`` is the file that travels with the sources: the jobs, without any secret.
``log_lines`` are the marked lines among the plain lines of a build's log: progress, and the end with its cause.
``grouping`` is which images share one build.

Leaves sending and following to ``adapters.codebuild``, and carrying out the plan to ``remote``.
"""
