"""Requirements of Python distributions, as pip reads them: names, versions, markers, files, and conflicts.

Decides what a requirement says, and which requirements cannot hold together; an index is never asked. In reading
order: ``requirement`` (one of them), ``versions``, ``marker``, ``requirements_file`` (files of requirements and
constraints), ``merge`` (requirements of several places), ``conflicts`` (the message when they contradict each other).

Leaves who declares them to ``python_base.packages``, and exact versions to ``python_base.locks``.
"""
