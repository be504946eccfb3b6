"""Scripts that run inside the image that is measured, on any Python from 3.9; the library never imports them.

Decides how one start is observed. ``start_once`` is the program of each step: it starts the image's own command, with
the Runtime API of AWS Lambda where that is wanted, and writes down how it went. ``open_files_hook`` notes the files
that a Python opens. ``bundle_python`` makes a Python that runs in an image that has none.

Leaves when each of them runs to ``startup.steps``.
"""
