"""What BuildKit gets instead of the working tree: exactly the selected entries, as they were hashed.

Decides that no byte travels that was not hashed. ``stage`` writes a private copy with one date for all files,
``archive`` packs it, ``chunks`` cuts it into what is uploaded once; ``checked_entry`` reads a file again and
refuses one that has changed since it was hashed.

Leaves selecting to ``core.context``, uploading to ``adapters.codebuild``, and calling buildx to ``adapters.buildx``.
"""
