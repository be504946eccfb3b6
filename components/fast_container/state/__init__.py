"""What the Pulumi engine sees of an image: its record, the hook that builds it, and what a program's images share.

Decides what preview, ``up``, refresh and destroy do. The story of one image, in reading order: ``inputs`` (awaits its
Inputs), ``bases`` and ``pins`` (the images it starts from), ``preparation`` (its whole way, in order; what comes of it
is a ``prepared_image``), ``image_build`` (the record and its provider; names and fields are a contract with existing
states), ``hook`` (decides and builds before a record changes), ``explanation`` (why, in one line), ``jobs`` and
``secret_values`` (what a build is given).

What images share: ``program``, ``executors``, ``access`` with ``aws_configuration`` (how AWS is reached),
``afterwards`` (resources that make an image's files). ``rollback`` is for images that are held at an earlier key. What
a user is told: ``refusals``, ``git_line`` (files that git ignores), ``interrupt_line`` (after Ctrl-C), ``run_records``
(what an update did), ``engine_log``, ``engine_watch`` and ``provider_errors`` (in the provider's own process).
``sdk_patches`` holds every act on Pulumi's SDK.

Leaves the pipeline to ``build``, arguments to ``image_options``, and the key to ``core``.
"""
