"""External images: the digests that names of images of others stand for.

Decides what an image policy (``as-written``, ``locked``, ``resolve``) makes of a name. ``pins`` says which names have
to be known and what follows from knowing them, ``lock`` reads and writes ``images.lock``, ``index`` chooses the image
of a platform.

Leaves looking names up to ``adapters.registry.image_resolver``, and telling BuildKit which digest to take to
``core.oci.source_policy``.
"""
