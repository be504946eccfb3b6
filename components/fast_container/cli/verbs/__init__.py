"""One module a verb of the command line; its function returns the exit code.

Decides what a verb does and prints: ``inspect``, ``ignored``, ``explain``, ``show_dockerfile``, ``lint`` (with
``lint_fix``), ``init_ignore``, ``check_image``, ``image``, ``coldstart``, ``lock``, ``plan`` and ``warm``, ``wait`` and
``cancel``, ``completion``, ``policy``, ``report``, ``history`` and ``cost``, ``certify``. What deploys what is built is
a room of its own, ``deployment``, and so are those that look at what is deployed, ``operations``. Leaves names and
defaults of arguments to ``cli.arguments``, and what verbs share to ``cli``.
"""
