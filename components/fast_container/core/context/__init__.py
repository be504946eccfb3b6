"""A build context: which entries the stages of an image can read, and the digest of exactly these.

Decides which files count, as BuildKit would send and copy them. ``select`` is the way in: one context of one image.
``copy_source``, ``wildcard`` and ``follow_links`` say what a COPY, ADD or bind mount takes; ``selection`` puts it
together. Below them lies what is on disk: ``tree`` (each file looked at once for a whole program), ``view`` (a tree
as ignore rules leave it), ``subtree``, ``node``, and what is known of files without reading them again
(``known_files``, ``directory_files``, ``stat_facts``, ``read_files``, ``small_files``, ``file_systems``).
``git_ignored`` says which of the files that count other checkouts may not have.

Leaves what a stage names to ``core.dockerfile``, ignore rules to ``core.ignore``, and remembering digests between
runs to ``adapters.digests``.
"""
