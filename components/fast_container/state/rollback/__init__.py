"""An image that its program holds at an earlier key: ``pin="key-…"``.

Decides that such an image is never built, that what is under its key is verified before anything is deployed, and what
a user is told about it: ``pinned`` has the checks and the lines, ``pinned_job`` is what publishing gets for a build.
Leaves the form of a pin to ``core.key``, and verifying to ``build.verify``.
"""
