"""A build context: which entries the stages of an image can read, and the digest of exactly these.

``select`` is the door: one context of one image. ``copy_source``, ``wildcard`` and ``follow_links`` say what a COPY,
ADD or bind mount takes; ``selection`` puts it together. Below them lies what is on disk: ``tree`` (looked at once),
``view`` (as ignore rules leave it), ``subtree``, ``node``, and what is known of files without reading them again
(``known_files``, ``directory_files``, ``stat_facts``, ``read_files``, ``small_files``).
"""
