"""From a decision to a tagged and recorded image, over the protocols of ``core.ports``; asyncio, and no Pulumi.

Decides the order, which is what makes publishing atomic: ``pipeline`` looks, copies or builds, reads back, verifies,
tags, records. What is around it satisfies the same interface: ``lookup`` gathers the lookups of a repository into one
call, ``scheduler`` runs many images (identical builds once, base images first, a limit at a time), ``copying`` takes an
image from another repository of the program instead of building it, ``promotion`` copies one to another account. Steps
of the pipeline: ``base_check`` looks at a base of another stack before anything is built on it, ``checker`` is all that
is checked before the tag: ``verify`` reads the pushed image back, ``look_inside`` looks into its layers,
``check_contents`` applies the checks of the program (``image_contents`` reads all files, ``shared_listings`` each layer
once), ``scan_gate`` asks for the registry's own scan, ``refused`` finds an image that did not pass them before, ``ran``
compares the steps of the build with what was read of the Dockerfile, ``phase_watch`` measures each phase.
``index_publishing`` makes one index of the images for several platforms. ``lint_lines`` shows the findings about a
Dockerfile, ``lint_inputs`` is what its rules get. ``spare_names`` warns of arguments and secrets that no image uses.

Leaves building to executors and the rules for an image to ``checks``.
"""
