"""The layers of an image, read from their bytes: which files they hold, and what an image made of them shows.

Decides how a layer is read: once, in order, headers only; nothing is ever written to a disk. Every way of reading a
layer goes through here, so all of them have the same limits. In reading order: ``limits`` (how much of a hostile layer
is read), ``decompression`` (gzip; others are given), ``byte_stream`` (reading and skipping), ``tar_header`` (one
header), ``tar_entries`` (the entries of an archive), ``entry`` (what is kept of one), ``kept`` (of which files a part
of the content is kept), ``package_lists`` (those that say what is installed), ``secret_signs`` (tokens and keys in a
small file), ``elf`` (the processor of a program), ``file_kinds`` (what a file is by its path), ``listing`` (a layer's
entries), ``listing_form`` (their form in a cache), ``merged`` (the files that the image shows, and those that it ships
unseen), ``contents`` (an image with all of that), ``efficiency`` (bytes that ship unseen), ``programs`` (executables in
a layer, by its first part).

Leaves fetching layers and caches to ``adapters.layers``, and what an image may hold to ``checks``.
"""
