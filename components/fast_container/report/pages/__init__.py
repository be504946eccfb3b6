"""Self-contained HTML pages: no network, light and dark, readable on a phone, usable by keyboard and screen reader.

Decides how a page is made safe: all strings of others are made printable and then escaped, and the page's own policy
lets no script run but the one that is written here. In reading order: ``environment`` (templates, and the extra that
they need), ``file_tree`` (the files of an image as a tree), ``treemap`` (a tree as boxes), ``image_page`` (what is in
an image), ``timeline`` (one run as bars), ``trends`` (many runs as lines), ``builds_page`` (what runs built). The
templates are beside them.

Leaves what is shown to ``breakdown`` and to the modules of ``report``.
"""
