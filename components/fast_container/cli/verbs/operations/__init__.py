"""The verbs that look at what is deployed, and clean up after it.

Decides what each prints and its exit codes: ``status``, ``doctor``, ``gc``. Leaves names and defaults of arguments to
``cli.arguments``, and what they share to ``cli``.
"""
