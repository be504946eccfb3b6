"""Verbs about what is deployed, and from what: nothing here builds.

Decides what each does and prints: ``accept`` takes the image that replaced a recorded one, ``pin`` lists the keys that
an image can be held at, ``promote`` copies images to another account or region,
``migrate`` writes a program with images of other components anew. Leaves their arguments to
``cli.arguments``, and registries to ``adapters.registry``.
"""
