"""Fixes of findings: the change that mends one, where that is mechanical; pure.

Decides the new text of a Dockerfile or of an ignore file, and leaves a finding to people where the change might mean
more than it says. ``fix`` is the door: the order of fixes, and that the result is ``sound``. One family a module:
``order`` (with ``copied_paths`` and ``declaring_files``), ``cache``, ``bytecode``, ``user``, ``ignore_entries``,
``ignore_proposal``.
``source_text`` applies edits and leaves every other byte alone, ``words`` puts words in and takes them out,
``steps_at`` says what is known of a step.

Leaves asking, writing and the diff to ``cli``.
"""
