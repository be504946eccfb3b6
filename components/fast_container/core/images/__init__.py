"""External images: what a Dockerfile starts from that is not ours.

``pins`` says which have to be known, ``lock`` reads and writes ``images.lock``, ``index`` chooses the image
of a platform.
"""
