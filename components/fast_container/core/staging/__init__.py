"""What BuildKit gets instead of the working tree: exactly the selected entries, as they were hashed.

``stage`` writes a private copy, ``archive`` packs it, ``chunks`` cuts it into what is uploaded once; ``checked_entry``
reads a file again and refuses one that has changed since it was hashed.
"""
