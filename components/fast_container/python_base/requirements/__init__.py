"""Requirements of Python distributions, as pip reads them: names, versions, markers, files, and conflicts.

Decides how a requirement is read, and which requirements cannot hold together; no index is ever asked. In reading
order: ``requirement`` (one of them), ``versions``, ``marker``, ``requirements_file`` (files of requirements and
constraints), ``merge`` (requirements of several places), ``conflicts`` (the message when they contradict each other).

Leaves the declarations to ``python_base.packages``, and exact versions to ``python_base.locks``.
"""
