"""How an image starts, measured in the image itself; pure but for the scripts of ``startup.probe``.

Decides what is measured and how it is told. In reading order: ``subject`` says what is started and when it counts as
started, ``steps`` writes the throw-away build whose steps are the runs, ``runs`` reads what they wrote down,
``import_times`` and ``files_read`` read its parts, ``summary`` makes medians and ranges of it, ``table`` prints them.

Leaves running the build to ``adapters.buildx.throw_away``, and finding the image to the command line.
"""
