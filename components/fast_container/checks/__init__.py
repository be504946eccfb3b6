"""Rules about images; pure: what a pushed image has to satisfy before its tag is put, and what Dockerfiles cost.

Decides whether an image is fit for the place it is to run on. ``manifest_rules`` is the way in: it knows which rules
about manifest and configuration belong to which ``runs_on``. ``pushed_image`` is an image as its registry describes it,
``lambda_image`` has the rules of AWS Lambda, ``programs`` finds executables for another processor. ``finding`` is the
form of a rule's result, ``findings_table`` prints it. ``dockerfile`` is a room of its own: the rules before anything is
built. ``image`` is another one: the rules about the files of a pushed image.

Leaves fetching manifest, configuration and layers to ``build.verify`` and ``build.look_inside``, and parsing them to
``core.oci``.
"""
