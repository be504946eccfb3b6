"""Images for several platforms: one image for each, and an index of them.

Decides which images ``platforms=`` makes and what each is given (``arguments``), and that an index is recorded as an
image is, with a key made of theirs, after they are in the registry (``index_record``). Leaves the images to ``image``,
which decides, builds, reuses and checks each by itself, and putting an index together to ``build.index_publishing``.
"""
